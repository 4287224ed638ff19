"""What the stages have made elsewhere, by hash: for a fit that nobody wants to wait for twice."""

from collections.abc import Iterator
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.config.yaml_file import read_yaml
from twinserve.delivery.data import dvc as data
from twinserve.delivery.data.cached import verify_cache
from twinserve.delivery.data.remotes import NO_REMOTE, default_remote, verify_remotes

LOCK = Path("dvc.lock")
# The stage that is run each time; what it makes is kept nowhere.
ENGINE = "engine"


def is_taken() -> bool:
    """Whether a push takes the model by hash, and the night fits it again."""
    return load_params().training.reproduce == "nightly"


def take(*, strict: bool) -> None:
    """Have every output that ``dvc.lock`` names: from here, from the cache, else from the remote.

    Args:
        strict: refuse one that cannot be had, which would otherwise be made.

    Raises:
        UserError: it is refused, or the remote cannot be read.
    """
    if not any(_missing()):
        return
    verify_cache(LOCK)
    data.dvc("checkout", "--quiet", "--allow-missing", data.PIPELINE)
    if any(_missing()) and default_remote() is not None:
        verify_remotes()
        data.pull()
    if strict and (missing := list(_missing())):
        more = f" (and {len(missing) - 1} more)" if missing[1:] else ""
        where = NO_REMOTE if default_remote() is None else "neither here nor in DVC's remote"
        raise UserError(
            f"{missing[0]}: {where}, and training.reproduce is nightly: run `dvc push` on the "
            f"machine that has made it{more}"
        )


def _missing() -> Iterator[str]:
    """Paths of outputs that are not in the tree."""
    if not LOCK.exists():
        return
    content = read_yaml(LOCK, "DVC makes it")
    stages = content.get("stages") if isinstance(content, dict) else None
    for name, stage in stages.items() if isinstance(stages, dict) else ():
        for out in (stage.get("outs") or ()) if name != ENGINE else ():
            if not Path(out["path"]).exists():
                yield str(out["path"])
