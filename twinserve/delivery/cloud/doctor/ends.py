"""How long others support what this stands on, how old it is, and where that is published.

All of it is in ``support.json``.

A runtime of Google's goes out of support with its Python, by its lifecycle; a source that names the
month alone counts from its first day.
"""

from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

PATH = Path(__file__).with_name("support.json")


class _Part(BaseModel):
    """Something that was looked up.

    Attributes:
        source: where it is published.
        as_of: the day on which it was looked up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    source: str
    as_of: date


class Ends(_Part):
    """The last days of several versions."""

    ends: dict[str, date]


class BaseImage(_Part):
    """The image that the service's own is built on.

    Attributes:
        name: with tag and digest.
        created: the day on which it was built.
    """

    name: str
    created: date


class Support(BaseModel):
    """The file of ends of support."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    python: Ends
    runtimes: Ends
    base_image: BaseImage


def read_support(path: Path = PATH) -> Support:
    """The engine's own file, or another."""
    return Support.model_validate_json(path.read_bytes())


def write_support(support: Support, path: Path) -> None:
    """Write it as it is kept."""
    path.write_text(support.model_dump_json(indent=2) + "\n", encoding="utf-8")
