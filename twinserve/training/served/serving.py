"""The served model: the first runtime that can have the estimator, and its artifact."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.config.params import Params
from twinserve.config.serving import bundle_lock
from twinserve.targets.platforms import this_machine, this_platform, this_system
from twinserve.training.estimator import Classifier, UnfitError, describe, first_line
from twinserve.training.frame import Column
from twinserve.training.loadable import check_loadable
from twinserve.training.served.compilation import SYSTEM, compile_object
from twinserve.training.served.conversion import to_onnx
from twinserve.training.served.parity import (
    BOOSTED,
    CLOSE,
    EXACT,
    LABELS,
    SAME,
    SINGLE,
    SUMMED,
    ParityError,
    ParityTolerance,
)
from twinserve.training.served.program import Program, read_program
from twinserve.training.served.source import write_source

AUTO = ("compiled", "onnx")
# What made the artifacts of each runtime.
LIBRARIES = {
    "compiled": ("joblib", "numpy", "scikit-learn", "ziglang"),
    "onnx": ("joblib", "numpy", "onnx", "scikit-learn", "skl2onnx"),
    "joblib": ("joblib", "numpy", "scikit-learn"),
}
SUFFIXES = {"compiled": "so", "onnx": "onnx", "joblib": "joblib"}
# The shortest that a node's text can be, to refuse what is far too large before writing it.
_NODE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Served:
    """An artifact and what must be proven of it.

    Attributes:
        artifact: what a bundle gets.
        loadable: the same model as this machine can load it; another object where the endpoints
            run on another machine or system than this.
        source: what it was compiled from.
        passed_over: of the runtimes that were tried before, why each is not the one.
        platform: what the artifact runs on, or empty.
    """

    runtime: str
    artifact: bytes
    loadable: bytes
    bound: ParityTolerance
    passed_over: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""
    source: str = ""

    @property
    def name(self) -> str:
        """The artifact's file name."""
        return f"model.{SUFFIXES[self.runtime]}"


class UnservedError(UserError):
    """No runtime that ``auto`` may take can have the estimator."""


def make_served(
    params: Params,
    classifier: Classifier,
    pickled: bytes,
    rows: Sequence[Sequence[Any]],
    prove: Callable[[Served], Card],
) -> tuple[Served, Card]:
    """The artifact of the first runtime that can have it and is proven, and its card.

    ``params.yaml`` names the runtime, or leaves it to ``auto``; the rows are the table's, encoded.

    Raises:
        UserError: none can; the line says why, and what to set.
    """
    asked = params.serving.runtime
    passed_over: dict[str, str] = {}
    for runtime in AUTO if asked == "auto" else (asked,):
        try:
            served = _make(runtime, params, classifier, pickled, rows)
            return replace(served, passed_over=passed_over), prove(served)
        except UnfitError as reason:
            passed_over[runtime] = str(reason)
        except ParityError as error:
            wider = _with_equal_labels(served, params, prove)
            if wider is not None:
                return replace(wider[0], passed_over=passed_over), wider[1]
            if asked != "auto":
                raise
            passed_over[runtime] = error.reason
        except Exception as error:
            if runtime != "onnx" or isinstance(error, UserError):
                raise
            # ONNX Runtime may refuse at the first row what it has loaded.
            passed_over[runtime] = f"ONNX Runtime cannot run it ({first_line(error):.120})"
    why = "; ".join(f"{runtime}: {reason}" for runtime, reason in passed_over.items())
    other = "" if asked == "auto" else "serving.runtime: auto may find another; "
    kind = UnservedError if asked == "auto" else UserError
    raise kind(
        f"the estimator cannot be served as it is asked for; {why}; {other}to serve the estimator "
        "itself, set serving.runtime: joblib in params.yaml"
    )


def _with_equal_labels(
    served: Served, params: Params, prove: Callable[[Served], Card]
) -> tuple[Served, Card] | None:
    """The served model in a wider tolerance, which the card tells, where no label differs."""
    if served.bound is not CLOSE or params.data.task == "regression":
        return None
    wider = replace(served, bound=LABELS)
    try:
        return wider, prove(wider)
    except ParityError:
        return None


def served_itself(classifier: Classifier, pickled: bytes) -> Served:
    """The pickle itself, as ``serving.runtime: joblib`` has it.

    Raises:
        UserError: what a bundle installs cannot load it.
    """
    for target in ("service", "function"):
        check_loadable(pickled, bundle_lock(target, "joblib", describe(classifier)))
    return Served("joblib", pickled, pickled, SAME)


def _make(
    runtime: str,
    params: Params,
    classifier: Classifier,
    pickled: bytes,
    rows: Sequence[Sequence[Any]],
) -> Served:
    if runtime == "joblib":
        return served_itself(classifier, pickled)
    if runtime == "compiled":
        return _compiled(params, classifier, rows)
    columns = params.data.features
    onnx = to_onnx(classifier, len(columns), params.model.name, columns)
    return Served("onnx", onnx, onnx, CLOSE)


def write_within(
    limit_mb: int,
    classifier: Classifier,
    features: Sequence[Column] = (),
    rows: Sequence[Sequence[Any]] = (),
) -> tuple[str, Program]:
    """The estimator's C source, and what it was written from; see ``read_program``.

    Raises:
        UnfitError: it cannot be compiled, or the source would be longer than the limit.
    """
    program = read_program(classifier, features, rows)
    too_long = f"its C source is longer than serving.compile.max_source_mb: {limit_mb}"
    if program.nodes * _NODE_BYTES > limit_mb * 1e6:
        raise UnfitError(too_long)
    source = write_source(program)
    if len(source) > limit_mb * 1e6:
        raise UnfitError(f"{too_long} ({len(source) / 1e6:.0f} MB)")
    return source, program


def _compiled(params: Params, classifier: Classifier, rows: Sequence[Sequence[Any]]) -> Served:
    limit = params.serving.compile.max_source_mb
    source, program = write_within(limit, classifier, params.data.features, rows)
    machine = params.serving.compile.machine
    artifact = loadable = compile_object(source, machine)
    if this_platform() != f"{SYSTEM}-{machine}":
        loadable = compile_object(source, this_machine(), this_system())
    return Served(
        runtime="compiled",
        artifact=artifact,
        loadable=loadable,
        bound=_bound(program),
        platform=f"{SYSTEM}-{machine}",
        source=source,
    )


def _bound(program: Program) -> ParityTolerance:
    if program.exact:
        return EXACT
    if program.single:
        return SINGLE
    return SUMMED if program.summed else BOOSTED
