"""Micro-benchmarks of two trees on one machine, in turns: what slows it for a while slows both."""

import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.statistics import estimate, paired_ratio
from config.errors import UserError
from review.report import Benchmark, Ratio

SUITE = "benchmarks/micro"
PYTHON = Path(".venv/bin/python")
ROUNDS = 7
OPTIONS = ("--benchmark-max-time=0.2", "--benchmark-min-rounds=5", "--benchmark-disable-gc")

Medians = dict[str, float]


def compare_speed(
    base: Path, head: Path, *, rounds: int = ROUNDS, say: Callable[[str], None] = print
) -> tuple[Benchmark, ...]:
    """Run the suite of each tree in turn, each in its own environment.

    Only benchmarks that both have are compared.

    Raises:
        UserError: a suite fails.
    """
    taken: dict[str, list[Medians]] = {"base": [], "head": []}
    trees = {"base": base, "head": head}
    for number in range(rounds):
        # The one that began a round ends the next.
        for side in ("base", "head") if number % 2 == 0 else ("head", "base"):
            taken[side].append(_medians(trees[side]))
        say(f"micro-benchmarks: round {number + 1} of {rounds}")
    names = sorted(set(taken["base"][0]) & set(taken["head"][0]))
    return tuple(_benchmark(name, taken) for name in names)


def _benchmark(name: str, taken: dict[str, list[Medians]]) -> Benchmark:
    base, head = ([one[name] for one in taken[side]] for side in ("base", "head"))
    ratio = paired_ratio(head, base)
    return Benchmark(
        name=name,
        base_us=estimate(base).value,
        head_us=estimate(head).value,
        ratio=Ratio(value=ratio.value, low=ratio.low, high=ratio.high),
    )


def _medians(tree: Path) -> Medians:
    """Median of each benchmark in microseconds, of one run of the suite.

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
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not results.exists():
            lines = (done.stdout + done.stderr).strip().splitlines()
            raise UserError(f"{SUITE} fails in {tree}: {' '.join(lines[-3:])[:400]}")
        taken = json.loads(results.read_text(encoding="utf-8"))["benchmarks"]
    return {
        one["fullname"].removeprefix(f"{SUITE}/"): one["stats"]["median"] * 1e6 for one in taken
    }
