"""The whole of it: the places, every lock, and what its pull request will run, by that Python."""

import tomllib
from datetime import UTC, date, datetime

from twinserve.config.errors import UserError
from twinserve.delivery.bundle.locks import lock
from twinserve.delivery.bundle.oldest import PROJECT, oldest_python
from twinserve.delivery.bundle.pins import changes, read_rooms
from twinserve.delivery.cloud.doctor.ends import Support, read_support
from twinserve.renewal.fit import fit
from twinserve.renewal.held import read_held
from twinserve.renewal.packages import OUTPUTS, Brought
from twinserve.renewal.python.interpreter import find_interpreter
from twinserve.renewal.python.places import Python, write_python
from twinserve.renewal.trees import REPORTS, Concluded, Words, conclude, open_trees
from twinserve.review.render import code


def renew_python(written: str, *, fetch: bool, engine: bool, rounds: int | None) -> Concluded:
    """Bring in another Python, or leave all as it is; what came of it.

    Raises:
        UserError: it is none that can be served, none is here, no versions of the packages fit it,
            or a check fails.
    """
    old, new = Python.read(oldest_python()), Python.read(written)
    if new == old:
        return Concluded(f"it is Python {new.version} already")
    today = datetime.now(UTC).date()
    check(new, read_support(), today)
    interpreter = find_interpreter(new.version, fetch=fetch)
    with open_trees("python") as trees:
        tree = trees.new.directory
        rooms = read_rooms(tree)
        moved = write_python(tree, old, new, today)
        print(f"Python {new.version}: {interpreter}; resolving", flush=True)
        lock(tree)
        log = REPORTS / "python.log"
        passed = fit(tree, log, outputs=OUTPUTS, engine=engine, interpreter=str(interpreter))
        images = "\n".join(f"- {code(move.line)}" for move in moved)
        how = f"By Python {old.version} and {new.version}, each bundle by its own."
        words = Words(f"Renew Python: {old.version} to {new.version}", (how, images))
        brought = Brought(changes(rooms, read_rooms(tree)), read_held(tree), passed, 1)
        return conclude(trees, brought, rounds, words)


def check(new: Python, support: Support, today: date) -> None:
    """Refuse a version that nobody supports, or that the engine is not written for.

    Raises:
        UserError: with what is known of it.
    """
    content = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    written_for = str(content["tool"]["ruff"]["target-version"]).removeprefix("py3")
    if new.minor < int(written_for):
        raise UserError(f"the engine is written for Python 3.{written_for} and newer")
    for version, part in ((new.version, support.python), (new.runtime, support.runtimes)):
        last = part.ends.get(version)
        if last is None:
            known = ", ".join(part.ends)
            raise UserError(
                f"{version}: {part.source} had no last day of it on {part.as_of}, but of {known}; "
                "`twinserve renew tools` asks again"
            )
        if last <= today:
            raise UserError(f"{version} is out of support since {last} ({part.source})")
