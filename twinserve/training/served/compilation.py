"""From C to a shared object that needs no library at all."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from twinserve.config.errors import UserError
from twinserve.config.variables import tool_environment

# The compiler keeps what it makes in the tree, and there only while it runs.
SCRATCH = Path(".cache")
_FLAGS = (
    "-shared",
    # No C library, so none that could be too old; nothing but arithmetic is left to differ.
    "-nostdlib",
    "-fPIC",
    "-O2",
    "-std=c11",
    # It embeds long tables, as C has it since 2023.
    "-Wno-c23-extensions",
    # A sum and a product are rounded each, as scikit-learn does it.
    "-ffp-contract=off",
    "-fno-sanitize=undefined",
    # Names of files and of symbols that nobody asks for would differ or cost.
    "-fvisibility=hidden",
    "-s",
)
# The one that endpoints run on.
SYSTEM = "linux"
_SYSTEMS = {"linux": "linux-gnu.2.17", "darwin": "macos"}


def compile_object(
    source: str,
    machine: str,
    system: str = SYSTEM,
    tables: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """The shared object for a machine (x86_64, aarch64) and a system (linux, darwin).

    The same bytes wherever it is compiled: the compiler, its flags and its target are given, and
    the file has one name. The ``tables`` are files that the source embeds, by name.

    Raises:
        UserError: the compiler refuses; nothing that a user wrote can be the reason.
    """
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH, prefix="zig-") as name:
        folder = Path(name).resolve()
        (folder / "model.c").write_text(source, encoding="ascii")
        for table, content in tables.items():
            (folder / table).write_bytes(content)
        command = [sys.executable, "-m", "ziglang", "cc", "-target"]
        command += [f"{machine}-{_SYSTEMS[system]}", "-mcpu=baseline", *_FLAGS]
        done = subprocess.run(
            [*command, "-o", "model.so", "model.c"],
            cwd=folder,
            env=tool_environment()
            | {"ZIG_LOCAL_CACHE_DIR": str(folder), "ZIG_GLOBAL_CACHE_DIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise UserError(f"zig cc cannot compile the model for {machine}-{system}: {lines[0]}")
        return (folder / "model.so").read_bytes()
