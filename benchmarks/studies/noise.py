"""Noise of a machine: the same bundle on both sides of the comparison, recorded round by round."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from twinserve.config.errors import UserError
from twinserve.config.measurement import Measurement
from twinserve.measure.machine.conditions import Conditions, begin_measurement
from twinserve.measure.pages.render import readable_time
from twinserve.measure.pairs.micro import run_suite
from twinserve.measure.pairs.side_by_side import Side, take_rounds
from twinserve.measure.statistics import Floats

RECORDED = Path("tests/benchmarks/noise.npz")
MICRO, NAMES, FACTS = "micro", "names", "facts"
# What is recorded of a target.
COLD, WARM = "cold", "warm"

Pair = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Noise:
    """The recorded samples, in the order in which they were taken.

    Attributes:
        cold_ms: of each target, by round, side and start.
        warm_ms: of each target, by round, side and request.
        micro_us: medians of the micro-benchmarks, by round, side and benchmark.
        micro: their names.
    """

    conditions: Conditions
    cold_ms: Mapping[str, Floats]
    warm_ms: Mapping[str, Floats]
    micro_us: Floats
    micro: tuple[str, ...]

    @property
    def recorded(self) -> str:
        """When and where, in a sentence."""
        conditions = self.conditions
        return (
            f"Noise recorded {readable_time(conditions.taken_at)} on {conditions.machine}, "
            f"load average {conditions.load}."
        )


def record_noise(
    sides: Sequence[Side], wanted: Measurement, suites: int, say: Callable[[str], None]
) -> Noise:
    """Compare each target with itself, then the micro-benchmarks of this tree with themselves.

    Raises:
        UserError: a target does not answer, or the suite fails.
    """
    end = begin_measurement()
    cold: dict[str, list[Pair]] = {side.target.name: [] for side in sides}
    warm: dict[str, list[Pair]] = {name: [] for name in cold}
    # The targets take turns too, so that each has seen all that the machine went through.
    for number, rounds in enumerate(zip(*(take_rounds(s, s, wanted) for s in sides), strict=True)):
        for side, taken in zip(sides, rounds, strict=True):
            name = side.target.name
            cold[name].append((taken.base.cold_ms, taken.candidate.cold_ms))
            warm[name].append((taken.base.latencies_ms, taken.candidate.latencies_ms))
        say(f"round {number + 1} of {wanted.comparison.rounds}")
    micro = []
    for number in range(suites):
        micro.append([run_suite(Path()) for _ in range(2)])
        say(f"micro-benchmarks: round {number + 1} of {suites}")
    names = tuple(sorted(micro[0][0]))
    return Noise(
        end(),
        {name: np.asarray(taken) for name, taken in cold.items()},
        {name: np.asarray(taken) for name, taken in warm.items()},
        np.asarray([[[medians[name] for name in names] for medians in pair] for pair in micro]),
        names,
    )


def write_noise(noise: Noise, path: Path) -> None:
    """Keep it to the microsecond."""
    arrays: dict[str, Any] = {MICRO: noise.micro_us.astype(np.float32)}
    arrays[NAMES] = np.asarray(noise.micro)
    for kind, by_target in ((COLD, noise.cold_ms), (WARM, noise.warm_ms)):
        for name, taken in by_target.items():
            arrays[f"{kind} {name}"] = np.round(taken * 1e3).astype(np.uint32)
    arrays[FACTS] = np.asarray(json.dumps(asdict(noise.conditions)))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


def read_noise(path: Path = RECORDED) -> Noise:
    """Read the noise that was kept.

    Raises:
        UserError: there is no such file.
    """
    try:
        with np.load(path) as kept:
            arrays = {name: kept[name] for name in kept.files}
    except FileNotFoundError:
        raise UserError(f"{path}: not there; record it with `twinserve bench noise`") from None
    cold, warm = (
        {
            name.removeprefix(f"{kind} "): taken / 1e3
            for name, taken in arrays.items()
            if name.startswith(f"{kind} ")
        }
        for kind in (COLD, WARM)
    )
    conditions = TypeAdapter(Conditions).validate_json(str(arrays[FACTS]))
    names = tuple(map(str, arrays[NAMES]))
    return Noise(conditions, cold, warm, arrays[MICRO].astype(np.float64), names)
