"""Cold starts of the same thing in two places, in turns."""

from twinserve.measure.cold.starts import ColdSample, prove
from twinserve.targets.protocol import Target


def take_pairs(
    measured: tuple[str, Target], against: tuple[str, Target], body: bytes, rounds: int
) -> list[tuple[ColdSample, ColdSample]]:
    """A cold start of each in every round, the other place first in every second.

    Raises:
        UserError: a start was not proven cold.
    """
    seen: set[str] = set()
    pairs: list[tuple[ColdSample, ColdSample]] = []
    for number in range(rounds):
        samples: dict[int, ColdSample] = {}
        for place in (1, 0) if number % 2 else (0, 1):
            name, target = (measured, against)[place]
            with target.start() as endpoint:
                samples[place] = prove(name, endpoint, body, seen)
        pairs.append((samples[0], samples[1]))
    return pairs
