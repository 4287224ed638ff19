"""Progress that suits whoever watches: a bar on a terminal, plain lines in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from pydantic import ValidationError

LINES = 10
# Of a text that a stranger wrote.
LONGEST = 200

OnStep = Callable[[str, int, int], None]


def say_step(console: Console, number: int, of: int, title: str) -> None:
    """Head what a command prints next."""
    console.print(f"[bold]\\[{number}/{of}][/bold] {escape(title)}")


def one_line(text: str) -> str:
    """A stranger's text as it may stand in a line: nothing that a terminal obeys, and not long."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())[:LONGEST]


def first_fault(error: "ValidationError") -> str:
    """The first thing that is wrong with a document, after its place, as it may stand in a line."""
    wrong = error.errors(include_url=False)[0]
    return one_line(f"{'.'.join(map(str, wrong['loc']))} {wrong['msg']}")


@contextmanager
def progress(console: Console) -> Iterator[OnStep]:
    """Give a function that takes what is being done, how much is done, and of how much."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (
        TextColumn("      {task.description:<30}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def step(title: str, done: int, total: int) -> None:
            bar.update(task, description=title, completed=done, total=total)

        yield step


def _lines(console: Console) -> OnStep:
    """At most ``LINES`` lines, evenly spread."""
    said = 0

    def step(title: str, done: int, total: int) -> None:
        nonlocal said
        if done * LINES >= (said + 1) * total:
            said = done * LINES // total
            console.print(f"      {done:>4} of {total}  {title}")

    return step
