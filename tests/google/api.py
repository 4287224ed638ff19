"""A request to one of Google's APIs, an answer, and how the one finds the other."""

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it arrived.

    Attributes:
        method: in capitals.
        host: of the API, without a region in front: ``run.googleapis.com``.
        path: as sent, percent-encoding and all, without the query.
        query: the last value of each parameter.
        headers: names in lower case.
        body: whole.
        values: what the route's placeholders stand for, decoded.
        caller: whose token it bears, as a member of IAM's.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    values: Mapping[str, str] = field(default_factory=dict)
    caller: str = ""

    @property
    def json(self) -> Json:
        """The body as an object; an empty one is ``{}``."""
        return json.loads(self.body) if self.body else {}

    def __str__(self) -> str:
        return f"{self.method} {self.host}{self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An answer as Google words errors: AIP-193, ``google.rpc.Status`` as JSON."""

    def __init__(
        self, code: int, status: str, message: str, details: list[Json] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.details = details or []

    def answer(self) -> Answer:
        """As sent. Cloud Storage is older than AIP-193: it has a reason in camel case instead."""
        error: Json = {"code": self.code, "message": self.message}
        if self.status.isupper():
            error["status"] = self.status
        else:
            cause = {"message": self.message, "domain": "global", "reason": self.status}
            error["errors"] = [cause]
        if self.details:
            error["details"] = self.details
        return as_json({"error": error}, self.code)


class DroppedError(Exception):
    """No answer at all: the connection ends."""


def as_json(content: Json, status: int = 200) -> Answer:
    """An answer with a JSON body."""
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    return Answer(status, json.dumps(content).encode(), headers)


def not_found(message: str = "Requested entity was not found.") -> ApiError:
    """404."""
    return ApiError(404, "NOT_FOUND", message)


def already_exists(message: str) -> ApiError:
    """409."""
    return ApiError(409, "ALREADY_EXISTS", message)


def invalid(message: str) -> ApiError:
    """400."""
    return ApiError(400, "INVALID_ARGUMENT", message)


Handler: TypeAlias = Callable[["Cloud", Request], Json]


class Routes:
    """Which function answers what.

    A pattern is ``host/path`` with ``{placeholders}``, each one segment long (``{x:path}``: the
    rest). Placeholders end at a colon too, as Google's custom verbs ask for.
    """

    def __init__(self) -> None:
        self.routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def __call__(self, method: str, *patterns: str) -> Callable[[Handler], Handler]:
        """Decorate the function that answers there, with an ``Answer`` or something for JSON."""

        def register(handler: Handler) -> Handler:
            for pattern in patterns:
                self.routes.append((method, _compile(pattern), handler))
            return handler

        return register

    def include(self, other: "Routes") -> None:
        """Take over the other's routes."""
        self.routes.extend(other.routes)

    def find(self, request: Request) -> tuple[Handler, dict[str, str]]:
        """The function for a request and what its placeholders stand for.

        Raises:
            ApiError: there is none. Never a 5xx: gcloud repeats those.
        """
        for method, pattern, handler in self.routes:
            if method == request.method and (
                match := pattern.fullmatch(request.host + request.path)
            ):
                return handler, {name: unquote(value) for name, value in match.groupdict().items()}
        raise invalid(f"the fake has no route for {request}")


def timestamp() -> str:
    """Now, as the APIs write it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_target(host: str, target: str) -> tuple[str, str, dict[str, str]]:
    """API host, path and query of a request line's target."""
    parts = urlsplit(target)
    api = re.sub(r"^[a-z]+-[a-z]+\d+-(?=[a-z]+\.googleapis\.com$)", "", host)
    return api, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))


def _compile(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(\{\w+(?::path)?\})", pattern)
    whole = "".join(
        (f"(?P<{piece[1:-6]}>.+)" if piece.endswith(":path}") else f"(?P<{piece[1:-1]}>[^/:]+)")
        if piece.startswith("{")
        else re.escape(piece)
        for piece in pieces
    )
    return re.compile(whole)
