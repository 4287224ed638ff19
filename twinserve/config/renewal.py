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
    max_age_days: Annotated[int, Field(ge=1)] = 180
    """Days after which prices, and dates of support, are looked up too long ago."""
    loss: Literal["wrong", "absolute", "squared"] | None = None
    """What is counted where fresh rows make another model, on rows that neither model was trained
    on: `wrong` answers, `absolute` or `squared` errors; left out: the first of a classification,
    the second of a regression."""
    margin: Annotated[float, Field(ge=0)] = 0
    """How much more of that mean loss the new model may have: over it by the whole 95% interval,
    the rows do not come in."""
    min_unseen_rows: Annotated[int, Field(ge=2)] = 30
    """On fewer such rows neither model is called better."""
    same_version: Literal["say", "refuse"] = "say"
    """A model that changes while `model.version` does not: `say` so in the report and in the pull
    request, or `refuse` both."""
