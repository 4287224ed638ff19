"""DVC's run cache: what a stage gave for the same inputs, here or on a colleague's machine.

DVC puts into the tree whatever files an entry names, so each is held to its names first: the one is
a digest of what was run on which inputs, the other of what came of it. Whether the model that comes
of it is known, the stage ``accept`` asks.

As a program: take from the remote what the stage's run cache names for the inputs that are here.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError, run_as_command
from twinserve.config.yaml_file import parse_yaml
from twinserve.delivery.data.cached import cache_directory
from twinserve.delivery.data.diagnosis import in_a_line

# Below the cache's folder: two digits of a key, keys, entries.
RUNS = "runs"
# Written when every entry of before was compared: its time says when.
_COMPARED = Path(".cache/runs-compared")
# A file system's clock may be behind.
_BEHIND_NS = 10**9
# What nobody wants to wait for twice.
STAGE = "train"
# Of an output, and no part of either digest.
_UNHASHED = ("size", "nfiles")


def verify_runs() -> None:
    """Compare every entry that has come since the last time with its names.

    Raises:
        UserError: the first entry that is not what they say.
    """
    entries = sorted((cache_directory() / RUNS).glob("*/*/*"))
    if not entries:
        return
    now = time.time_ns() - _BEHIND_NS
    before = _COMPARED.stat().st_mtime_ns if _COMPARED.exists() else 0
    for path in entries:
        # When a file came here, which nobody can set.
        if path.stat().st_ctime_ns < before:
            continue
        if _names(path) != (path.parent.name, path.name):
            raise UserError(
                f"{path}: an entry of DVC's run cache is not what its name says; it is not taken. "
                "Find out who wrote it, and remove it here and from the remote"
            )
    _COMPARED.parent.mkdir(exist_ok=True)
    _COMPARED.touch()
    os.utime(_COMPARED, ns=(now, now))


def _names(path: Path) -> tuple[str, str] | None:
    """What DVC would call the entry; None where it is none."""
    # Half a second, so only where there is a run cache.
    from dvc.utils import dict_sha256

    with suppress(UserError, OSError, LookupError, TypeError, AttributeError):
        entry: dict[str, Any] = parse_yaml(path.read_bytes(), str(path))
        inputs = entry | {"outs": [out["path"] for out in entry.get("outs", ())]}
        key, value = (dict_sha256(part, exclude=_UNHASHED) for part in (inputs, entry))
        return str(key), str(value)
    return None


def main() -> None:
    """Have the outputs of the stage's entry, if there is an entry, and the remote has them.

    Raises:
        UserError: the remote cannot be read, or holds an entry that is not what its name says.
    """
    from dvc.repo import Repo
    from dvc.stage.cache import RunCacheNotFoundError, RunCacheNotSupported

    with Repo() as repo, repo.lock:
        stage = repo.stage.load_one(name=STAGE)
        if not (stage.changed_stage() or stage.changed_deps()):
            return
        try:
            repo.stage_cache.pull(None)
            verify_runs()
            repo.stage_cache.restore(stage, pull=True)
        except (RunCacheNotSupported, RunCacheNotFoundError):
            # HTTP remotes hold none, and nobody need have run it.
            return
        except UserError:
            raise
        except Exception as error:  # noqa: BLE001 - a remote of any kind raises anything
            raise UserError(f"DVC's run cache cannot be fetched: {in_a_line(error)}") from None
        sys.stderr.write(f"{STAGE}: somebody has run it on these inputs already\n")


if __name__ == "__main__":
    run_as_command(main)
