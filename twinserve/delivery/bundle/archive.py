"""A bundle as one file: the same bytes from the same files, and back into a folder."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from twinserve.config.errors import UserError

# As in every bundle, whatever this machine's umask is.
_MODE = 0o644
_FOLDER_MODE = 0o755


def pack(files: Mapping[str, bytes]) -> bytes:
    """The files by name as a .tar.gz that holds nothing of this machine: no time, no owner."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), _MODE
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(inner.getvalue(), mtime=0)


def unpack(content: bytes) -> dict[str, bytes]:
    """The files by name.

    Raises:
        UserError: it is damaged, or holds what a bundle does not: links, devices, other places.
    """
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
            for member in tar:
                stream = tar.extractfile(member)
                path = PurePosixPath(member.name)
                if not member.isreg() or stream is None or path.is_absolute() or ".." in path.parts:
                    raise UserError(f"the archive holds {member.name!r}, which no bundle does")
                files[member.name] = stream.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise UserError(f"the archive of the function's source is damaged: {error}") from None
    return files


def lay_out(files: Mapping[str, bytes], directory: Path) -> None:
    """Write the files into a folder that is not there yet."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for path in (directory, *directory.rglob("*")):
        path.chmod(_FOLDER_MODE if path.is_dir() else _MODE)
