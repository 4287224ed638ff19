"""Cold starts over whatever can be chosen, taken in turns: a cell for each combination."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from twinserve.config.errors import UserError
from twinserve.measure.cold.anatomy import typical_parts
from twinserve.measure.cold.proof import Part, Rejection
from twinserve.measure.cold.starts import ColdSample, classify_start, first_exchange
from twinserve.measure.machine.conditions import Conditions, begin_measurement
from twinserve.measure.run.results import Discarded
from twinserve.measure.statistics import Estimate, estimate
from twinserve.targets.protocol import Target


@dataclass(frozen=True, slots=True)
class Setting:
    """A combination.

    Attributes:
        target: ``service``, which is an image where there are images, or ``function``.
        place: where it starts: as a process or a container here, or on Cloud Run.
        memory: in Kubernetes' form; empty where nothing limits it.
        cpu: likewise 0.
        boost: more CPU while it starts; None where nobody offers that.
    """

    target: str
    place: str
    runtime: str
    memory: str = ""
    cpu: float = 0.0
    boost: bool | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A setting with what starts it, or with why nothing can."""

    setting: Setting
    target: Target | None
    absence: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """The figures of a setting.

    Attributes:
        total_ms: the median; None where there is no sample.
        parts: that make up the median.
        absence: why there is no sample.
    """

    setting: Setting
    total_ms: Estimate | None
    parts: tuple[Part, ...]
    samples: tuple[ColdSample, ...]
    discarded: tuple[Discarded, ...]
    absence: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """A run of the matrix; ``conditions`` are the client's."""

    conditions: Conditions
    model: str
    version: str
    rounds: int
    cells: tuple[Cell, ...]


@dataclass
class _Findings:
    planned: Planned
    samples: list[ColdSample] = field(default_factory=list)
    discarded: Counter[str] = field(default_factory=Counter)
    fault: str = ""


OnStart = Callable[[Setting, int], None]


def run_matrix(
    planned: Sequence[Planned],
    body: bytes,
    *,
    rounds: int,
    model: tuple[str, str],
    on_start: OnStart = lambda _setting, _round: None,
) -> Matrix:
    """One start of each cell a round, another cell first each time; no start is taken again.

    A cell that ends before it answers (512 MiB may be too little) is left out with its reason.

    Raises:
        UserError: a start cannot even be asked for.
    """
    end = begin_measurement()
    findings = [_Findings(cell, fault=cell.absence) for cell in planned]
    seen: set[str] = set()
    for number in range(rounds):
        shift = number % len(findings)
        for finding in (*findings[shift:], *findings[:shift]):
            if finding.planned.target is not None and not finding.fault:
                _start(finding, finding.planned.target, body, seen)
                on_start(finding.planned.setting, number)
    return Matrix(
        conditions=end(),
        model=model[0],
        version=model[1],
        rounds=rounds,
        cells=tuple(map(_summarize, findings)),
    )


def _start(findings: _Findings, target: Target, body: bytes, seen: set[str]) -> None:
    with target.start() as endpoint:
        try:
            sample = classify_start(endpoint, first_exchange(endpoint, body), seen)
        except UserError as error:
            findings.fault = str(error)
            return
    if isinstance(sample, Rejection):
        findings.discarded[str(sample)] += 1
        return
    seen.add(sample.instance)
    findings.samples.append(sample)


def _summarize(findings: _Findings) -> Cell:
    totals = [sample.total_ms for sample in findings.samples]
    median = estimate(totals) if totals else None
    parts = [sample.parts for sample in findings.samples]
    unproven = ", ".join(f"{reason} ({count})" for reason, count in findings.discarded.items())
    return Cell(
        setting=findings.planned.setting,
        total_ms=median,
        parts=typical_parts(totals, parts, median.value) if median else (),
        samples=tuple(findings.samples),
        discarded=tuple(Discarded(*rejection) for rejection in findings.discarded.most_common()),
        absence="" if median else findings.fault or f"no start was proven cold: {unproven}",
    )
