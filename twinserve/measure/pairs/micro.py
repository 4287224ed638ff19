"""A run of a tree's micro-benchmarks, in the environment of that tree."""

import json
import subprocess
import tempfile
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.variables import tool_environment

SUITE = "benchmarks/micro"
PYTHON = Path(".venv/bin/python")
# Of a comparison: base and candidate in turns.
ROUNDS = 7
OPTIONS = ("--benchmark-max-time=0.2", "--benchmark-min-rounds=5", "--benchmark-disable-gc")

Medians = dict[str, float]


def run_suite(tree: Path) -> Medians:
    """Median of each benchmark in microseconds.

    Raises:
        UserError: with the end of what pytest printed.
    """
    with tempfile.TemporaryDirectory() as directory:
        results = Path(directory) / "results.json"
        python = (tree / PYTHON).absolute()
        command = [str(python), "-m", "pytest", SUITE, "-q", "-p", "no:cacheprovider", *OPTIONS]
        done = subprocess.run(
            [*command, f"--benchmark-json={results}"],
            cwd=tree,
            env=tool_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not results.exists():
            lines = (done.stdout + done.stderr).strip().splitlines()
            raise UserError(f"{SUITE} fails in {tree}: {' '.join(lines[-3:])[:400]}")
        taken = json.loads(results.read_text(encoding="utf-8"))["benchmarks"]
    return {
        benchmark["fullname"].removeprefix(f"{SUITE}/"): benchmark["stats"]["median"] * 1e6
        for benchmark in taken
    }
