"""A model that fresh rows made and that was worse than the one it challenged, as it is kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from twinserve.measure.history.document import SHORT, Moment, Name, kept_line, name_of, parse_kept
from twinserve.measure.pages.render import readable_time
from twinserve.measure.pages.text import number
from twinserve.measure.statistics import Estimate

# The newest that the page lists.
SHOWN = 60


class Challenge(BaseModel):
    """Both models' mean loss on rows that neither was trained on.

    Attributes:
        commit: whose model was challenged.
        difference: challenger less champion, with its 95% interval; above 0 is worse.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    taken_at: Moment
    commit: Name
    model: Name
    version: Name
    loss: Name
    rows: Annotated[int, Field(ge=1)]
    champion: float
    challenger: float
    difference: Estimate

    @classmethod
    def taken(cls, moment: datetime, **members: Any) -> Self:  # noqa: ANN401 - checked by the model
        """A challenge that has ended at a moment."""
        return cls(taken_at=moment.isoformat(timespec="seconds"), **members)

    @property
    def name(self) -> str:
        """Of its file."""
        return name_of(self.taken_at, self.commit, "challenge")

    def to_line(self) -> str:
        """JSON in one line."""
        return kept_line(self)


def read_challenge(line: str, where: str) -> Challenge:
    """A document that was kept.

    Raises:
        UserError: it does not fit; the message says where it is and what is wrong.
    """
    return parse_kept(Challenge, "challenge", line, where)


def challenge_rows(challenges: Sequence[Challenge]) -> list[dict[str, Any]]:
    """Of the page's table, the newest first."""
    return [
        {
            "taken_at": challenge.taken_at,
            "when": readable_time(challenge.taken_at),
            "model": f"{challenge.model} {challenge.version}",
            "commit": challenge.commit[:SHORT],
            "loss": challenge.loss,
            "rows": f"{challenge.rows:,}",
            "champion": number(challenge.champion),
            "challenger": number(challenge.challenger),
            "difference": f"{challenge.difference.value:+.4g}",
            "range": f"{challenge.difference.low:+.4g} to {challenge.difference.high:+.4g}",
        }
        for challenge in reversed(challenges[-SHOWN:])
    ]
