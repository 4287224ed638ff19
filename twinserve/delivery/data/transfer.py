"""Bring sources into the tree, by DVC's own interface, in a process of its own: see ``fetch``.

Its words are ``.dvc`` files. Progress goes to stderr, failures as JSON to stdout.
"""

import json
import logging
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twinserve.config.errors import UserError, run_as_command
from twinserve.delivery.data.failure import Failure, Reason

# Copied from cache to tree, an object takes its size twice.
_COPY = "copy"
_STEP = 1000


class Heard(logging.Handler):
    """The last thing that went wrong, of which DVC only tells its log; and nothing is printed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception's words rather than DVC's."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self.told = in_a_line(error)


def main() -> None:
    """Fetch what the stages read of these, and put it into the tree.

    Raises:
        UserError: another command of DVC is under way.
    """
    from dvc.repo import Repo

    heard = Heard()
    logging.getLogger().addHandler(heard)
    with Repo() as repo:
        failures = _bring(repo, [Path(name).absolute() for name in sys.argv[1:]], heard)
    json.dump([asdict(failure) for failure in failures], sys.stdout)


def _bring(repo: Any, files: Sequence[Path], heard: Heard) -> list[Failure]:  # noqa: ANN401 - DVC
    from dvc.exceptions import DvcException

    try:
        stages = _read_by_stages(repo, files)
    except DvcException:
        # What is wrong with a stage, `dvc repro` says better, which comes next.
        return []
    lacking = [stage for stage in stages if _lacks(stage)]
    room = _room_for(repo, stages, lacking)
    if lacking and not room:
        _fetch(repo, lacking, heard)
    whole = [stage for stage in stages if not _lacks(stage)]
    if room is None and whole:
        repo.checkout(targets=[stage.path for stage in whole])
    if room is not None:
        return [room]
    return [_explain(repo, stage, heard.told) for stage in stages if stage not in whole]


def _read_by_stages(repo: Any, files: Sequence[Path]) -> list[Any]:  # noqa: ANN401 - DVC
    """The sources that a stage of the pipeline reads, or reads a part of, or one that holds it."""
    index = repo.index
    read = [dep for stage in index.stages if not stage.is_data_source for dep in stage.deps]
    wanted = {str(path) for path in files}

    def is_read(out: Any) -> bool:  # noqa: ANN401 - DVC
        return any(
            dep.fs_path == out.fs_path
            or out.fs.isin(dep.fs_path, out.fs_path)
            or out.fs.isin(out.fs_path, dep.fs_path)
            for dep in read
            if dep.protocol == out.protocol
        )

    return [
        stage for stage in index.stages if stage.path in wanted and any(map(is_read, stage.outs))
    ]


def _lacks(stage: Any) -> bool:  # noqa: ANN401 - DVC
    """Whether the cache has not all of it."""
    return any(out.changed_cache() for out in stage.outs if out.use_cache)


def _fetch(repo: Any, stages: Sequence[Any], heard: Heard) -> None:  # noqa: ANN401 - DVC
    from dvc.lock import LockError

    size = sum(out.meta.size or 0 for stage in stages for out in stage.outs)
    names = ", ".join(str(out) for stage in stages for out in stage.outs)
    sys.stderr.write(f"fetching {names} ({in_bytes(size)})\n")
    sys.stderr.flush()
    try:
        repo.fetch(targets=[stage.path for stage in stages])
    except LockError as error:
        raise UserError(f"another command of DVC is under way here: {in_a_line(error)}") from None
    except Exception as error:  # noqa: BLE001 - a remote of any kind raises anything
        heard.told = heard.told or in_a_line(error)


def _room_for(repo: Any, stages: Sequence[Any], lacking: Sequence[Any]) -> Failure | None:  # noqa: ANN401 - DVC
    """What the disk has too little room for: the cache's objects and, where copied, the tree's."""
    cache = repo.cache.local
    cache.fs.makedirs(cache.path, exist_ok=True)
    needs: dict[int, int] = {}
    places = [(Path(cache.path), lacking)]
    if _links(repo) == _COPY:
        places.append((Path(repo.root_dir), stages))
    for place, some in places:
        device = place.stat().st_dev
        needs[device] = needs.get(device, 0) + sum(
            out.meta.size or 0 for stage in some for out in stage.outs
        )
    for place, some in places:
        need, free = needs[place.stat().st_dev], shutil.disk_usage(place).free
        if some and need > free:
            told = f"{in_bytes(need)} are needed on the disk of {place}, {in_bytes(free)} are free"
            return Failure(_file(some[0]), str(some[0].outs[0]), Reason.NO_ROOM, "", told)
    return None


def _links(repo: Any) -> str:  # noqa: ANN401 - DVC
    """How the cache's objects get into the tree."""
    from dvc_objects.fs.generic import test_links

    cache = repo.cache.local
    possible = test_links(cache.cache_types, cache.fs, cache.path, repo.fs, repo.root_dir)
    return str(possible[0]) if possible else _COPY


def _explain(repo: Any, stage: Any, told: str) -> Failure:  # noqa: ANN401 - DVC
    """Why a source is not here, by asking its remote again for the object that is lacking."""
    from dvc.config import NoRemoteError

    out = next(out for out in stage.outs if out.use_cache and out.changed_cache())
    name = str(out)
    if stage.is_repo_import or (stage.is_import and told):
        origin = without_login(str(stage.deps[0]))
        return Failure(_file(stage), name, Reason.UNREACHABLE, origin, told)
    try:
        remote = repo.cloud.get_remote(out.remote)
    except NoRemoteError:
        return Failure(_file(stage), name, Reason.NO_REMOTE, "", "")
    except Exception as error:  # noqa: BLE001 - a plug-in that is not there, say
        return Failure(
            _file(stage), name, Reason.UNREACHABLE, str(out.remote or ""), in_a_line(error)
        )
    label = f"{remote.name} ({without_login(_url(repo, remote.name))})"
    return _ask(Failure(_file(stage), name, Reason.UNREACHABLE, label, told), remote.odb, out)


def _ask(failure: Failure, odb: Any, out: Any) -> Failure:  # noqa: ANN401 - DVC
    """The failure, once the remote was asked for the object itself."""
    if odb.fs.protocol == "local" and not Path(odb.path).exists():
        return replace(failure, told=f"there is no folder {odb.path}")
    try:
        lacking = _first_lacking(out)
        there = odb.exists(lacking)
    except Exception as error:  # noqa: BLE001 - a remote of any kind raises anything
        return replace(failure, told=in_a_line(error))
    if not there:
        return replace(failure, reason=Reason.ABSENT)
    # DVC says nothing of an object that it has compared and thrown away.
    return failure if failure.told else replace(failure, reason=Reason.REFUSED, told=lacking)


def _first_lacking(out: Any) -> str:  # noqa: ANN401 - DVC
    """The object of the source that the cache has not."""
    digest = str(out.hash_info.value)
    if not out.cache.exists(digest):
        return digest
    return next(
        str(inner.value) for _, _, inner in out.get_obj() if not out.cache.exists(inner.value)
    )


def _file(stage: Any) -> str:  # noqa: ANN401 - DVC
    return str(stage.relpath)


def _url(repo: Any, name: str) -> str:  # noqa: ANN401 - DVC
    return str(repo.config["remote"][name]["url"])


def without_login(url: str) -> str:
    """An address without the name and the password that may stand in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def in_a_line(error: BaseException) -> str:
    """What an exception says, or what it is."""
    return " ".join(str(error).split())[:300] or type(error).__name__


def in_bytes(size: float) -> str:
    """A size as people write it."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < _STEP:
            return f"{size:.3g} {unit}"
        size /= _STEP
    return f"{size:.3g} TB"


if __name__ == "__main__":
    run_as_command(main)
