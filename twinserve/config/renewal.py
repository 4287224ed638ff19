"""Section of ``params.yaml`` about what comes in from outside: packages, Python, tools, rows."""

from typing import Annotated, Literal

from pydantic import Field

from twinserve.config.section import Section


class Renewal(Section):
    """What `twinserve renew` takes, and how long it looks for what breaks."""

    min_age_days: Annotated[int, Field(ge=0, le=365)] = 7
    """Days for which a version must have been published; one that mends a known vulnerability is
    taken at once."""
    most_fits: Annotated[int, Field(ge=1, le=100)] = 12
    """Number of times that a set of versions is installed and checked to find which of them break
    something; beyond it the whole set is held back."""
    same_version: Literal["say", "refuse"] = "say"
    """A model that changes while `model.version` does not: `say` so in the report and in the pull
    request, or `refuse` both."""
