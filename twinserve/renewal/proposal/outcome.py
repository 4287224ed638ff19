"""What the job that renews leaves for the job that may write: outcome, report, and the commit.

The first runs the newest code of other people, so the second takes nothing at its word: sizes and
shapes are bounded, the text is rendered anew, and the commit may change only what a renewal does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from twinserve.config.card import read_file
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.renewal.report import Report
from twinserve.renewal.tools import FILES, SUPPORT
from twinserve.targets.git import Checkout

OUTCOME, REPORT, BUNDLE = "outcome.json", "report.json", "branch.bundle"
LARGEST_BYTES = 1 << 20
LARGEST_BUNDLE = 64 << 20
State = Literal["renewed", "nothing", "refused"]
Kind = Literal["packages", "tools", "data"]
# What the pipeline makes of any change.
MADE = ("dvc.lock", "evaluation/metrics.json", "models/model.pkl.sha256")
# What a commit of each kind may change: files, and folders with a slash at their end.
PATHS: Mapping[Kind, tuple[str, ...]] = {
    "packages": ("locks/",),
    "tools": (*(path.as_posix() for path in FILES), SUPPORT.as_posix()),
    # And the file that names the table's source.
    "data": (),
}
# A file, or one that may be run; never a link.
MODES = frozenset({"100644", "100755", "000000"})


class Outcome(BaseModel):
    """How a renewal ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    state: State
    line: Annotated[str, Field(max_length=4000)]


@dataclass(frozen=True, slots=True)
class Left:
    """All of it; a report only where something was renewed."""

    outcome: Outcome
    report: Report | None


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Leave how it ended."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / OUTCOME).write_text(outcome.model_dump_json(indent=2) + "\n", encoding="utf-8")


def write_bundle(folder: Path, own: Checkout, branch: str) -> None:
    """Leave the branch, without what its base has."""
    folder.mkdir(parents=True, exist_ok=True)
    path = (folder / BUNDLE).resolve()
    own.ask("bundle", "create", "--quiet", str(path), f"HEAD..refs/heads/{branch}")


def read_left(folder: Path) -> Left:
    """Take what another job has left at nobody's word.

    Raises:
        UserError: something is missing, too large, or does not fit.
    """
    try:
        outcome = Outcome.model_validate_json(_read(folder / OUTCOME))
        report = None
        if outcome.state == "renewed":
            report = TypeAdapter(Report).validate_json(_read(folder / REPORT))
    except ValidationError as error:
        # The message would quote what was found, which is a stranger's.
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise UserError(f"{folder}: what was left does not fit at {where!r:.200}") from None
    return Left(outcome, report)


def _read(path: Path) -> bytes:
    return read_file(path, "the job that renews leaves it", LARGEST_BYTES)


def fetch_bundle(folder: Path, own: Checkout, branch: str, kind: Kind) -> str:
    """Bring the branch into the repository, if its one commit changes what it may; the commit.

    Raises:
        UserError: it is no such commit.
    """
    path = (folder / BUNDLE).resolve()
    if not path.is_file() or path.stat().st_size > LARGEST_BUNDLE:
        raise UserError(f"{path}: no bundle of git's, or too large")
    own.ask("fetch", "--quiet", "--no-tags", str(path), f"refs/heads/{branch}")
    commit = own.ask("rev-parse", "FETCH_HEAD")
    parents = own.ask("rev-list", "--parents", "--max-count=1", commit).split()[1:]
    if len(parents) != 1 or own.run("merge-base", "--is-ancestor", parents[0], "HEAD").code:
        raise UserError(f"{commit[:12]} is not one commit upon this branch: refused")
    _check_paths(own, parents[0], commit, kind)
    own.ask("branch", "--force", branch, commit)
    return commit


def _check_paths(own: Checkout, base: str, commit: str, kind: Kind) -> None:
    source = (f"{load_params().data.table}.dvc",) if kind == "data" else ()
    allowed = (*PATHS[kind], *MADE, *source)
    entries = own.ask("diff", "--raw", "--no-renames", "-z", base, commit).split("\0")
    for described, path in zip(entries[::2], entries[1::2], strict=False):
        mode = described.split()[1]
        fits = any(
            path == pattern or (pattern.endswith("/") and path.startswith(pattern))
            for pattern in allowed
        )
        if not fits or mode not in MODES:
            raise UserError(
                f"the renewal of {kind} may not change {json.dumps(path)} (mode {mode}): refused"
            )
