"""What can be renewed, by the word that names it."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.bundle.pins import read_rooms
from twinserve.delivery.worktree import run_in
from twinserve.renewal.effect import runtime_of
from twinserve.renewal.fit import fit
from twinserve.renewal.fresh_rows import bring_rows
from twinserve.renewal.packages import OUTPUTS, Brought, Wanted, bring_in
from twinserve.renewal.proposal.outcome import Kind
from twinserve.renewal.python.renewing import renew_python
from twinserve.renewal.tools.google import Login, log_in
from twinserve.renewal.tools.renewing import PRICES, Google, renew_tools
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
        fetch: whether uv may fetch a Python that is not here.
    """

    names: tuple[str, ...]
    engine: bool
    rounds: int | None
    fetch: bool = False


@dataclass(frozen=True, slots=True)
class Renewable:
    """A kind of renewal.

    Attributes:
        names: what the arguments are called; empty where there are none.
        count: as argparse counts arguments.
        fetch: what the option of this name is for; empty where there is none.
    """

    help: str
    renew: Callable[[Options], Concluded]
    names: str = ""
    names_help: str = ""
    count: str | None = "*"
    fetch: str = ""


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
            names,
            at_once,
            load_params().renewal,
            options.engine,
            REPORTS / "packages.log",
            lambda: runtime_of(trees.base.directory),
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


def renew_another_python(options: Options) -> Concluded:
    """Another Python, everywhere.

    Raises:
        UserError: no version or several are named, or it does not come in, and why.
    """
    if len(options.names) != 1:
        raise UserError(f"one version of Python is renewed at a time, not {len(options.names)}")
    return renew_python(
        options.names[0], fetch=options.fetch, engine=options.engine, rounds=options.rounds
    )


def renew_what_builds(options: Options) -> Concluded:
    """Newer gcloud and images, prices, and dates of support.

    Raises:
        UserError: a source cannot be asked, or a check fails.
    """
    with open_trees("tools") as trees:
        tree = trees.new.directory
        renewed = renew_tools(tree, Google(_log_in, load_params().deployment.region))
        unasked = [f"Not looked up: {line}" for line in renewed.unasked]
        if not renewed.moved:
            return Concluded("; ".join(["no tool is newer", *unasked]))
        if trees.new.ask("status", "--porcelain", str(PRICES)):
            # Parameters have them as defaults.
            run_in(tree, [sys.executable, "-m", "twinserve", "reference"])
        passed = fit(tree, REPORTS / "tools.log", outputs=OUTPUTS, engine=options.engine)
        lines = [*(change.line for change in renewed.moved), *unasked]
        notes = "\n".join(f"- {code(line)}" for line in lines)
        names = list(dict.fromkeys(change.name for change in renewed.moved))
        words = Words(f"Renew tools: {', '.join(names[:MOST_NAMED])}", (notes,))
        return conclude(trees, Brought((), (), passed, 1), options.rounds, words)


def _log_in() -> Login:
    """As gcloud is, for the project that the environment names.

    Raises:
        UserError: it names none, or nobody is logged in.
    """
    project = os.environ.get("GOOGLE_CLOUD_PROJECT")
    if not project:
        raise UserError("GOOGLE_CLOUD_PROJECT names no project to ask as")
    return log_in(project)


KINDS: Mapping[Kind, Renewable] = {
    "packages": Renewable(
        "newer versions, in all rooms' locks together",
        renew_packages,
        "NAME",
        "these alone; else all",
    ),
    "python": Renewable(
        "another Python: builds, images, function and every lock",
        renew_another_python,
        "VERSION",
        "such as 3.12",
        None,
        fetch="let uv fetch it, if it is not on this machine",
    ),
    "tools": Renewable(
        "gcloud, the images of builds and service, prices, dates of support", renew_what_builds
    ),
    "data": Renewable("new rows, from where `dvc import-url` has the table from", renew_data),
}
