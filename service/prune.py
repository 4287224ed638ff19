"""Take out of an environment what serving never opens: ``python prune.py ENVIRONMENT``.

Run when the image is built, by itself, before anything else of the bundle is there. The contract
suite is run against the built image, so a pattern that takes too much fails there.
"""

import shutil
import struct
import sys
from pathlib import Path

# Patterns of paths below site-packages, each with the reason why nothing served needs it.
UNNEEDED = {
    "**/tests": "tests of the packages themselves",
    "**/*.pyi": "type stubs, for checkers",
    "**/*.pyx": "Cython sources of what is compiled",
    "**/*.pxd": "Cython declarations of what is compiled",
    "**/*.h": "C headers, to build against",
    "**/*.a": "static libraries, to link against",
    # Not numpy/f2py, small and useless here: scipy imports all that NumPy offers.
    "numpy/distutils": "builds extensions",
    # The Python module is linked with a runtime of its own and never opens this one: 35 MB.
    "onnxruntime/capi/libonnxruntime.so.*": "the library for programs in C",
    "onnxruntime/quantization": "makes models smaller, before they are served",
    "onnxruntime/tools": "converts models, before they are served",
    "onnxruntime/transformers": "optimizes language models, before they are served",
}

# ELF, 64 bits, little-endian: where the program headers are and how many of which size; of each,
# which part of the file it loads.
ELF64 = b"\x7fELF\x02\x01"
HEADER = struct.Struct("<32xQQ6xHH6x")
SEGMENT = struct.Struct("<8xQ16xQ")


def prune(environment: Path) -> int:
    """Remove all of it; the number of bytes that were freed."""
    (site_packages,) = environment.glob("lib/python3*/site-packages")
    freed = 0
    for pattern in UNNEEDED:
        for path in sorted(site_packages.glob(pattern)):
            files = path.rglob("*") if path.is_dir() else [path]
            freed += sum(file.lstat().st_size for file in files if file.is_file())
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return freed + sum(strip(path) for path in sorted(site_packages.rglob("*.so")))


def strip(library: Path) -> int:
    """Cut off what follows the parts that are loaded: symbols and debug information.

    As ``strip`` does, which the image has not; a loader reads program headers, never sections.
    uvloop alone is 12 MB smaller for it. The number of bytes that were freed.
    """
    content = library.read_bytes()
    if not content.startswith(ELF64) or len(content) < HEADER.size:
        return 0
    table, _, size, count = HEADER.unpack_from(content)
    segments = (SEGMENT.unpack_from(content, table + size * position) for position in range(count))
    end = max((start + length for start, length in segments), default=0)
    if not table < end < len(content):
        return 0
    head = bytearray(content[:end])
    # No table of sections any more: its place, and how many it has.
    head[40:48], head[60:64] = bytes(8), bytes(4)
    library.write_bytes(head)
    return len(content) - end


if __name__ == "__main__":
    sys.stdout.write(f"pruned {prune(Path(sys.argv[1])) / 1e6:.1f} MB\n")
