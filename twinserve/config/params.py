"""``params.yaml`` as typed, frozen objects."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from twinserve.config.deployment import Deployment
from twinserve.config.errors import UserError
from twinserve.config.measurement import History, Measurement, Monitoring
from twinserve.config.prices import LIST_PRICES, Prices
from twinserve.config.section import Section
from twinserve.config.serving import Serving
from twinserve.config.training import Data, Estimator, Evaluation, Golden, Model, Split
from twinserve.config.yaml_file import read_yaml

PARAMS_PATH = Path("params.yaml")


class Storage(Section):
    """Where a table is kept: in git, or by DVC, whose own configuration says where."""

    git_limit_mb: Annotated[float, Field(ge=0)] = 10
    """The largest table, in MB, that `twinserve adopt` leaves to git; a larger one it puts under
    `dvc add`."""


class Renewal(Section):
    """What `twinserve renew` takes, and how long it looks for what breaks."""

    min_age_days: Annotated[int, Field(ge=0, le=365)] = 7
    """Days for which a version must have been published; one that mends a known vulnerability is
    taken at once."""
    most_fits: Annotated[int, Field(ge=1, le=100)] = 12
    """Number of times that a set of versions is installed and checked to find which of them break
    something; beyond it the whole set is held back."""
    max_age_days: Annotated[int, Field(ge=1)] = 180
    """Days after which prices, and dates of support, are looked up too long ago."""
    loss: Literal["wrong", "absolute", "squared"] | None = None
    """The loss that judges a model made with fresh rows, on rows that neither model was trained on:
    `wrong` answers, `absolute` or `squared` errors; left out: the first of a classification,
    the second of a regression."""
    margin: Annotated[float, Field(ge=0)] = 0
    """How much more of that mean loss the new model may have: over it by the whole 95% interval,
    the rows do not come in."""
    min_unseen_rows: Annotated[int, Field(ge=2)] = 30
    """On fewer such rows neither model is called better."""
    same_version: Literal["say", "refuse"] = "say"
    """A model that changes while `model.version` does not: `say` so in the report and in the pull
    request, or `refuse` both."""


class Training(Section):
    """When the model is fitted again, to prove that it is what its inputs give."""

    reproduce: Literal["push", "nightly"] = "push"
    """`push`: by each pull request and push. `nightly`, for a fit that takes long: those take what
    `dvc.lock` names from DVC's remote, every object by hash, and prove gates, parity and contract
    on it; the night fits it again from nothing, and is red if a byte differs."""


class Params(Section):
    """Every choice that a user makes. Each command reads this file and no other.

    What ``dvc.yaml`` names has no default: DVC reads the file by itself, and a key that it does not
    find ends its run.
    """

    model: Model
    """What the model is called."""
    data: Data
    """The table: where it is, what its columns mean."""
    split: Split
    """How rows are held out for the evaluation."""
    estimator: Estimator
    """A scikit-learn classifier or regressor by import path."""
    evaluation: Evaluation
    """How the model is judged before it may be exported."""
    golden: list[Golden]
    """Requests whose answer is known; the pipeline stops unless the estimator gives it. The
    contract suite, the OpenAPI examples and the curl lines use them. Left empty, one row of each
    class serves."""
    serving: Serving
    """What both endpoints obey."""
    measurement: Measurement = Measurement()
    """How much is measured, and what it must keep."""
    history: History = History()
    """Where each measurement is kept."""
    prices: Prices = LIST_PRICES
    """What Cloud Run costs."""
    monitoring: Monitoring = Monitoring()
    """The figures that are read from the logs, and the thresholds that open an issue."""
    renewal: Renewal = Renewal()
    """What comes in from outside: packages, Python, tools, rows."""
    training: Training = Training()
    """When the model is fitted again."""
    storage: Storage = Storage()
    """Where a table is kept."""
    deployment: Deployment = Deployment()
    """Where and how a release is deployed."""

    @model_validator(mode="after")
    def _golden_fits_the_table(self) -> Self:
        # What is left out is known once the table was read.
        width, classes = len(self.data.features), len(self.data.classes)
        for position, case in enumerate(self.golden):
            long = width and isinstance(case.features, list) and len(case.features) != width
            high = classes and case.prediction not in range(classes)
            if long or high:
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
    _refuse_storage(path, content)
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        # A misspelt key first: it may be why another one is missing.
        first, *rest = sorted(error.errors(), key=lambda entry: entry["type"] != _UNKNOWN)
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        more = f" (and {len(rest)} more)" if rest else ""
        raise UserError(f"{path}: {where}: {_complaint(first, content)}{more}") from None


def _refuse_storage(path: Path, content: Any) -> None:  # noqa: ANN401 - YAML's
    """Tell a fork that still names DVC's remote here where it is named now.

    Raises:
        UserError: it does.
    """
    storage = content.get("storage") if isinstance(content, dict) else None
    if isinstance(storage, dict) and "dvc_remote" in storage:
        url = storage["dvc_remote"]
        named = (
            f"run `dvc remote add --default store {url}`, commit .dvc/config, and " if url else ""
        )
        raise UserError(
            f"{path}: storage.dvc_remote: is no key any more, since DVC's own configuration names "
            f"the remote: {named}delete the key"
        )


_UNKNOWN = "extra_forbidden"


def _complaint(error: Any, content: Any) -> str:  # noqa: ANN401 - pydantic's type, and YAML's
    """The fault of a key, and the value that it has."""
    if error["type"] == _UNKNOWN:
        return f"unknown; {_instead(error['loc'], content)}"
    given = "" if error["type"] == "missing" else f", found {error['input']!r:.60}"
    return f"{error['msg']}{given}"


def _instead(unknown: Sequence[str | int], content: Any) -> str:  # noqa: ANN401 - YAML's
    """What may have been meant: a key that is spelt alike, or the same one of another section."""
    *sections, last = unknown
    name = str(last)
    section: type[Section] = Params
    for part in sections:
        content = content[part]
        # An item of a list is described by the field that holds the list.
        if isinstance(part, str):
            section = _section_of(section.model_fields[part].annotation) or section
    known = list(section.model_fields)
    # Of two keys that are spelt as much alike, the one that the file has not was meant.
    left_out = [key for key in known if key not in content]
    near = get_close_matches(name, left_out, n=1) or get_close_matches(name, known, n=1)
    elsewhere = [key for key in _keys(Params) if key.rpartition(".")[2] == name]
    if near or elsewhere:
        return f"did you mean {' or '.join(near or elsewhere)}?"
    return f"expected one of {', '.join(known)}"


def _keys(section: type[Section], before: str = "") -> Iterator[str]:
    """Every key by its dotted name, sections too."""
    for name, field in section.model_fields.items():
        yield f"{before}{name}"
        inner = _section_of(field.annotation)
        if inner:
            yield from _keys(inner, f"{before}{name}.")


def _section_of(annotation: Any) -> type[Section] | None:  # noqa: ANN401 - a type in any form
    """The section that a field holds, or holds a list of."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, Section) else None
    return next(filter(None, map(_section_of, get_args(annotation))), None)
