"""Whether a tree fits together: each check that its pull request will run, in its own environment.

The pipeline itself keeps the gates, and proves what is served equal to the estimator.
"""

import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.delivery.worktree import PYTHON, make_environment, reproduce, run_in

RESOLVE, ENVIRONMENT, PIPELINE, RUNTIME = "resolve", "environment", "pipeline", "runtime"
# Of a tree that is compared with, asked for when it is needed.
Runtime = Callable[[], str]
# By name, with the command of the tree's own.
CHECKS = {
    "verify": (".venv/bin/twinserve", "verify"),
    "lint": ("make", "lint"),
    "model": ("make", "test-model"),
}
# The longest of them: the pull request runs it in shards.
ENGINE = {"engine": ("make", "test-engine")}
# The line of a log that says why: a command's own, pytest's, a linter's; then whatever came last.
REASONS = (
    re.compile(r"^error: .+"),
    re.compile(r"^(FAILED|ERROR) .+"),
    re.compile(r"^E  +\S.+"),
    re.compile(r"^\S+:\d+:.+"),
    re.compile(r".*\b[Ee]rror\b.*"),
    re.compile(r".*\S.*"),
)
LONGEST = 300
CARD = Path("models/model.json")


@dataclass(frozen=True, slots=True)
class Failure:
    """The first check that did not pass, and the line of its log that says why."""

    check: str
    line: str


@dataclass(frozen=True, slots=True)
class Passed:
    """A check, and how long it took."""

    check: str
    seconds: float


class FitError(UserError):
    """A tree does not fit together."""

    def __init__(self, failure: Failure, log: Path) -> None:
        super().__init__(f"{failure.check}: {failure.line} (all of it: {log})")
        self.failure = failure


def fit(
    tree: Path,
    log: Path,
    *,
    outputs: Sequence[str],
    engine: bool,
    until: str | None = None,
    runtime: Runtime | None = None,
    interpreter: str = sys.executable,
) -> tuple[Passed, ...]:
    """Run the checks one after the other, the cheap ones first; ``until`` names the last.

    The tree's environment is made by the ``interpreter``. Where ``serving.runtime`` is `auto`, what
    breaks the proof of parity in one runtime is served in the next: ``runtime`` says which it was
    before, and has to be.

    Raises:
        FitError: the first that does not pass.
    """
    passed: list[Passed] = []
    kept = (RUNTIME,) if runtime else ()
    for check in (ENVIRONMENT, PIPELINE, *kept, *CHECKS, *(ENGINE if engine else ())):
        began = time.monotonic()
        print(f"  {check} …", flush=True)
        if check == RUNTIME and runtime:
            _keep_runtime(runtime(), tree, log)
        else:
            _run(check, tree, log, outputs, interpreter)
        passed.append(Passed(check, time.monotonic() - began))
        if check == until:
            break
    return tuple(passed)


def _keep_runtime(before: str, tree: Path, log: Path) -> None:
    card = load_card(tree / CARD)
    if card.runtime != before:
        why = f"serving.runtime was {before}, and would be {card.chosen()}"
        raise FitError(Failure(RUNTIME, why[:LONGEST]), log)


def _run(check: str, tree: Path, log: Path, outputs: Sequence[str], interpreter: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        began = file.tell()
        try:
            if check == ENVIRONMENT:
                make_environment(tree, file, interpreter)
            elif check == PIPELINE:
                reproduce(tree, str((tree / PYTHON).absolute()), outputs, file)
            else:
                run_in(tree, {**CHECKS, **ENGINE}[check], file)
        except UserError:
            said = log.read_bytes()[began:].decode(errors="replace")
            raise FitError(Failure(check, reason(said)), log) from None


def reason(said: str) -> str:
    """The line of what was printed that says most of why it failed."""
    lines = [line.rstrip() for line in said.splitlines()]
    for pattern in REASONS:
        if fitting := [line for line in lines if pattern.match(line)]:
            # The first complaint caused the later ones; of lines without a form the last counts.
            best = fitting[-1] if pattern is REASONS[-1] else fitting[0]
            return " ".join(best.split())[:LONGEST]
    return "it printed nothing"
