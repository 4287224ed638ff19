"""Throughput and memory of two sides, loaded back to back in turns."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from twinserve.config.errors import UserError
from twinserve.measure.http import load
from twinserve.measure.http.client import post
from twinserve.measure.machine.memory import tree_pss_bytes
from twinserve.measure.pairs.side_by_side import Side
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering

SECONDS = 0.5
WARM_UP_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Load:
    """A side in a round.

    Attributes:
        memory: proportional set size after the load; None where the kernel does not tell.
    """

    per_second: float
    memory: int | None


def take_loads(
    base: Side, candidate: Side, *, rounds: int, connections: int
) -> list[tuple[Load, Load]]:
    """Start both afresh in every round, then load each; the other first in every second.

    Raises:
        UserError: a side cannot be started, or answers nothing.
    """
    taken = []
    for number in range(rounds):
        order = (0, 1) if number % 2 == 0 else (1, 0)
        loads: dict[int, Load] = {}
        with ExitStack() as running:
            sides = (base, candidate)
            endpoints = {
                place: running.enter_context(sides[place].target.start()) for place in order
            }
            for place in order:
                wait_until_answering(endpoints[place])
                loads[place] = _load(endpoints[place], sides[place].body, connections)
        taken.append((loads[0], loads[1]))
    return taken


def memories(side: Sequence[Load]) -> list[float] | None:
    """The sizes of every round; None where one was not told."""
    sizes = [load.memory for load in side if load.memory is not None]
    return [float(size) for size in sizes] if len(sizes) == len(side) else None


def _load(endpoint: Endpoint, body: bytes, connections: int) -> Load:
    call = post(endpoint.predict_url, body, token=endpoint.token, headers=endpoint.headers)
    answered = load.back_to_back(
        call, connections=connections, seconds=SECONDS, warm_up_seconds=WARM_UP_SECONDS
    )
    if not answered.answers:
        raise UserError(f"{endpoint.name}: no request was answered with 200")
    memory = tree_pss_bytes(endpoint.pid) if endpoint.pid is not None else None
    return Load(answered.per_second, memory)
