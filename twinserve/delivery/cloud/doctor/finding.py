"""A line of the doctor's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from twinserve.config.errors import UserError


class Weight(StrEnum):
    """The meaning of a finding for a push."""

    FINE = "fine"
    WARNING = "warning"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check.

    Attributes:
        subject: what was looked at.
        told: what it is like.
        cure: what to do about it; empty where nothing is to be done.
    """

    weight: Weight
    subject: str
    told: str
    cure: str = ""

    @property
    def stops(self) -> bool:
        """Whether a push would fail."""
        return self.weight is Weight.STOP

    @property
    def line(self) -> str:
        cure = f" Fix: {self.cure}" if self.cure else ""
        return f"{self.weight:<7} {self.subject}: {self.told}{cure}"

    def members(self) -> dict[str, str]:
        """For programs."""
        return {
            "weight": self.weight.value,
            "subject": self.subject,
            "told": self.told,
            "cure": self.cure,
        }


def fine(subject: str, told: str) -> Finding:
    """All is as it should be."""
    return Finding(Weight.FINE, subject, told)


def warn(subject: str, told: str, cure: str) -> Finding:
    """A push would go through, but something is lost."""
    return Finding(Weight.WARNING, subject, told, cure)


def stop(subject: str, told: str, cure: str) -> Finding:
    """A push would fail."""
    return Finding(Weight.STOP, subject, told, cure)


Check = Callable[[], Sequence[Finding]]


def asked(subject: str, check: Check) -> Sequence[Finding]:
    """The findings of a check; that its question was refused is a finding too."""
    try:
        return check()
    except UserError as error:
        told, _, cure = str(error).partition(" Fix: ")
        return [warn(subject, f"could not be asked: {told}", cure or "ask as the project's owner")]
