"""The ``serving`` section of ``params.yaml``: what both endpoints obey."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from twinserve.config.errors import UserError
from twinserve.config.section import Section

Runtime = Literal["auto", "compiled", "onnx", "joblib"]
Word = Literal["label", "probabilities"]
Machine = Literal["x86_64", "aarch64"]

ANY_ORIGIN = "*"
# Of a sandboxed page or a file.
_OPAQUE = "null"
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])"
    r"(:(?P<port>[1-9][0-9]{0,4}))?"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def _as_sent(origin: str) -> str:
    """The origin, if a browser may send it, RFC 6454: one that could never match is refused.

    Raises:
        ValueError: it names more or less than scheme, host and port, or not in their only form.
    """
    if origin in {ANY_ORIGIN, _OPAQUE}:
        return origin
    parts = _ORIGIN.fullmatch(origin)
    if parts is None or int(parts["port"] or 0) >= 2**16:
        msg = (
            "an origin is scheme://host or scheme://host:port in lower case, without a path, a "
            "slash at its end or a wildcard, as in https://www.example.com; or * for every one"
        )
        raise ValueError(msg)
    if parts["port"] is not None and parts["port"] == _DEFAULT_PORTS.get(parts["scheme"]):
        msg = f"a browser leaves out :{parts['port']} of {parts['scheme']}, so leave it out too"
        raise ValueError(msg)
    return origin


Origin = Annotated[str, AfterValidator(_as_sent)]

LOCKS = Path("locks")
# Each is a group of its own in pyproject.toml, which only those environments have that need it.
LIBRARIES = ("lightgbm", "xgboost")


class Compile(Section):
    """How an estimator is compiled ahead of time."""

    machine: Machine = "x86_64"
    """Processor of the deployed endpoints, on Linux."""
    max_source_mb: Annotated[int, Field(ge=1, le=512)] = 64
    """An ensemble whose C source has more megabytes is left to the next runtime."""


class InstanceMonitoring(Section):
    """What an instance tells of what it answers."""

    enabled: bool = True
    """`false`: no `/metrics`, nothing counted, nothing logged but requests."""
    window: Annotated[int, Field(ge=100, le=100_000)] = 1000
    """Number of rows, the last that an instance looked at, over which it scores drift."""
    log_every_s: Annotated[int, Field(ge=1)] = 60
    """Seconds between two logs of its figures, at least; it logs them too when it ends."""


class Connections(Section):
    """What a client may keep an instance waiting for; see ``inference.http.limits``."""

    first_byte_s: Annotated[float, Field(gt=0)] = 10
    """Seconds from connecting to the first byte."""
    head_s: Annotated[float, Field(gt=0)] = 10
    """Seconds for the head of a request, once it has begun."""
    head_bytes: Annotated[int, Field(ge=1024, le=1024 * 1024)] = 65536
    """The longest head of a request, in bytes."""
    body_s: Annotated[float, Field(gt=0)] = 30
    """Seconds for a body, and for an answer that is not taken."""
    idle_s: Annotated[float, Field(gt=0)] = 620
    """Seconds between two requests; Cloud Run's front end keeps connections for 600."""
    at_most: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """The most connections at once; beyond it the one that was idle the longest is closed."""
    end_s: Annotated[float, Field(ge=5)] = 8
    """Seconds from SIGTERM to the end; Cloud Run gives 10."""


class Serving(Section):
    """What both endpoints obey."""

    runtime: Runtime
    """`compiled`: trees, boosting and linear models, with imputers, encoders, scalers and
    selections of columns in front of them, as machine code; starts as fast as a server without a
    model. `onnx`: every other estimator that skl2onnx converts. `joblib`: `model.pkl` itself, with
    scikit-learn in the bundle; never chosen by `auto`. `auto`: `compiled` if it can be, else
    `onnx`."""
    compile: Compile
    """How an estimator is compiled."""
    max_body_bytes: Annotated[int, Field(ge=64, le=16 * 1024 * 1024)] = 65536
    """The longest body of a request for one row, in bytes."""
    include: list[Word] = Field(default=[])
    """Members that an answer has beside the prediction where a request does not say: `label`, the
    class's name; `probabilities`, by class. A request says otherwise by `?include=`."""
    max_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """The most rows of a request for many; each request is answered in one go, so that others wait
    for it: a thousand rows take some milliseconds."""
    max_batch_bytes: Annotated[int, Field(ge=64, le=16 * 1024 * 1024)] = 1024 * 1024
    """The longest body of a request for many rows, in bytes."""
    allowed_origins: Annotated[list[Origin], Field(min_length=1)] = Field(default=[ANY_ORIGIN])
    """Whose pages may ask, as browsers send it: `https://www.example.com`; or `*` for all."""
    connections: Connections = Connections()
    """What a client may keep an instance waiting for; contract.md says how each ends."""
    monitoring: InstanceMonitoring = InstanceMonitoring()
    """What an instance tells of what it answers; see monitoring.md."""
    routes_at_start: bool = False
    """The service's own routes are built before the first request, not by it."""


def bundle_lock(target: str, runtime: str, estimator: Mapping[str, Any]) -> Path:
    """The lock of a bundle; ``estimator`` is as the model card describes it.

    Raises:
        UserError: the estimator itself is to be served, and is made of several libraries.
    """
    if runtime != "joblib":
        return LOCKS / f"{target}-{runtime}.txt"
    named = [name for name in LIBRARIES if f'": "{name}.' in json.dumps(estimator)]
    if len(named) > 1:
        raise UserError(
            f"params.yaml: estimator: {' and '.join(named)} in one estimator: no lock has both for "
            "serving.runtime: joblib; use one of them, or a runtime that needs neither"
        )
    return LOCKS / f"{'-'.join([target, runtime, *named])}.txt"
