"""DVC's cache on this machine, held to its names before anything is taken from it.

DVC takes an object that is write-protected at its name's word. So a file in the cache that somebody
wrote over would be put into the tree, and the next stage would run with it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from twinserve.config.card import read_file
from twinserve.config.errors import UserError
from twinserve.config.yaml_file import read_yaml
from twinserve.delivery.data.dvc import DIRECTORY, configuration, local_options, share_options

# Below the cache's folder: objects by their MD5.
OBJECTS = Path("files/md5")
_FOLDER = ".dir"
_DVC = Path(DIRECTORY)


def verify_cache(lock: Path) -> None:
    """Compare every object that the lock's outputs name, as far as the cache has it.

    Raises:
        UserError: the first object that is not what its name says.
    """
    verify_objects(_outputs(lock))


def verify_objects(outputs: Iterable[tuple[str, str]]) -> None:
    """Compare the objects of these paths and digests, as far as the cache has them.

    Raises:
        UserError: the first object that is not what its name says.
    """
    outputs = list(outputs)
    if not outputs:
        return
    objects = cache_directory() / OBJECTS
    for output, digest in outputs:
        content = _object(objects, output, digest)
        if content is not None and digest.endswith(_FOLDER):
            for entry in json.loads(content):
                _object(objects, f"{output}/{entry['relpath']}", entry["md5"])


def cache_directory() -> Path:
    """Where DVC's own configuration puts the cache."""
    configured = configuration().get("cache", {}).get("dir")
    return Path(configured) if configured else _DVC / "cache"


def share_cache(tree: Path) -> None:
    """Let what one tree has fetched or made be found by the other, which logs in as this one."""
    cache = cache_directory().resolve()
    if (tree / DIRECTORY).is_dir():
        share_options(tree)
        with local_options(tree) as options:
            options["cache"]["dir"] = str(cache)


def _outputs(lock: Path) -> Iterator[tuple[str, str]]:
    """Path and MD5 of each output; nothing where there is no lock, or DVC refuses it."""
    try:
        content = read_yaml(lock, "DVC makes it")
    except UserError:
        return
    yield from outputs_of(content)


def outputs_of(content: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - YAML's
    """Path and MD5 of each output that a lock's content names, whatever else stands in it."""
    stages = content.get("stages") if isinstance(content, dict) else None
    for stage in stages.values() if isinstance(stages, dict) else ():
        for output in (stage.get("outs") or ()) if isinstance(stage, dict) else ():
            digest = output.get("md5") if isinstance(output, dict) else None
            if isinstance(digest, str):
                yield str(output.get("path")), digest


def _object(objects: Path, output: str, digest: str) -> bytes | None:
    """The object's content, or None where the cache does not have it.

    Raises:
        UserError: it is another than its name says, or cannot be read.
    """
    path = objects / digest[:2] / digest[2:]
    if not path.exists():
        return None
    content = read_file(path, f"DVC keeps {output} there", most=None)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != digest.removesuffix(_FOLDER):
        raise UserError(
            f"{path}: DVC's cached copy of {output} is not what dvc.lock says; nothing is run. "
            "Find out who wrote it, remove it, and make it anew with `make repro`"
        )
    return content
