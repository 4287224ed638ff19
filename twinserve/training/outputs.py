"""Files that are either the old ones or the new ones, never half of each."""

from pathlib import Path

from twinserve.config.card import read_file


def write_output(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content`` in one step.

    A file that DVC linked from its cache is replaced too, never written through.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def read_output(path: Path) -> bytes:
    """What an earlier stage wrote.

    Raises:
        UserError: it has not.
    """
    return read_file(path, "make it with `dvc repro`", most=None)
