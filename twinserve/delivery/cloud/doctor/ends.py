"""Until when others support what this stands on, and of which day that is: ``support.json``.

A runtime of Google's goes out of support with its Python, by its lifecycle; a source that names the
month alone counts from its first day.
"""

from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

PATH = Path(__file__).with_name("support.json")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Ends(_Part):
    """The last days of several versions, and where that is published."""

    source: str
    ends: dict[str, date]


class Support(_Part):
    """What the file holds.

    Attributes:
        as_of: the day on which it was looked up.
    """

    as_of: date
    python: Ends
    runtimes: Ends


def read_support(path: Path = PATH) -> Support:
    """The engine's own file, or another."""
    return Support.model_validate_json(path.read_bytes())
