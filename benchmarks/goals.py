"""How fast and how small the targets are to be, as ratios to what they are compared with."""

from dataclasses import dataclass
from enum import StrEnum

from benchmarks.variants import (
    CEILING,
    EMPTY_FUNCTION,
    FLOOR_ONNX,
    FUNCTION,
    REFERENCE,
    SERVICE,
    SERVICE_ONNX,
    UNSET,
)
from twinserve.measure.statistics import Estimate


class Figure(StrEnum):
    """The quantities that are compared."""

    COLD = "cold start"
    THROUGHPUT = "requests/s"
    MEMORY = "memory"


class Standing(StrEnum):
    """How a ratio stands to its goal."""

    AIM = "aim met"
    HOLDS = "holds"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on the ratio of one variant to another, and what is hoped for beyond it."""

    variant: str
    against: str
    figure: Figure
    bound: float
    aim: float | None = None

    @property
    def more_is_better(self) -> bool:
        """Whether the bound is a least value, not a greatest."""
        return self.figure is Figure.THROUGHPUT

    def judge(self, ratio: Estimate) -> Standing:
        """Where the median ratio stands; without an aim, holding is all there is."""
        if self.aim is not None and self._meets(ratio.value, self.aim):
            return Standing.AIM
        return Standing.HOLDS if self._meets(ratio.value, self.bound) else Standing.MISSED

    def _meets(self, value: float, bound: float) -> bool:
        return value >= bound if self.more_is_better else value <= bound


GOALS = (
    Goal(SERVICE, CEILING, Figure.COLD, 1.6, aim=1.3),
    Goal(SERVICE, CEILING, Figure.THROUGHPUT, 0.45, aim=0.6),
    Goal(SERVICE, CEILING, Figure.MEMORY, 1.5),
    Goal(SERVICE, REFERENCE, Figure.COLD, 1 / 6),
    Goal(SERVICE, REFERENCE, Figure.THROUGHPUT, 130),
    Goal(SERVICE, REFERENCE, Figure.MEMORY, 1 / 3),
    Goal(FUNCTION, EMPTY_FUNCTION, Figure.COLD, 1.25, aim=1.15),
    Goal(FUNCTION, EMPTY_FUNCTION, Figure.THROUGHPUT, 0.65, aim=0.8),
    Goal(FUNCTION, EMPTY_FUNCTION, Figure.MEMORY, 1.25),
    Goal(SERVICE_ONNX, FLOOR_ONNX, Figure.COLD, 1.4, aim=1.15),
    Goal(SERVICE_ONNX, FLOOR_ONNX, Figure.THROUGHPUT, 0.7, aim=0.9),
    Goal(SERVICE_ONNX, FLOOR_ONNX, Figure.MEMORY, 1.2),
    Goal(f"{SERVICE} step", SERVICE, Figure.COLD, 1.2),
    Goal(f"{SERVICE} step", SERVICE, Figure.THROUGHPUT, 0.7),
    Goal(f"{SERVICE} middleware", SERVICE, Figure.COLD, 1.1),
    Goal(f"{SERVICE} middleware", SERVICE, Figure.THROUGHPUT, 0.85),
    Goal(UNSET, FUNCTION, Figure.COLD, 1.1),
    Goal(UNSET, FUNCTION, Figure.THROUGHPUT, 0.9),
)
