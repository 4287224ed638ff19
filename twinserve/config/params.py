"""``params.yaml`` as typed, frozen objects."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from twinserve.config.deployment import Deployment, Memory
from twinserve.config.errors import UserError
from twinserve.config.origins import Origin
from twinserve.config.prices import Prices
from twinserve.config.yaml_file import read_yaml

PARAMS_PATH = Path("params.yaml")

Runtime = Literal["auto", "compiled", "onnx", "joblib"]
Machine = Literal["x86_64", "aarch64"]
Name = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Model(_Section):
    """What the artifact is called; the version is part of every answer."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    version: Annotated[str, Field(pattern=r"^v[0-9A-Za-z.-]{1,30}$")]


class Feature(_Section):
    """One column of the table that the model reads."""

    name: Name
    unit: str = ""


class Data(_Section):
    """The table: where it is, what its columns mean."""

    table: Name
    label: Name
    classes: Annotated[list[Name], Field(min_length=2)]
    features: Annotated[list[Feature], Field(min_length=1)]
    min_rows_per_class: Annotated[int, Field(ge=2)] = 10

    @model_validator(mode="after")
    def _no_name_twice(self) -> Self:
        columns = [feature.name for feature in self.features] + [self.label]
        for kind, names in (("column", columns), ("class", self.classes)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                msg = f"{kind} named more than once: {', '.join(twice)}"
                raise ValueError(msg)
        return self


class Split(_Section):
    """How rows are held out for the evaluation."""

    test_fraction: Annotated[float, Field(gt=0, lt=1)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]


class Estimator(_Section):
    """An estimator by import path; a nested mapping of the same form is one too."""

    import_path: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]
    arguments: dict[str, Any] = {}


class Gates(_Section):
    """Figures of the held-out rows that a model must reach."""

    min_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    min_macro_f1: Annotated[float, Field(ge=0, le=1)] | None = None
    max_log_loss: Annotated[float, Field(gt=0)] | None = None


class Evaluation(_Section):
    """How the model is judged before it may be exported."""

    folds: Annotated[int, Field(ge=2)] = 5
    gates: Gates = Gates()


class Golden(_Section):
    """A request and the class that it must be given; by name where ``custom/steps.py`` reads it."""

    features: list[float] | dict[str, float | str | bool]
    prediction: Annotated[int, Field(ge=0)]


class Compile(_Section):
    """How a tree ensemble is compiled ahead of time."""

    machine: Machine = "x86_64"
    max_source_mb: Annotated[int, Field(ge=1, le=512)] = 64


class InstanceMonitoring(_Section):
    """What an instance tells of what it answers.

    Attributes:
        window: the last rows that it looked at, over which its drift scores are taken.
        log_every_s: its figures are logged no more often than this, and when it ends.
    """

    enabled: bool = True
    window: Annotated[int, Field(ge=100, le=100_000)] = 1000
    log_every_s: Annotated[int, Field(ge=1)] = 60


class Connections(_Section):
    """What a client may keep an instance waiting for; see ``inference.http.limits``."""

    first_byte_s: Annotated[float, Field(gt=0)] = 10
    head_s: Annotated[float, Field(gt=0)] = 10
    head_bytes: Annotated[int, Field(ge=1024, le=1024 * 1024)] = 65536
    body_s: Annotated[float, Field(gt=0)] = 30
    idle_s: Annotated[float, Field(gt=0)] = 620
    at_most: Annotated[int, Field(ge=1, le=100_000)] = 1000
    end_s: Annotated[float, Field(ge=5)] = 8


class Serving(_Section):
    """What both endpoints obey.

    Attributes:
        routes_at_start: the user's own routes are built before the first request, not by it.
    """

    runtime: Runtime = "auto"
    compile: Compile = Compile()
    max_body_bytes: Annotated[int, Field(ge=64, le=16 * 1024 * 1024)] = 65536
    allowed_origins: Annotated[list[Origin], Field(min_length=1)] = ["*"]
    connections: Connections = Connections()
    monitoring: InstanceMonitoring = InstanceMonitoring()
    routes_at_start: bool = False


class DeployedBudgets(_Section):
    """What an endpoint on Google Cloud must keep, asked over the internet."""

    cold_p50_ms: Annotated[float, Field(gt=0)] = 5000
    warm_p99_ms: Annotated[float, Field(gt=0)] = 500


class Budgets(_Section):
    """What a measurement must keep: latency in milliseconds, and ratios to the base's.

    Attributes:
        imports_ratio: of the time that a target's imports take, a pull request's to main's.
        deployed: those of what runs elsewhere.
    """

    cold_p50_ms: Annotated[float, Field(gt=0)]
    warm_p99_ms: Annotated[float, Field(gt=0)]
    imports_ratio: Annotated[float, Field(ge=1)] = 1.1
    deployed: DeployedBudgets = DeployedBudgets()


class Size(_Section):
    """What an instance may use; memory in Kubernetes' form."""

    memory: Memory
    cpu: Annotated[float, Field(gt=0, le=8)]


class Matrix(_Section):
    """What the matrix of cold starts varies.

    Attributes:
        rounds: starts of each cell.
        boost: more CPU while an instance starts, where a platform offers it.
    """

    rounds: Annotated[int, Field(ge=1)] = 4
    sizes: Annotated[list[Size], Field(min_length=1)] = [
        Size(memory="512Mi", cpu=1),
        Size(memory="1Gi", cpu=2),
    ]
    boost: Annotated[list[bool], Field(min_length=1)] = [True, False]


class Comparison(_Section):
    """Base and candidate on one machine, and how much slower a candidate may be."""

    allowed_ratio: Annotated[float, Field(gt=1)]
    rounds: Annotated[int, Field(ge=1)]
    cold_starts: Annotated[int, Field(ge=1)]
    warm_requests: Annotated[int, Field(ge=2)]


class Measurement(_Section):
    """How much is measured."""

    cold_samples: Annotated[int, Field(ge=2)]
    warm_requests: Annotated[int, Field(ge=100)]
    warm_rate: Annotated[int, Field(ge=1)]
    connections: Annotated[list[Annotated[int, Field(ge=1, le=1024)]], Field(min_length=1)]
    max_cost_usd: Annotated[float, Field(gt=0)] = 0.5
    budgets: Budgets
    matrix: Matrix = Matrix()
    comparison: Comparison

    def of_deployed(self) -> Self:
        """The same, with the budgets of deployed endpoints."""
        deployed = self.budgets.deployed.model_dump()
        return self.model_copy(update={"budgets": self.budgets.model_copy(update=deployed)})


class Thresholds(_Section):
    """What ``monitor`` raises an issue for; none of them is set by leaving it out.

    Attributes:
        drift_psi: population stability index of any feature.
        out_of_range: share of the values of any feature.
        error_rate: share of answers whose status is 5xx.
        latency_p99_ms: of the handler itself, without network and start.
    """

    drift_psi: Annotated[float, Field(gt=0)] | None = None
    out_of_range: Annotated[float, Field(ge=0, le=1)] | None = None
    error_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    latency_p99_ms: Annotated[float, Field(gt=0)] | None = None


class Monitoring(_Section):
    """What is read of the logs, and when that is worth an issue.

    Attributes:
        most_lines: of each target; the newest ones.
        min_predictions: fewer than this say nothing of drift.
        min_answers: fewer than this say nothing of errors and latency.
    """

    hours: Annotated[int, Field(ge=1, le=24 * 30)] = 24
    most_lines: Annotated[int, Field(ge=1, le=100_000)] = 20_000
    min_predictions: Annotated[int, Field(ge=1)] = 200
    min_answers: Annotated[int, Field(ge=1)] = 100
    thresholds: Thresholds = Thresholds()


class Storage(_Section):
    """Where what DVC makes is kept besides this machine."""

    dvc_remote: Annotated[str, Field(pattern=r"^gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/.*)?$")] | (
        None
    ) = None


# A folder, a bucket, a branch of a git repository.
HistoryPlace = Annotated[
    str, Field(pattern=r"^(gs://[a-z0-9][a-z0-9._-]+(/.+)?|git:[^#]+#[\w./-]+|[^:]+)$")
]


class History(_Section):
    """Where measurements are kept: those of this machine, and those of what is deployed.

    Attributes:
        deployed: ``project`` is the Google Cloud project's own bucket.
    """

    local: HistoryPlace
    deployed: HistoryPlace


class Params(_Section):
    """The whole file."""

    model: Model
    data: Data
    split: Split
    estimator: Estimator
    evaluation: Evaluation = Evaluation()
    golden: list[Golden] = []
    serving: Serving = Serving()
    measurement: Measurement
    history: History
    prices: Prices
    monitoring: Monitoring = Monitoring()
    storage: Storage = Storage()
    deployment: Deployment

    @model_validator(mode="after")
    def _golden_fits_the_table(self) -> Self:
        width, classes = len(self.data.features), len(self.data.classes)
        for position, case in enumerate(self.golden):
            listed = isinstance(case.features, list)
            if (listed and len(case.features) != width) or case.prediction >= classes:
                msg = (
                    f"golden[{position}] must have {width} features and a prediction "
                    f"below {classes} (or leave golden empty)"
                )
                raise ValueError(msg)
        return self


def load_params(path: Path = PARAMS_PATH) -> Params:
    """Read and check the file.

    Raises:
        UserError: it is missing, is not YAML, or does not fit; the message names the key.
    """
    content = read_yaml(path, "run this from the top of the repository")
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        first, *rest = error.errors()
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        more = f" (and {len(rest)} more)" if rest else ""
        found = "" if first["type"] == "missing" else f", found {first['input']!r:.60}"
        msg = f"{path}: {where}: {first['msg']}{found}{more}"
        raise UserError(msg) from None
