"""A repository on GitHub, a checkout of it, and what a renewal's job leaves for the next."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.delivery.update.forks import Repository
from twinserve.delivery.bundle.pins import Change
from twinserve.renewal.branch import Branch
from twinserve.renewal.held import Held
from twinserve.renewal.proposal.opening import Opened, open_left, read_repository
from twinserve.renewal.proposal.outcome import Outcome, write_bundle, write_outcome
from twinserve.renewal.report import Answers, Effect, Report, write_json
from twinserve.review.report import ModelChange
from twinserve.targets.git import Checkout

BRANCH = "renew/packages"
MODEL = ModelChange(base_version="v1", head_version="v1", artifacts=("model.pkl",))
REPORT = Report(
    subject="Renew alpha",
    base="0" * 40,
    changes=(Change("alpha", "1.0", "2.0", ("dev",)),),
    held=(Held("beta", "2.0", "2026-11-01", "pipeline", "error: @everyone <img src=x>"),),
    passed=(),
    fits=1,
    effect=Effect(MODEL, Answers(3, 3, 0, None), (), (), (1, 1)),
)


@dataclass
class Hub:
    """The repository on GitHub, a checkout of it, and what was left there."""

    checkout: Repository
    origin: Repository
    state: Path

    @property
    def left(self) -> Path:
        return self.checkout.directory.parent / "left"

    def renew(self, path: str = "locks/dev.txt", text: str = "alpha==2.0\n") -> str:
        """Let the job that renews leave a commit of one file; the commit."""
        work = Repository(self.checkout.directory.parent / "work")
        shutil.rmtree(work.directory, ignore_errors=True)
        self.origin.git("clone", "--quiet", ".", str(work.directory))
        work.name_user()
        work.write(path, text)
        work.git("add", "--all")
        tree = Checkout(work.directory)
        commit = Branch(tree, "packages").write(tree, "Renew alpha", "A report.")
        work.git("reset", "--quiet", "--hard", "HEAD^")
        self.leave("renewed")
        write_bundle(self.left, tree, BRANCH)
        self.leave_report(REPORT)
        return commit

    def leave_report(self, report: Report) -> None:
        """Let it leave this report."""
        write_json(report, self.left / "report.json")

    def leave(self, state: str, line: str = "told", **members: Any) -> None:  # noqa: ANN401 - JSON
        """Let it leave how it ended."""
        given = {"kind": "packages", "state": state, "line": line, **members}
        write_outcome(self.left, Outcome.model_validate(given))

    def open(self) -> Opened:
        """What the job that may write makes of it."""
        return open_left(self.left, read_repository())

    def refuse(self, call: str, answer: str) -> None:
        """Let GitHub refuse a call."""
        self.change(refused={call: answer})

    def change(self, **members: Any) -> None:  # noqa: ANN401 - JSON
        self.state.write_text(json.dumps({**self.read(), **members}))

    def read(self) -> Mapping[str, Any]:
        state: Mapping[str, Any] = json.loads(self.state.read_text())
        return state
