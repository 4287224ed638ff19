"""Two worktrees beside the user's own tree, one of which is renewed, and the commit of it.

Whatever fails or interrupts this, the user's files and branches are as they were.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.bundle.pins import names
from twinserve.delivery.data.cached import share_cache
from twinserve.delivery.data.dvc import prepare
from twinserve.delivery.worktree import alone, check_ready, reproduce, worktree
from twinserve.measure.history.challenge import Challenge
from twinserve.renewal.branch import Branch
from twinserve.renewal.effect import measure_effect
from twinserve.renewal.packages import OUTPUTS, Brought
from twinserve.renewal.page import markdown
from twinserve.renewal.report import Report, write_json
from twinserve.renewal.rows.drift import Drift
from twinserve.renewal.rows.duel import Duel
from twinserve.targets.git import Checkout

WORK = Path(".cache/renewal")
REPORTS = Path("reports/renewal")
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Trees:
    """What a renewal works on.

    Attributes:
        base: a worktree of the user's commit that stays as it is.
        new: another, which is renewed.
    """

    branch: Branch
    base: Checkout
    new: Checkout


@dataclass(frozen=True, slots=True)
class Concluded:
    """How a renewal ended, in a line; branch and report only where something was renewed.

    Attributes:
        challenge: which fresh rows' model has lost.
    """

    line: str
    branch: str | None = None
    report: Path | None = None
    challenge: Challenge | None = None


@contextmanager
def open_trees(kind: str) -> Iterator[Trees]:
    """Both worktrees, and the branch that is to be written.

    Raises:
        UserError: the user's tree has changes, or the branch has a commit of a person's.
    """
    own = Checkout(Path.cwd())
    check_ready(own, "renew")
    branch = Branch(own, kind)
    branch.check()
    head = own.ask("rev-parse", "HEAD")
    prepare()
    with (
        alone(WORK, "renewal"),
        worktree(own, head, WORK / "base") as base,
        worktree(own, head, WORK / "new") as new,
    ):
        for tree in (base, new):
            share_cache(tree.directory)
        yield Trees(branch, base, new)


@dataclass(frozen=True, slots=True)
class Words:
    """What a report says besides what was measured.

    Attributes:
        subject: the commit's first line.
    """

    subject: str
    notes: tuple[str, ...] = ()
    duels: tuple[Duel, ...] = ()
    drift: tuple[Drift, ...] = ()


def conclude(trees: Trees, brought: Brought, rounds: int | None, words: Words) -> Concluded:
    """Compare old and new, write the report, and commit; what came of it.

    Raises:
        UserError: the base cannot be reproduced, a bundle does not answer, or the model has changed
            under an unchanged version, where ``params.yaml`` refuses that.
    """
    base, new = trees.base.directory, trees.new.directory
    print("comparing the old bundles with the new", flush=True)
    reproduce(base, sys.executable, OUTPUTS)
    report = Report(
        subject=words.subject,
        base=trees.base.ask("rev-parse", "HEAD"),
        changes=brought.changes,
        held=brought.held,
        passed=brought.passed,
        fits=brought.fits,
        effect=measure_effect(base, new, rounds),
        notes=words.notes,
        duels=words.duels,
        drift=words.drift,
    )
    text = markdown(report)
    page = REPORTS / f"{trees.branch.kind}.md"
    write_json(report, page.with_suffix(".json"))
    page.write_text(text, encoding="utf-8")
    if report.effect.model.unnamed and load_params().renewal.same_version == "refuse":
        raise UserError(
            f"the model would change and still be called {report.effect.model.head_version}, "
            f"which renewal.same_version refuses: raise model.version first; see {page}"
        )
    commit = trees.branch.write(trees.new, report.subject, text)
    line = f"{trees.branch.name}: commit {commit[:12]}; report: {page} (and .json)"
    return Concluded(line, trees.branch.name, page.with_suffix(".json"))


def subject_of(brought: Brought) -> str:
    """The commit's first line: which packages, and how many more."""
    named = names(brought.changes)
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"Renew {', '.join(named[:MOST_NAMED])}{more}"
