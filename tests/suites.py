"""Which suite a test belongs to, and the command that runs suites: ``python -m tests.suites``.

The folder decides, or the mark ``nightly``; nothing else does. Times are printed against a budget
and never asserted: a test passes on a busy machine too.
"""

import argparse
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent
MODEL, ENGINE, NIGHTLY = "model", "engine", "nightly"
# About the user's own parameters, table and tests; everything else is about the engine.
MODEL_FOLDERS = ("contract", "model", "reproduction")
# About the tests' own fake of Google.
NIGHTLY_FOLDER = "google"
SLOWEST = "pipeline"
MARK = "nightly: too slow for each change; what is quick of the same behaviour is in the engine's"


@dataclass(frozen=True, slots=True)
class Suite:
    """What a suite is for, and how long it may take on two quiet cores."""

    budget_s: int
    about: str


SUITES: Mapping[str, Suite] = {
    MODEL: Suite(120, "what a change of parameters, data or dvc.lock needs, on the user's model"),
    ENGINE: Suite(360, "everything else that is quick, on parameters and a table of its own"),
    NIGHTLY: Suite(
        3600, "whole sweeps with the real gcloud, real containers, every table, all mutants"
    ),
}


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of a suite, of several that run side by side; whole files, so that fixtures hold."""

    number: int
    count: int
    daily: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ``I/N``, or from ``today/N``: another one each day."""
        number, _, count = text.partition("/")
        if number == "today" and count.isdigit() and int(count):
            return cls(1 + today() % int(count), int(count), daily=True)
        if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
            raise argparse.ArgumentTypeError(
                f"{text!r}: expected I/N, as 1/3, with I from 1 to N, or today/N"
            )
        return cls(int(number), int(count))


@dataclass(frozen=True, slots=True)
class Part:
    """Of what the night takes in many cases every N-th, and other ones each day."""

    every: int
    day: int

    @classmethod
    def of_today(cls, every: int, shard: Shard | None) -> Self:
        """Today's; where files change daily, the same cases until each file had its day."""
        rounds = shard.count if shard and shard.daily else 1
        return cls(every, today() // rounds)

    def calls(self, bound: int) -> range:
        """The calls below a bound, from 1, at which a sweep stops what it sweeps."""
        return range(1 + self.day % self.every, bound, self.every)

    def cases(self, items: Sequence["pytest.Item"]) -> list["pytest.Item"]:
        """Of each of the night's tests some parameters, one at the least; all other tests."""
        kinds: dict[str, list[pytest.Item]] = {}
        for item in items:
            kinds.setdefault(item.nodeid.partition("[")[0], []).append(item)
        left_out: set[pytest.Item] = set()
        for kind in kinds.values():
            if suite_of(kind[0]) == NIGHTLY:
                left_out |= {*kind} - {*kind[self.day % min(self.every, len(kind)) :: self.every]}
        return [item for item in items if item not in left_out]


@dataclass(frozen=True, slots=True)
class Result:
    """How a suite ended."""

    name: str
    seconds: float
    code: int


def today() -> int:
    """The day's number; who starts the workers says it: midnight may pass between two of them."""
    return int(os.environ.setdefault("TESTS_DAY", str(datetime.now(UTC).toordinal())))


def suite_of(item: "pytest.Item") -> str:
    """The suite that a test belongs to."""
    if item.get_closest_marker(NIGHTLY) or item.path.is_relative_to(TESTS / NIGHTLY_FOLDER):
        return NIGHTLY
    return MODEL if about_the_model(item) else ENGINE


def about_the_model(item: "pytest.Item") -> bool:
    """Whether a test is about the user's model."""
    return item.path.is_relative_to(TESTS) and (
        item.path.relative_to(TESTS).parts[0] in MODEL_FOLDERS
    )


def chosen(
    items: Sequence["pytest.Item"], suite: str | None, shard: Shard | None
) -> list["pytest.Item"]:
    """The tests of a suite, or of every one, that fall to a shard: every N-th file.

    The slowest folder's come first, so that no core is idle at the end.
    """
    kept = [item for item in items if suite is None or suite_of(item) == suite]
    kept.sort(key=lambda item: not item.path.is_relative_to(TESTS / SLOWEST))
    if shard is None:
        return kept
    files = sorted({item.path for item in kept})
    mine = set(files[shard.number - 1 :: shard.count])
    return [item for item in kept if item.path in mine]


def workers() -> int:
    """Half as many again as cores: a quarter of the time a test waits for another process."""
    return math.ceil((os.cpu_count() or 1) * 1.5)


def run(name: str, shard: Shard | None, *, coverage: bool, every: int = 1) -> Result:
    """Run a suite; what pytest prints is shown as it comes."""
    # Only what may be in it is collected: that alone takes seconds.
    folders = MODEL_FOLDERS if name == MODEL else ("",)
    command = [sys.executable, "-m", "pytest", "-q", f"--suite={name}"]
    command += [str(Path("tests", folder)) for folder in folders]
    command += [
        f"--numprocesses={workers()}",
        "--dist=loadfile",
        "--no-loadscope-reorder",
    ]
    if every > 1:
        command.append(f"--every={every}")
    if shard:
        number = "today" if shard.daily else shard.number
        command.append(f"--shard={number}/{shard.count}")
    if coverage:
        command += ["--cov", "--cov-append", "--cov-report=", "--cov-fail-under=0"]
    say(f"the {name} suite: {SUITES[name].about}")
    began = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    return Result(name, time.monotonic() - began, code)


def table(results: Sequence[Result]) -> str:
    """Each suite's time against its budget, and what was left out."""
    lines = [f"{'suite':<10}{'ended':<10}{'time':>8}{'budget':>9}"]
    for result in results:
        ended = "passed" if result.code == 0 else f"failed {result.code}"
        budget = SUITES[result.name].budget_s
        lines.append(
            f"{result.name:<10}{ended:<10}{_minutes(result.seconds):>8}{_minutes(budget):>9}"
        )
    run = {result.name for result in results}
    left = [
        f"left to `make test-{name}`: {suite.about}"
        for name, suite in SUITES.items()
        if name not in run
    ]
    return "\n".join([*lines, *left])


def say(text: str) -> None:
    """Show a line at once: pytest writes to the same terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def main(words: Sequence[str] | None = None) -> int:
    """Run the suites that are named, one after the other; 1 if any fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.suites", description=__doc__)
    parser.add_argument("suites", nargs="+", choices=SUITES, metavar="SUITE", help="|".join(SUITES))
    parser.add_argument(
        "--shard", type=Shard.parse, metavar="I/N", help="one part of N; today/N, another each day"
    )
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="of the night's many cases each N-th"
    )
    parser.add_argument(
        "--coverage", action="store_true", help="hold all of it together to the bound"
    )
    arguments = parser.parse_args(words)
    if arguments.coverage:
        coverage("erase")
    results = [
        run(name, arguments.shard, coverage=arguments.coverage, every=arguments.every)
        for name in arguments.suites
    ]
    covered = 0
    if arguments.coverage:
        covered = coverage("report")
    say(table(results))
    return int(any(result.code for result in results) or covered != 0)


def coverage(command: str) -> int:
    """A command of coverage.py's own."""
    words = [sys.executable, "-m", "coverage", command]
    return subprocess.run(words, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        # pytest has said so by then.
        sys.exit(128 + signal.SIGINT)
