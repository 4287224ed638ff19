"""The results of a measurement, as they are written to ``report.json``."""

from dataclasses import dataclass
from typing import Literal

from twinserve.measure.cold.proof import Part
from twinserve.measure.cold.starts import ColdSample
from twinserve.measure.machine.conditions import Conditions
from twinserve.measure.statistics import Estimate, Outcome, worst

# The figures that have a budget in params.yaml.
COLD_MEDIAN = "cold start, median"
WARM_P99 = "warm latency, p99"


Place = Literal["local", "container", "deployed"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where what was measured ran, and where it came from.

    Attributes:
        place: a process or a container of this machine, or Google Cloud.
        commit: git's, or ``unknown``.
        release: its name, if it is one.
        images: (target, digest) of each target that runs from an image.
    """

    place: Place = "local"
    commit: str = "unknown"
    release: str | None = None
    images: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of a measurement.

    Attributes:
        bundles: (target, bundle hash) of each target that has a bundle.
    """

    model: str
    version: str
    bundles: tuple[tuple[str, str], ...] = ()
    origin: Origin = Origin()


@dataclass(frozen=True, slots=True)
class Plan:
    """How much was measured, as ``params.yaml`` asked, and the rules that hold always.

    Attributes:
        warm_up_requests: sent at the same rate before those that count, in each round.
        rounds: into which warm requests and throughput are split, the targets taking turns.
        throughput_seconds: of each round and number of connections.
    """

    cold_samples: int
    warm_requests: int
    warm_rate: int
    warm_up_requests: int
    rounds: int
    connections: tuple[int, ...]
    throughput_seconds: float


@dataclass(frozen=True, slots=True)
class Discarded:
    """Starts that were not proven cold."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Cold:
    """Proven cold starts.

    Attributes:
        total_ms: the median.
        parts: that make up the median; see ``anatomy.typical_parts``.
    """

    total_ms: Estimate
    parts: tuple[Part, ...]
    samples: tuple[ColdSample, ...]
    discarded: tuple[Discarded, ...]


@dataclass(frozen=True, slots=True)
class Warm:
    """Latency at a fixed arrival rate, from each request's due moment.

    Attributes:
        client_late_p99_ms: how late the client itself was in sending; large means a busy machine.
        latencies_ms: every sample.
    """

    p50_ms: Estimate
    p90_ms: Estimate
    p99_ms: Estimate
    errors: int
    client_late_p99_ms: float
    latencies_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Throughput:
    """Requests a second, back to back, the median over the rounds."""

    connections: int
    per_second: Estimate
    errors: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure beside its budget."""

    figure: str
    unit: str
    measured: Estimate
    budget: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class TargetResult:
    """All that was found of one target.

    Attributes:
        memory_bytes: proportional set size of the process tree after the load; None: not measured.
    """

    name: str
    cold: Cold
    warm: Warm
    throughput: tuple[Throughput, ...]
    memory_bytes: int | None
    verdicts: tuple[Verdict, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of the verdicts."""
        return worst(verdict.outcome for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Results:
    """A measurement."""

    conditions: Conditions
    subject: Subject
    plan: Plan
    targets: tuple[TargetResult, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of the targets' outcomes."""
        return worst(target.outcome for target in self.targets)
