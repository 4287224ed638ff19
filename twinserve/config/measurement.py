"""Sections of ``params.yaml`` about figures: how they are measured, kept and watched."""

from typing import Annotated, Self

from pydantic import Field

from twinserve.config.deployment import Memory
from twinserve.config.section import Section


class DeployedBudgets(Section):
    """What an endpoint on Google Cloud must keep, asked over the internet."""

    cold_p50_ms: Annotated[float, Field(gt=0)] = 5000
    """Median of cold starts in ms: a machine is found before the instance begins to start."""
    warm_p99_ms: Annotated[float, Field(gt=0)] = 500
    """99th percentile of warm latency in ms, the network from where `probe` runs included."""


class Budgets(Section):
    """What a measurement must keep: broken by a whole 95% interval it fails, else it warns."""

    cold_p50_ms: Annotated[float, Field(gt=0)] = 1500
    """Median of cold starts in ms, on this machine."""
    warm_p99_ms: Annotated[float, Field(gt=0)] = 50
    """99th percentile of warm latency in ms, on this machine."""
    imports_ratio: Annotated[float, Field(ge=1)] = 1.1
    """Ratio of a pull request's time of imports before the first prediction to main's."""
    deployed: DeployedBudgets = DeployedBudgets()
    """The budgets of what `probe` asks on Google Cloud."""


class Size(Section):
    """What an instance may use."""

    memory: Memory
    """Memory in Kubernetes' form, as `512Mi`."""
    cpu: Annotated[float, Field(gt=0, le=8)]
    """Number of CPUs; Cloud Run wants whole ones for more than one request at once."""


class Matrix(Section):
    """What `twinserve matrix` varies, besides runtime, place, and image or function."""

    rounds: Annotated[int, Field(ge=1)] = 4
    """Number of starts of each cell."""
    sizes: Annotated[list[Size], Field(min_length=1)] = Field(
        default=[
            Size(memory="256Mi", cpu=0.5),
            Size(memory="512Mi", cpu=1),
            Size(memory="1Gi", cpu=2),
        ]
    )
    """Memory and CPU that an instance may use, tried one after the other."""
    boost: Annotated[list[bool], Field(min_length=1)] = Field(default=[True, False])
    """With or without more CPU while an instance starts, on Cloud Run."""


class Comparison(Section):
    """A pull request beside its base, in turns on one machine."""

    allowed_ratio: Annotated[float, Field(gt=1)] = 1.1
    """Ratio of the pull request's time to its base's: over it by the whole 95% interval it fails,
    by the median only it warns. `twinserve bench power` says what is noticed."""
    rounds: Annotated[int, Field(ge=1)] = 25
    """Number of turns of each side."""
    cold_starts: Annotated[int, Field(ge=1)] = 3
    """Cold starts of each side in each round."""
    warm_requests: Annotated[int, Field(ge=2)] = 200
    """Warm requests of each side in each round, at `measurement.warm_rate`."""


class Measurement(Section):
    """How much is measured, and what it must keep."""

    cold_samples: Annotated[int, Field(ge=2)] = 10
    """Number of proven cold starts of each target."""
    warm_requests: Annotated[int, Field(ge=100)] = 1000
    """Number of warm requests at the fixed rate, after the warm-up."""
    warm_rate: Annotated[int, Field(ge=1)] = 200
    """The fixed rate, in requests a second."""
    connections: Annotated[list[Annotated[int, Field(ge=1, le=1024)]], Field(min_length=1)] = Field(
        default=[1, 4, 16, 80]
    )
    """Numbers of connections at once, for throughput; the last is what an instance is given."""
    max_cost_usd: Annotated[float, Field(gt=0)] = 0.5
    """`probe` and `matrix` on Google Cloud do not begin if they may cost more."""
    budgets: Budgets = Budgets()
    """A budget that is broken by a whole 95% interval fails `make run`; by the median only, it
    warns."""
    matrix: Matrix = Matrix()
    """What `twinserve matrix` varies."""
    comparison: Comparison = Comparison()
    """How a pull request is compared with its base."""

    def of_deployed(self) -> Self:
        """The same, with the budgets of deployed endpoints."""
        deployed = self.budgets.deployed.model_dump()
        return self.model_copy(update={"budgets": self.budgets.model_copy(update=deployed)})


# A folder, a bucket, a branch of a git repository.
HistoryPlace = Annotated[
    str, Field(pattern=r"^(gs://[a-z0-9][a-z0-9._-]+(/.+)?|git:[^#]+#[\w./-]+|[^:]+)$")
]


class History(Section):
    """Where each measurement is kept: a folder, `gs://BUCKET/FOLDER`, or `git:REMOTE#BRANCH`."""

    local: HistoryPlace = "history"
    """Place of measurements by `make run`."""
    deployed: HistoryPlace = "project"
    """Place of measurements by `twinserve probe`; `project` is the bucket that `bootstrap` makes
    for releases."""


class Thresholds(Section):
    """When what both targets have logged is worth an issue; a threshold left out is none."""

    drift_psi: Annotated[float, Field(gt=0)] | None = None
    """The most population stability index of any feature; by custom, over 0.25 is a large shift."""
    out_of_range: Annotated[float, Field(ge=0, le=1)] | None = None
    """The largest share of the values of any feature that the table's range does not hold."""
    error_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    """The largest share of answers with a status of 5xx."""
    latency_p99_ms: Annotated[float, Field(gt=0)] | None = None
    """The largest 99th percentile of the handler's own time in ms, without network and start."""


class Monitoring(Section):
    """What `twinserve monitor` reads, each night, of what both targets have logged."""

    hours: Annotated[int, Field(ge=1, le=24 * 30)] = 24
    """How many hours of logs are read."""
    most_lines: Annotated[int, Field(ge=1, le=100_000)] = 20_000
    """The most lines that are read of each target, the newest; an instance logs one a minute."""
    min_predictions: Annotated[int, Field(ge=1)] = 200
    """Fewer predictions say nothing of drift."""
    min_answers: Annotated[int, Field(ge=1)] = 100
    """Fewer answers say nothing of errors and latency."""
    thresholds: Thresholds = Thresholds()
    """When that is worth an issue."""
