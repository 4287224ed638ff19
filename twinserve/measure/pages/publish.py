"""Measurements, put into the pages of the repository, between the marks that stand there."""

import re
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.measure.pages.render import Table, render

DOCS = Path("docs")
BENCHMARKS = DOCS / "benchmarks.md"
PERFORMANCE = DOCS / "performance.md"
MEASURING = DOCS / "measuring.md"
SCORING = DOCS / "scoring.md"
TABLES = DOCS / "tables.md"


def publish(page: Path, name: str, content: str) -> None:
    """Replace what stands between ``<!-- begin name -->`` and ``<!-- end name -->``.

    Raises:
        UserError: the page or the marks are not there.
    """
    marks = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
    try:
        old = page.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{page}: {error.strerror}; run this from the top") from None
    new, replaced = marks.subn(lambda mark: f"{mark[1]}{content.strip()}\n{mark[2]}", old)
    if replaced != 1:
        raise UserError(f"{page}: expected the marks `begin {name}` and `end {name}` once")
    page.write_text(new, encoding="utf-8")


def publish_picture(name: str, picture: str) -> str:
    """Write a plot as a file of its own, with the pages' colours; its path from the top."""
    style = f"<style>{render('page.css.j2', {})} svg {{ background: var(--paper); }}</style>"
    head, rest = picture.split(">", 1)
    path = DOCS / f"{name}.svg"
    path.parent.mkdir(exist_ok=True)
    namespace = ' xmlns="http://www.w3.org/2000/svg">'
    path.write_text(f"{head}{namespace}{style}{rest}\n", encoding="utf-8")
    return str(path)


def as_markdown(table: Table) -> str:
    """The table, its caption above it."""
    lines = [
        f"{table.caption}:",
        "",
        f"| {' | '.join(table.columns)} |",
        f"| --- |{' ---: |' * (len(table.columns) - 1)}",
    ]
    for row in table.rows:
        cells = (f"{cell.text} ({cell.note})" if cell.note else cell.text for cell in row.cells)
        lines.append(f"| {' | '.join((row.label, *cells))} |")
    return "\n".join(lines) + "\n"
