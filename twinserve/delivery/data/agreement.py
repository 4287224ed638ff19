"""What git, DVC's files and ``dvc.lock`` say of the same source must be the same."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.yaml_file import read_yaml
from twinserve.delivery.data.sources import Source
from twinserve.targets.git import Checkout

_DIGITS = 8
# A file for each table that was looked at under its digest: gigabytes are read once.
_CHECKED = Path(".cache/tables-checked")


def check_one_place(sources: Sequence[Source]) -> None:
    """Refuse a source that git keeps too: DVC will not, and each has its own idea of it.

    Raises:
        UserError: the first that both keep, with the command that leaves it to DVC.
    """
    if not sources or not Path(".git").exists():
        return
    paths = [source.path.as_posix() for source in sources]
    tracked = Checkout(Path.cwd()).ask("ls-files", "-z", "--", *paths).split("\0")
    for source in sources:
        if any(name and source.covers(Path(name)) for name in tracked):
            raise UserError(
                f"{source.path}: both in git and under DVC ({source.file}): leave it to DVC by "
                f"`git rm -r --cached {source.path}`, and commit that"
            )


def check_current(sources: Sequence[Source]) -> None:
    """Refuse a table that is one of the past, as it stays in the tree after a ``git pull``.

    DVC would take it for a change, and write its digest into the ``.dvc`` file: the newer table of
    a colleague would be undone. Whoever wants it back says so by ``dvc add``. A folder is not
    looked into.

    Raises:
        UserError: the first that an earlier version of its ``.dvc`` file names.
    """
    files = [source for source in sources if source.digest and source.path.is_file()]
    if not files or not Path(".git").exists():
        return
    for source in files:
        stamp = _CHECKED / f"{source.digest}-{source.path.as_posix().replace('/', '+')}"
        # When a file came here, which nobody can set; a file system's clock may be behind.
        came_ns = source.path.stat().st_ctime_ns + 10**9
        if stamp.exists() and stamp.stat().st_mtime_ns > came_ns:
            continue
        earlier = _earlier(source)
        if not earlier:
            continue
        with source.path.open("rb") as content:
            digest = hashlib.file_digest(content, "md5").hexdigest()
        if digest in earlier:
            raise UserError(
                f"{source.path}: is the table of before ({digest[:_DIGITS]}…); {source.file} names "
                f"{str(source.digest)[:_DIGITS]}…: take that one by `dvc pull {source.file}`, or "
                f"go back to this one by `dvc add {source.path}`"
            )
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()


def _earlier(source: Source) -> set[str]:
    """Other digests that the ``.dvc`` file has named in git's history."""
    words = ("log", "--format=", "--unified=0", "--patch", "--", source.file.as_posix())
    done = Checkout(Path.cwd()).run(*words)
    # A repository without a commit has no history.
    named = re.findall(r"^[-+][\s-]*md5: ([0-9a-f]{32})$", done.out, re.MULTILINE)
    return set(named) - {str(source.digest)}


def check_lock(sources: Sequence[Source], lock: Path) -> None:
    """Hold each ``.dvc`` file to what the stages have read, by ``dvc.lock``.

    Raises:
        UserError: the first that names another digest than a stage.
    """
    read = _read_by_stages(lock)
    for source in sources:
        for stage, digest in read.get(source.path.as_posix(), {}).items():
            if source.digest is not None and digest != source.digest:
                raise UserError(
                    f"{source.path}: changed without `dvc repro`: {source.file} names "
                    f"{source.digest[:_DIGITS]}…, {lock} {digest[:_DIGITS]}… (stage {stage}): run "
                    f"`make repro`, commit {source.file} and {lock} together, and `dvc push`"
                )


def written(sources: Sequence[Source]) -> dict[Path, bytes]:
    """The ``.dvc`` files as they are, which DVC writes anew where a source has changed."""
    return {source.file: source.file.read_bytes() for source in sources}


def check_written(before: dict[Path, bytes]) -> None:
    """Refuse a source that was another than its ``.dvc`` file said.

    Raises:
        UserError: DVC has written the file anew.
    """
    for file, content in before.items():
        if file.read_bytes() != content:
            raise UserError(
                f"{file.with_suffix('')}: is not what {file} said: it was changed without `dvc "
                f"repro`; commit {file} and dvc.lock as they are now, and `dvc push`"
            )


def _read_by_stages(lock: Path) -> dict[str, dict[str, str]]:
    """What each path was when a stage read it: by path, then by stage."""
    if not lock.exists():
        return {}
    content = read_yaml(lock, "DVC makes it")
    stages = content.get("stages") if isinstance(content, dict) else None
    read: dict[str, dict[str, str]] = {}
    for name, stage in stages.items() if isinstance(stages, dict) else ():
        for dep in (stage.get("deps") or ()) if isinstance(stage, dict) else ():
            if isinstance(dep, dict) and isinstance(dep.get("md5"), str):
                read.setdefault(str(dep.get("path")), {})[name] = dep["md5"]
    return read
