"""``twinserve renew``: what comes in from outside, whole or not at all, as a commit on a branch."""

import argparse
from pathlib import Path

from packaging.utils import canonicalize_name

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.bundle.pins import read_rooms
from twinserve.delivery.worktree import end_as_interrupted
from twinserve.renewal.packages import Wanted, bring_in
from twinserve.renewal.trees import REPORTS, Trees, conclude, open_trees


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what is to be renewed."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    packages = kinds.add_parser("packages", help="newer versions, in all rooms' locks together")
    packages.add_argument("names", nargs="*", metavar="NAME", help="these alone; else all")
    for kind in (packages,):
        kind.add_argument(
            "--engine",
            action="store_true",
            help="run the engine's suite too, as the pull request will",
        )
        kind.add_argument("--rounds", type=int, help="of the comparison, instead of the usual")


def run(arguments: argparse.Namespace) -> None:
    """Renew, and say what came of it."""
    end_as_interrupted()
    kinds = {"packages": _packages}
    print(kinds[arguments.kind](arguments))


def _packages(arguments: argparse.Namespace) -> str:
    names = tuple(canonicalize_name(name) for name in arguments.names)
    known = {name for pins in read_rooms(Path()).values() for name in pins}
    if unknown := sorted(set(names) - known):
        raise UserError(f"{', '.join(unknown)}: in no lock; `twinserve renew packages` takes all")
    with open_trees("packages") as trees:
        return _renew_packages(trees, names, arguments)


def _renew_packages(trees: Trees, names: tuple[str, ...], arguments: argparse.Namespace) -> str:
    rules = load_params().renewal
    log = REPORTS / "packages.log"
    brought = bring_in(trees.new, Wanted(names, (), rules, arguments.engine, log))
    if not brought.changes:
        held = ", ".join(f"{one.package} {one.version} ({one.line})" for one in brought.held)
        return f"nothing newer fits; held back: {held}" if held else "nothing is newer"
    return conclude(trees, brought, arguments.rounds)
