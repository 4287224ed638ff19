"""Bring sources into the tree, by DVC's own interface, in a process of its own: see ``fetch``.

Its words are ``.dvc`` files. Progress goes to stderr, failures as JSON to stdout.
"""

import json
import logging
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError, run_as_command
from twinserve.delivery.data.diagnosis import Heard, explain, in_a_line, objects_there
from twinserve.delivery.data.failure import Failure, Reason

# From cache to tree: an object that is copied takes its size twice.
_COPY = "copy"
_STEP = 1000


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
    if (room := _room_for(repo, stages, lacking)) is not None:
        return [room]
    before = objects_there(repo, lacking)
    if lacking:
        _fetch(repo, lacking, heard)
    whole = [stage for stage in stages if not _lacks(stage)]
    if whole:
        repo.checkout(targets=[stage.path for stage in whole])
    return [explain(repo, stage, heard, before) for stage in stages if stage not in whole]


def _read_by_stages(repo: Any, files: Sequence[Path]) -> list[Any]:  # noqa: ANN401 - DVC
    """The sources that a stage of the pipeline reads, or reads a part of, or one that holds it."""
    index = repo.index
    read = [dep for stage in index.stages if not stage.is_data_source for dep in stage.deps]
    wanted = {str(path) for path in files}

    def is_read(out: Any) -> bool:  # noqa: ANN401 - DVC
        return any(
            out.fs.isin_or_eq(dep.fs_path, out.fs_path) or out.fs.isin(out.fs_path, dep.fs_path)
            for dep in read
            if dep.protocol == out.protocol
        )

    stages = [
        stage for stage in index.stages if stage.path in wanted and any(map(is_read, stage.outs))
    ]
    return sorted(stages, key=lambda stage: str(stage.path))


def _lacks(stage: Any) -> bool:  # noqa: ANN401 - DVC
    """Whether the cache has not all of it."""
    return any(out.changed_cache() for out in stage.outs if out.use_cache)


def _fetch(repo: Any, stages: Sequence[Any], heard: Heard) -> None:  # noqa: ANN401 - DVC
    from dvc.exceptions import DownloadError
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
        if not heard.told and not isinstance(error, DownloadError):
            heard.hear(error)
    for stage in stages:
        # No remote has what nobody has pushed; the address that it came from may.
        if stage.is_import and not stage.is_repo_import and _lacks(stage):
            _fetch_from_origin(repo, stage, heard)


def _fetch_from_origin(repo: Any, stage: Any, heard: Heard) -> None:  # noqa: ANN401 - DVC
    """Put into the cache what an address gives, if that is still what the ``.dvc`` file names."""
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.transfer import transfer

    (origin,), (out,) = stage.deps, stage.outs
    with tempfile.TemporaryDirectory(dir=repo.tmp_dir) as directory:
        place = str(Path(directory) / "taken")
        try:
            origin.fs.get(origin.fs_path, place)
        except Exception as error:  # noqa: BLE001 - an address of any kind raises anything
            heard.hear(error)
            return
        staging, _, taken = build(out.cache, place, repo.fs, out.hash_name)
        if taken.hash_info == out.hash_info:
            transfer(staging, out.cache, {taken.hash_info}, shallow=False)
        else:
            heard.told = (
                f"{origin} has changed since it was imported; `dvc update {stage.relpath}` takes it"
            )


def _room_for(repo: Any, stages: Sequence[Any], lacking: Sequence[Any]) -> Failure | None:  # noqa: ANN401 - DVC
    """What the disk has too little room for: the cache's objects and, where copied, the tree's."""
    cache = repo.cache.local
    cache.fs.makedirs(cache.path, exist_ok=True)
    places = [(Path(cache.path), lacking)]
    if _links(repo) == _COPY:
        places.append((Path(repo.root_dir), stages))
    needs: dict[int, int] = {}
    for place, some in places:
        device = place.stat().st_dev
        needs[device] = needs.get(device, 0) + sum(map(_size, some))
    for place, some in places:
        need, free = needs[place.stat().st_dev], shutil.disk_usage(place).free
        if some and need > free:
            largest = max(some, key=_size)
            told = f"{in_bytes(need)} are needed on the disk of {place}, {in_bytes(free)} are free"
            return Failure(
                str(largest.relpath), str(largest.outs[0]), Reason.NO_ROOM, remote="", told=told
            )
    return None


def _size(stage: Any) -> int:  # noqa: ANN401 - DVC
    return sum(out.meta.size or 0 for out in stage.outs)


def _links(repo: Any) -> str:  # noqa: ANN401 - DVC
    """How the cache's objects get into the tree."""
    from dvc_objects.fs.generic import test_links

    cache = repo.cache.local
    possible = test_links(cache.cache_types, cache.fs, cache.path, repo.fs, repo.root_dir)
    return str(possible[0]) if possible else _COPY


def in_bytes(size: float) -> str:
    """A size as people write it."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < _STEP:
            return f"{size:.3g} {unit}"
        size /= _STEP
    return f"{size:.3g} TB"


if __name__ == "__main__":
    run_as_command(main)
