"""Compile the lock files from ``pyproject.toml``: hashed, for every platform, naming no index."""

import argparse
import subprocess
import tomllib
from pathlib import Path

from uv import find_uv_bin

from config.errors import UserError

LOCKS = Path("locks")
# Compiled first and without constraints: it holds every other group, so it settles all versions.
WIDEST = "dev"
# Only parts of what a bundle installs.
PARTS = frozenset({"onnx", "joblib", "service", "function", "remote", "pipeline"})
OPTIONS = (
    "--universal",
    # One version of each package on every Python: the model card names them.
    "--fork-strategy=fewest",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--no-annotate",
)


def run(_arguments: argparse.Namespace) -> None:
    """Compile, and name each file."""
    for path in lock():
        print(path)


def lock() -> list[Path]:
    """Compile each group; the widest first, the others constrained by it.

    Raises:
        UserError: uv finds no versions that fit together.
    """
    groups = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    others = sorted(set(groups) - PARTS - {WIDEST})
    written = []
    for group in (WIDEST, *others):
        path = LOCKS / f"{group}.txt"
        constraint = [] if group == WIDEST else ["--constraint", str(LOCKS / f"{WIDEST}.txt")]
        arguments = ["pip", "compile", "--quiet", *OPTIONS, *constraint, "pyproject.toml"]
        done = subprocess.run(
            [find_uv_bin(), *arguments, "--group", group, "--output-file", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UserError(f"{path}: {' '.join(done.stderr.split())[:500]}")
        written.append(path)
    return written
