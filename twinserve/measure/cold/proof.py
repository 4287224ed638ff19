"""Whether an answer proves a cold start, and what it says of that start."""

import re
from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum

# An endpoint learns from its kernel when its process began, in ticks of this length rounded down:
# the age it tells may be too large by up to one.
TICK_MS = 10.0

_INSTANCE = re.compile(r"\s*([A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*)\s*(?:;(.*))?")
_TIMING_METRIC = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*(?:;\s*(.*))?")


class Rejection(StrEnum):
    """Why a start was not counted as cold."""

    NOT_200 = "the first answer was not 200"
    NO_ANSWER = "the connection was closed without an answer"
    ANONYMOUS = "the answer does not say which instance gave it"
    SEEN = "the instance had been seen before"
    NOT_FIRST = "the instance had answered before"
    TOO_OLD = "the process is older than the request for it"


@dataclass(frozen=True, slots=True)
class Instance:
    """The process that gave an answer, by its ``X-Instance`` header.

    Attributes:
        requests: answered by it, this one included; health requests do not count.
        age_ms: since the process began.
    """

    name: str
    requests: int
    age_ms: float


@dataclass(frozen=True, slots=True)
class Part:
    """A metric of a ``Server-Timing`` header, in milliseconds."""

    name: str
    ms: float


def read_instance(header: str | None) -> Instance | None:
    """Read ``i3fa9; requests=1; age=183.214`` (an RFC 9651 item); None if it is not that."""
    match = _INSTANCE.fullmatch(header or "")
    if match is None:
        return None
    pairs = (pair.partition("=") for pair in (match[2] or "").split(";"))
    parameters = {name.strip(): value.strip() for name, _, value in pairs}
    try:
        return Instance(match[1], int(parameters["requests"]), float(parameters["age"]))
    except (KeyError, ValueError):
        return None


def read_server_timing(header: str | None) -> tuple[Part, ...]:
    """The metrics that have a duration, in their order; what is malformed is left out."""
    parts = []
    for metric in (header or "").split(","):
        match = _TIMING_METRIC.fullmatch(metric.strip())
        for parameter in (match[2] or "").split(";") if match else ():
            key, _, value = parameter.partition("=")
            if match and key.strip().lower() == "dur":
                try:
                    parts.append(Part(match[1], float(value.strip().strip('"'))))
                except ValueError:
                    break
    return tuple(parts)


def judge(instance: Instance | None, seen: Container[str], since_ms: float) -> Rejection | None:
    """None if the answer proves a cold start, else why it does not.

    Args:
        instance: what the answer said.
        seen: names of every instance met so far in this run.
        since_ms: from the moment before which the process cannot have begun, if it was started for
            this request, until its answer.
    """
    if instance is None:
        return Rejection.ANONYMOUS
    if instance.name in seen:
        return Rejection.SEEN
    if instance.requests != 1:
        return Rejection.NOT_FIRST
    if instance.age_ms - TICK_MS >= since_ms:
        return Rejection.TOO_OLD
    return None
