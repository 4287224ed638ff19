"""``twinserve renew``: what comes in from outside, whole or not at all, as a commit on a branch."""

import argparse
import os
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.probe.history import challenges_for
from twinserve.renewal.kinds import KINDS, Options
from twinserve.renewal.proposal.outcome import (
    REPORT,
    Kind,
    Outcome,
    State,
    write_bundle,
    write_outcome,
)
from twinserve.renewal.trees import Concluded
from twinserve.review.render import code
from twinserve.targets.child import end_as_interrupted
from twinserve.targets.git import Checkout
from twinserve.targets.github.workflow import set_outputs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what is to be renewed, or a step of ``renew.yml``."""
    commands = parser.add_subparsers(dest="command", required=True, metavar="KIND")
    for name, kind in KINDS.items():
        subcommand = commands.add_parser(name, help=kind.help)
        if kind.names:
            subcommand.add_argument(
                "names", nargs=kind.count, metavar=kind.names, help=kind.names_help
            )
        if kind.fetch:
            subcommand.add_argument("--fetch", action="store_true", help=kind.fetch)
        subcommand.add_argument("--engine", action="store_true", help="run the engine's suite too")
        subcommand.add_argument(
            "--rounds", type=int, help="of the comparison, instead of the usual"
        )
    planned = commands.add_parser("planned", help="what $KIND or $SCHEDULE names, in a workflow")
    planned.add_argument("--leave", type=Path, required=True, help="folder for the next job")
    opening = commands.add_parser("open", help="open the pull request of what was left")
    opening.add_argument("folder", type=Path)
    telling = commands.add_parser("tell", help="tell how the pull request's checks ended")
    telling.add_argument("figures", type=Path, help="the figures of `review collect`")
    commands.add_parser("merge", help="merge the pull request whose checks have passed")


def run(arguments: argparse.Namespace) -> None:
    """Renew, and say what came of it."""
    end_as_interrupted()
    steps = {"planned": _planned, "open": _open, "tell": _tell, "merge": _merge}
    print(steps.get(arguments.command, _renew)(arguments))


def _renew(arguments: argparse.Namespace) -> str:
    names = getattr(arguments, "names", ())
    given = (names,) if isinstance(names, str) else tuple(names)
    fetch = getattr(arguments, "fetch", False)
    options = Options(given, engine=arguments.engine, rounds=arguments.rounds, fetch=fetch)
    concluded = KINDS[arguments.command].renew(options)
    if concluded.challenge is None:
        return concluded.line
    history = challenges_for(load_params(), deployed=False, project=None)
    kept = history.append(concluded.challenge)
    return f"{concluded.line}; kept: {kept}, which `make history` draws"


def _planned(arguments: argparse.Namespace) -> str:
    from twinserve.renewal.proposal.planned import read_planned

    planned, folder = read_planned(), arguments.leave
    # A Python is renewed by hand alone, on a machine that is thrown away.
    options = Options(planned.names, engine=True, rounds=None, fetch=True)
    try:
        concluded = KINDS[planned.kind].renew(options)
    except UserError as error:
        outcome = Outcome(kind=planned.kind, state="refused", line=str(error)[:4000])
        write_outcome(folder, outcome)
        raise
    return _leave(folder, planned.kind, concluded)


def _leave(folder: Path, kind: Kind, concluded: Concluded) -> str:
    from twinserve.renewal.proposal.objects import leave_objects

    if concluded.branch is not None:
        write_bundle(folder, Checkout(Path.cwd()), concluded.branch)
        content = concluded.report.read_bytes() if concluded.report else b""
        (folder / REPORT).write_bytes(content)
        leave_objects(folder, Checkout(Path.cwd()), concluded.branch)
    state: State = "nothing" if concluded.branch is None else "renewed"
    challenge = concluded.challenge
    write_outcome(folder, Outcome(kind=kind, state=state, line=concluded.line, challenge=challenge))
    return concluded.line


def _open(arguments: argparse.Namespace) -> str:
    from twinserve.renewal.proposal.opening import open_left, read_repository

    opened = open_left(arguments.folder, read_repository())
    set_outputs(
        {
            "base": opened.base,
            "checks": opened.checks,
            "head": opened.head,
            "merge": "true" if opened.merge else "",
            "number": opened.number or "",
        }
    )
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{code(opened.line)}\n")
    return opened.line


def _tell(arguments: argparse.Namespace) -> str:
    from twinserve.renewal.proposal.verdict import read_verdict, tell

    return "\n".join(tell(arguments.figures, read_verdict()))


def _merge(_: argparse.Namespace) -> str:
    from twinserve.renewal.proposal.merging import merge, read_passed

    return merge(read_passed())
