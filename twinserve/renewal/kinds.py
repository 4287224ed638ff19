"""What can be renewed, by the word that names it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.bundle.pins import read_rooms
from twinserve.renewal import tools
from twinserve.renewal.fit import fit
from twinserve.renewal.fresh_rows import bring_rows
from twinserve.renewal.packages import OUTPUTS, Brought, Wanted, bring_in
from twinserve.renewal.proposal.outcome import Kind
from twinserve.renewal.trees import (
    MOST_NAMED,
    REPORTS,
    Concluded,
    Words,
    conclude,
    open_trees,
    subject_of,
)
from twinserve.renewal.vulnerabilities import ask
from twinserve.review.render import code


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says besides the kind.

    Attributes:
        engine: whether the engine's suite is one of the checks.
        rounds: of the comparison; None for the usual number.
    """

    names: tuple[str, ...]
    engine: bool
    rounds: int | None


@dataclass(frozen=True, slots=True)
class Renewable:
    """A kind of renewal.

    Attributes:
        names: what the arguments are called; empty where there are none.
        count: as argparse counts arguments.
    """

    help: str
    renew: Callable[[Options], Concluded]
    names: str = ""
    names_help: str = ""
    count: str | None = "*"


def renew_packages(options: Options) -> Concluded:
    """Newer versions, in all rooms' locks together.

    Raises:
        UserError: a name is in no lock, or nothing comes in, and why.
    """
    names = tuple(canonicalize_name(name) for name in options.names)
    known = {name for pins in read_rooms(Path()).values() for name in pins}
    if unknown := sorted(set(names) - known):
        raise UserError(f"{', '.join(unknown)}: in no lock; `twinserve renew packages` takes all")
    with open_trees("packages") as trees:
        at_once, notes = _vulnerable()
        wanted = Wanted(
            names, at_once, load_params().renewal, options.engine, REPORTS / "packages.log"
        )
        brought = bring_in(trees.new, wanted)
        if not brought.changes:
            held = ", ".join(
                f"{hold.package} {hold.version} ({hold.line})" for hold in brought.held
            )
            line = f"nothing newer fits; held back: {held}" if held else "nothing is newer"
            return Concluded(line)
        return conclude(trees, brought, options.rounds, Words(subject_of(brought), notes))


def _vulnerable() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The packages that are renewed at once; a note where nobody could be asked."""
    try:
        vulnerabilities = ask(Path())
    except UserError as error:
        return (), (f"The age limit held for all: {code(str(error))}.",)
    return tuple(
        sorted({vulnerability.package for vulnerability in vulnerabilities if vulnerability.fixed})
    ), ()


def renew_data(options: Options) -> Concluded:
    """New rows from the table's source.

    Raises:
        UserError: the table is refused, or what is made of it.
    """
    with open_trees("data") as trees:
        return bring_rows(trees, engine=options.engine, rounds=options.rounds)


def renew_tools(options: Options) -> Concluded:
    """Newer gcloud and images, and dates of support.

    Raises:
        UserError: a source cannot be asked, or a check fails.
    """
    with open_trees("tools") as trees:
        moved = tools.renew_tools(trees.new.directory)
        if not moved:
            return Concluded("no tool is newer")
        passed = fit(
            trees.new.directory, REPORTS / "tools.log", outputs=OUTPUTS, engine=options.engine
        )
        notes = tuple(f"- {code(tool.line)}" for tool in moved)
        subject = f"Renew tools: {', '.join(tool.name for tool in moved[:MOST_NAMED])}"
        words = Words(subject, ("\n".join(notes),))
        return conclude(trees, Brought((), (), passed, 1), options.rounds, words)


KINDS: Mapping[Kind, Renewable] = {
    "packages": Renewable(
        "newer versions, in all rooms' locks together",
        renew_packages,
        "NAME",
        "these alone; else all",
    ),
    "tools": Renewable("gcloud, the images of builds and service, dates of support", renew_tools),
    "data": Renewable("new rows, from where `dvc import-url` has the table from", renew_data),
}
