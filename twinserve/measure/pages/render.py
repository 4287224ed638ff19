"""The elements of the pages, and their rendering from the templates beside this module."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinserve.measure.pages.svg import COLOURS

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, and what stands small beneath it."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled row of figures."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first column is its rows' labels."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Legend:
    """A colour and what it stands for."""

    label: str
    style: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of a list of facts, or a figure on a card."""

    label: str
    value: str
    unit: str = ""


def legend(labels: Sequence[str], kind: str) -> tuple[Legend, ...]:
    """The colours in their order: of series (``s``) or of parts of a whole (``p``)."""
    many = COLOURS[kind]
    return tuple(Legend(label, f"{kind}{index % many}") for index, label in enumerate(labels))


def readable_time(taken_at: str) -> str:
    """An ISO 8601 moment in UTC, for reading."""
    return f"{datetime.fromisoformat(taken_at):%-d %B %Y, %H:%M} UTC"


def render(name: str, content: Mapping[str, Any]) -> str:
    """Fill in a template; HTML is escaped, Markdown is not."""
    return _environment().get_template(name).render(content)


@cache
def _environment() -> "jinja2.Environment":
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(("html.j2", "css.j2")),
        undefined=jinja2.StrictUndefined,
    )
    made.globals["colours"] = COLOURS
    return made
