"""A table that is too large for git goes under DVC: into no commit, no upload, no image."""

from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.delivery.data import dvc as data
from twinserve.delivery.data.remotes import default_remote
from twinserve.targets.git import Checkout

_MB = 1_000_000
# What is uploaded to Cloud Build, and what a container engine reads: neither takes this folder.
_LEFT_OUT = Path("data")
_IGNORE_FILES = (Path(".gcloudignore"), Path(".dockerignore"))


def is_for_dvc(given: Path, path: Path, limit_mb: float) -> bool:
    """Whether the table is above the limit, or DVC keeps it already.

    Raises:
        UserError: it is, and git keeps it at that path.
    """
    if given.stat().st_size <= limit_mb * _MB and not _file(path).exists():
        return False
    tracked = Path(".git").exists() and Checkout(Path.cwd()).ask("ls-files", "--", str(path))
    if tracked:
        raise UserError(
            f"{path}: above storage.git_limit_mb in params.yaml ({limit_mb:g} MB), so for DVC, but "
            f"git keeps it: leave it to DVC by `git rm --cached {path}`, then run this again"
        )
    return True


def keep_under_dvc(path: Path, limit_mb: float) -> list[str]:
    """Put it under ``dvc add``; what was done, and what follows of it.

    Raises:
        UserError: DVC refuses.
    """
    data.prepare()
    if data.dvc("add", "--quiet", str(path)).returncode:
        raise UserError(f"{path}: dvc add failed; DVC's own line above says why")
    changed = [str(_file(path)), str(path.parent / ".gitignore"), *_leave_out(path)]
    name = "" if default_remote() else "`dvc remote add --default NAME URL`, then "
    size = path.stat().st_size / _MB
    return [
        f"{path}: {size:.3g} MB, storage.git_limit_mb is {limit_mb:g}: kept by DVC, not by git",
        f"for everybody else: {name}`dvc push`, and commit {', '.join(changed)} (docs/data.md)",
    ]


def _leave_out(path: Path) -> list[str]:
    """Name the table in the ignore files, where their own patterns do not; the files changed."""
    if path.is_relative_to(_LEFT_OUT):
        return []
    line = f"/{path.as_posix()}"
    changed = []
    for file in _IGNORE_FILES:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        if line not in text.splitlines():
            file.write_text(f"{text.rstrip()}\n{line}\n".lstrip("\n"), encoding="utf-8")
            changed.append(str(file))
    return changed


def _file(path: Path) -> Path:
    return path.with_name(f"{path.name}.dvc")
