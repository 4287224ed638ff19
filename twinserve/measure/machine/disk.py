"""How much room a folder takes."""

import os
from pathlib import Path


def size_bytes(directory: Path) -> int:
    """The sum of its files' lengths, links not followed."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            path = Path(folder, name)
            total += 0 if path.is_symlink() else path.stat().st_size
    return total
