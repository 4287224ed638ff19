"""What the contract suite cannot see from outside: faults, limits, origins, the log."""

import asyncio
import json
from collections.abc import Callable

import pytest

from tests.callers import InProcessCaller
from twinserve.inference.asgi import Message
from twinserve.inference.contract import MOST_ERRORS_NAMED, Problem
from twinserve.inference.endpoint import PredictionHandler, read_body
from twinserve.targets.opener import Reply

JSON = ("Content-Type", "application/json")
MakeEndpoint = Callable[..., PredictionHandler]


def post(endpoint: PredictionHandler, body: bytes, *headers: tuple[str, str]) -> Reply:
    return InProcessCaller(endpoint).call("POST", "/predict", [JSON, *headers], body)


def right(endpoint: PredictionHandler) -> bytes:
    return json.dumps({"features": [1.0] * len(endpoint._card.features)}).encode()  # noqa: SLF001


def test_unforeseen_fault_tells_the_caller_an_id_and_the_log_the_rest(
    make_endpoint: MakeEndpoint, capfd: pytest.CaptureFixture[str]
) -> None:
    """A 500 shows nothing of the internals; the log has the traceback under the same id."""
    endpoint = make_endpoint(error=RuntimeError("secret internals"))
    reply = post(endpoint, right(endpoint))
    assert reply.status == 500
    assert b"secret" not in reply.body
    assert b"Traceback" not in reply.body
    event, request = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    assert event["severity"] == "ERROR"
    assert "RuntimeError: secret internals" in event["message"]
    assert event["request_id"] == request["request_id"] == reply.headers["x-request-id"]
    assert request["severity"] == "ERROR"


def test_request_is_logged_in_cloud_loggings_form(
    make_endpoint: MakeEndpoint,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line a request: severity, message, httpRequest and trace, and nothing of the body."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "a-project")
    endpoint = make_endpoint()
    trace = "0af7651916cd43dd8448eb211c80319c"
    post(endpoint, right(endpoint), ("traceparent", f"00-{trace}-b7ad6b7169203331-01"))
    (line,) = capfd.readouterr().out.splitlines()
    logged = json.loads(line)
    assert logged["severity"] == "INFO"
    assert logged["message"] == "POST /predict 200"
    assert logged["httpRequest"]["requestMethod"] == "POST"
    assert logged["httpRequest"]["requestUrl"] == "/predict"
    assert logged["httpRequest"]["status"] == 200
    assert logged["httpRequest"]["latency"].endswith("s")
    assert logged["logging.googleapis.com/trace"] == f"projects/a-project/traces/{trace}"
    assert "features" not in line


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("x-cloud-trace-context", "105445aa7843bc8bf206b12000100000/1;o=1", True),
        ("x-cloud-trace-context", "105445aa7843bc8bf206b12000100000", True),
        ("x-cloud-trace-context", 'x"y/1', False),
        ("traceparent", "00-xyz-1-01", False),
    ],
)
def test_only_a_well_formed_trace_is_logged(
    make_endpoint: MakeEndpoint,
    capfd: pytest.CaptureFixture[str],
    name: str,
    value: str,
    expected: bool,  # noqa: FBT001
) -> None:
    """Google's header gives the trace too; one that is malformed is left out."""
    endpoint = make_endpoint()
    post(endpoint, right(endpoint), (name, value))
    logged = json.loads(capfd.readouterr().out)
    assert ("logging.googleapis.com/trace" in logged) is expected


def test_strange_paths_cannot_break_a_log_line(
    make_endpoint: MakeEndpoint, capfd: pytest.CaptureFixture[str]
) -> None:
    """A path with quotes, line ends and other scripts stays inside its JSON string."""
    caller = InProcessCaller(make_endpoint())
    path = '/a"b\n{}\u2028é'
    assert caller.call("GET", path).status == 404
    logged = json.loads(capfd.readouterr().out)
    assert logged["httpRequest"]["requestUrl"] == path
    assert logged["severity"] == "WARNING"


def test_named_origins_are_the_only_ones(make_endpoint: MakeEndpoint) -> None:
    """With origins configured, only those are allowed, and caches are told."""
    endpoint = make_endpoint(origins=["https://a.example", "https://b.example"])
    known = post(endpoint, right(endpoint), ("Origin", "https://b.example"))
    other = post(endpoint, right(endpoint), ("Origin", "https://c.example"))
    assert known.headers["access-control-allow-origin"] == "https://b.example"
    assert "access-control-allow-origin" not in other.headers
    assert known.headers["vary"] == other.headers["vary"] == "Origin"


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "in chunks"])
def test_body_is_read_no_further_than_the_limit(declared: bool) -> None:  # noqa: FBT001
    """A body that says it is too long is not read at all; another, up to the limit."""
    reads = 0

    async def receive() -> Message:
        nonlocal reads
        reads += 1
        return {"type": "http.request", "body": b"x" * 60, "more_body": True}

    headers = {b"content-length": b"600"} if declared else {}
    with pytest.raises(Problem) as refused:
        asyncio.run(read_body(receive, headers, 100))
    assert refused.value.status == 413
    assert reads == (0 if declared else 2)


def test_caller_that_went_away_is_not_an_error_of_ours() -> None:
    """A connection closed in the middle of a body is a bad request."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(Problem) as refused:
        asyncio.run(read_body(receive, {}, 100))
    assert refused.value.status == 400


def test_thousands_of_wrong_positions_get_a_bounded_answer(make_endpoint: MakeEndpoint) -> None:
    """At most a hundred places are named; the rest are counted."""
    endpoint = make_endpoint(limit=65536)
    problem = json.loads(post(endpoint, json.dumps({"features": [None] * 5000}).encode()).body)
    assert len(problem["errors"]) == MOST_ERRORS_NAMED + 1
    assert "and 4900 more" in problem["detail"]
