"""Take out of an environment what serving never opens: ``python prune.py ENVIRONMENT``.

Run when the image is built, by itself, before anything else of the bundle is there. The contract
suite is run against the built image, so a pattern that takes too much fails there.
"""

import shutil
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
    return freed


if __name__ == "__main__":
    sys.stdout.write(f"pruned {prune(Path(sys.argv[1])) / 1e6:.1f} MB\n")
