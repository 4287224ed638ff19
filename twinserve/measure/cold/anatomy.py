"""A cold start taken apart, by one rule for a process, a container and a platform's instance."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinserve.measure.cold.proof import TICK_MS, Part

PLATFORM, INTERPRETER, NETWORK, REST = "platform", "interpreter", "network", "rest"
# In the order in which they are shown; what the server tells stands between the others.
PARTS = {
    PLATFORM: "platform, until the process is there",
    INTERPRETER: "interpreter and server",
    "imports": "imports",
    "model": "model load",
    "predict": "first prediction",
    NETWORK: "network",
    REST: "rest: listen, wait, handle",
}


@dataclass(frozen=True, slots=True)
class Client:
    """A request by the client's own clock, in milliseconds.

    Attributes:
        look_up_ms: of the host's address.
        connect_ms: one round trip.
        secure_ms: until TLS stood; 0 without.
        first_byte_ms: from the request being sent until the answer's first byte.
        last_byte_ms: from there until its last.
    """

    look_up_ms: float
    connect_ms: float
    secure_ms: float
    first_byte_ms: float
    last_byte_ms: float

    @property
    def network_ms(self) -> float:
        """Address, connection, TLS, the answer after its first byte; the request's way and back.

        That is a round trip, as the connection's was.
        """
        return self.look_up_ms + 2 * self.connect_ms + self.secure_ms + self.last_byte_ms


def take_apart(
    client: Client, told: Sequence[Part], *, total_ms: float, age_ms: float, local: bool
) -> tuple[Part, ...]:
    """The parts of one start; they make up ``total_ms``.

    The process began its age before the answer left. What came before that is the platform's, from
    the moment at which it was asked: by the request's arrival, or locally by the spawn.

    Args:
        client: what the client saw.
        told: what the server says of itself.
        total_ms: from the start being asked for to the last byte.
        age_ms: of the process when it answered, by its own account: up to a tick too large.
        local: whether the start was asked for by a spawn.
    """
    trip_ms = client.connect_ms
    if local:
        platform = total_ms - client.last_byte_ms - trip_ms / 2 - age_ms
    else:
        platform = client.first_byte_ms - trip_ms - age_ms
    # A process cannot be older than the demand for it: the tick is taken off where it was added.
    early = min(max(-platform, 0.0), TICK_MS)
    server = [
        Part(part.name, max(part.ms - early, 0.0)) if part.name == INTERPRETER else part
        for part in told
    ]
    platform = max(platform, 0.0)
    rest = total_ms - platform - client.network_ms - sum(part.ms for part in server)
    # A round trip is an estimate; where it leaves less than nothing it was shorter.
    network = max(client.network_ms + min(rest, 0.0), 0.0)
    return (Part(PLATFORM, platform), *server, Part(NETWORK, network), Part(REST, max(rest, 0.0)))


def typical_parts(
    totals_ms: Sequence[float], parts: Sequence[Sequence[Part]], median_ms: float
) -> tuple[Part, ...]:
    """Parts that make up the median: its shares are those of the middle half of the samples.

    Medians of each part on its own would not add up to the median of the whole.
    """
    order = sorted(range(len(totals_ms)), key=totals_ms.__getitem__)
    quarter = len(order) // 4
    middle = order[quarter : len(order) - quarter]
    whole = sum(part.ms for index in middle for part in parts[index])
    present = {part.name for index in middle for part in parts[index]}
    names = [*(name for name in PARTS if name in present), *sorted(present - PARTS.keys())]
    return tuple(
        Part(
            name,
            median_ms
            * sum(part.ms for index in middle for part in parts[index] if part.name == name)
            / whole,
        )
        for name in names
    )
