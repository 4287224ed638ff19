"""Rows and outputs that a renewal has made, on their way into DVC's remote.

The job that renews may write nowhere, so it leaves the objects that its commit names. The job that
opens the pull request takes those that are what their names say, and adds them to the remote by an
account that can delete and replace nothing.
"""

import hashlib
import json
import re
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.config.yaml_file import parse_yaml
from twinserve.delivery.data import dvc as data
from twinserve.delivery.data.cached import OBJECTS, cache_directory, outputs_of
from twinserve.delivery.data.remotes import default_remote
from twinserve.delivery.data.sources import FOLDER, SUFFIX
from twinserve.delivery.data.taken import LOCK, is_taken
from twinserve.targets.git import Checkout

LEFT = "objects.tar"
ADDING = "twinserve.delivery.data.adding"
LARGEST_LEFT = 16 << 30
_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{32}(\.dir)?")


def leave_objects(folder: Path, own: Checkout, commit: str) -> None:
    """Leave the objects that a commit names and its parent does not, as the cache has them."""
    objects = cache_directory() / OBJECTS
    wanted = {digest for digest in _fresh(own, commit) if _path(objects, digest).exists()}
    if not wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / LEFT, "w") as tar:
        for digest in sorted(wanted | _of_folders(objects, wanted)):
            tar.add(_path(objects, digest), arcname=digest)


def add_objects(folder: Path, own: Checkout, commit: str) -> str:
    """Add to the remote what a commit names and its parent does not; a line of it, or nothing.

    Raises:
        UserError: what was left is not what the commit names, or the remote does not take it.
    """
    fresh = _fresh(own, commit)
    if not fresh or not Path(data.DIRECTORY).is_dir() or default_remote() is None:
        return ""
    data.prepare()
    objects = cache_directory() / OBJECTS
    if (folder / LEFT).exists():
        _take(folder / LEFT, objects)
    # An output that the cache has not stands in git.
    there = {digest for digest in fresh if _path(objects, digest).exists()}
    inner = _of_folders(objects, there)
    lacking = [
        path for digest, path in fresh.items() if path.endswith(SUFFIX) and digest not in there
    ]
    if lacking or not all(_path(objects, digest).exists() for digest in inner):
        raise UserError(
            f"{folder / LEFT}: not all that {(*lacking, LOCK)[0]} names was left: refused"
        )
    if not there:
        return ""
    done = data.run_module(ADDING, *sorted(there | inner), capture=True)
    if done.returncode or (told := json.loads(done.stdout)):
        why = "the last line above says why" if done.returncode else told
        raise UserError(
            f"DVC's remote {default_remote()} does not take what was renewed ({why}): "
            "docs/renewing.md says which account adds to it"
        )
    return f"added to DVC's remote {default_remote()}: {len(there | inner)} objects"


def _fresh(own: Checkout, commit: str) -> dict[str, str]:
    """What DVC keeps of a commit and not of its parent: digests, each with the file that names it.

    Its table, and where the night alone fits the model anew, what the stages have made.
    """
    old, new = (_named(own, at) for at in (f"{commit}^", commit))
    return {digest: path for digest, path in new.items() if digest not in old}


def _named(own: Checkout, commit: str) -> dict[str, str]:
    source = f"{load_params().data.table}{SUFFIX}"
    # A `.dvc` file is written as a stage of a lock is.
    named = dict.fromkeys(_digests({"stages": {"": _read(own, commit, source)}}), source)
    if is_taken():
        named |= dict.fromkeys(_digests(_read(own, commit, str(LOCK))), str(LOCK))
    return named


def _digests(content: Any) -> Iterator[str]:  # noqa: ANN401 - YAML's
    return (digest for _, digest in outputs_of(content) if _DIGEST.fullmatch(digest))


def _read(own: Checkout, commit: str, path: str) -> Any:  # noqa: ANN401 - YAML's
    """A file of DVC's at a commit; None where there is none."""
    shown = own.run("show", f"{commit}:{path}")
    return None if shown.code else parse_yaml(shown.out.encode(), f"{path} of {commit[:12]}")


def _path(objects: Path, digest: str) -> Path:
    return objects / digest[:2] / digest[2:]


def _of_folders(objects: Path, digests: Iterable[str]) -> set[str]:
    """The objects of the files in the folders among these."""
    return {
        str(entry["md5"])
        for digest in digests
        if digest.endswith(FOLDER)
        for entry in json.loads(_path(objects, digest).read_bytes())
    }


def _take(left: Path, objects: Path) -> None:
    """Put into the cache what is what its name says.

    Raises:
        UserError: something is not, or it is no archive of objects, or too large.
    """
    if left.stat().st_size > LARGEST_LEFT:
        raise UserError(f"{left}: too large: refused")
    try:
        with tarfile.open(left, "r:") as tar:
            for member in tar:
                _take_one(tar, member, objects)
    except (tarfile.TarError, OSError) as error:
        raise UserError(f"{left}: {' '.join(str(error).split())[:200]}: refused") from None


def _take_one(tar: tarfile.TarFile, member: tarfile.TarInfo, objects: Path) -> None:
    content = tar.extractfile(member) if member.isreg() else None
    if content is None or not _DIGEST.fullmatch(member.name):
        raise UserError(f"{LEFT}: {member.name!r:.80} is no object: refused")
    path = _path(objects, member.name)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.part")
    digest = hashlib.md5(usedforsecurity=False)
    with made.open("wb") as file:
        for chunk in _chunks(content):
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != member.name.removesuffix(FOLDER):
        made.unlink()
        raise UserError(f"{LEFT}: {member.name} is not what its name says: refused")
    made.replace(path)


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    while chunk := content.read(_CHUNK):
        yield chunk
