"""Both targets tell what they have answered: the service in /metrics, both in their last line."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.front import Service
from tests.callers import InProcessCaller
from tests.service.test_imports import predicted, watched
from twinserve.config.card import Card, load_card
from twinserve.config.layout import MONITORING_MEMBER
from twinserve.contract.calls import Caller, HttpCaller
from twinserve.targets.local import local_function, local_service
from twinserve.targets.ready import wait_until_answering

JSON = ("Content-Type", "application/json")
Samples = dict[str, dict[tuple[str, ...], float]]


@pytest.fixture
def card(dist: Path) -> Card:
    """Of what is served."""
    return load_card(dist / "service" / "model.json")


def read_metrics(caller: Caller) -> Samples:
    """Samples by name and the values of their labels, by Prometheus' own parser."""
    reply = caller.call("GET", "/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain; version=")
    assert reply.headers["cache-control"] == "no-store"
    samples: Samples = {}
    for family in text_string_to_metric_families(reply.body.decode()):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return samples


def ask(caller: Caller, card: Card) -> None:
    """Each golden case twice, then one row beyond every range, and two refusals."""
    beyond = [feature.maximum * 2 for feature in card.features]
    for features in [case.features for case in card.golden] * 2 + [beyond]:
        body = json.dumps({"features": features}).encode()
        assert caller.call("POST", "/predict", [JSON], body).status == 200
    assert caller.call("POST", "/predict", [JSON], b"{}").status == 400
    assert caller.call("GET", "/nope").status == 404


def test_metrics_tell_what_was_answered(dist: Path, card: Card) -> None:
    """Requests by status, latency, classes, values out of range, drift, version; health apart."""
    caller = InProcessCaller(Service(dist / "service"))
    before = read_metrics(caller)
    assert before["twinserve_drift_window_rows"] == {(): 0}
    assert "twinserve_feature_drift_psi" not in before
    ask(caller, card)
    caller.call("GET", "/health")
    samples = read_metrics(caller)
    assert samples["twinserve_requests_total"] == {("200",): 7, ("400",): 1, ("404",): 1}
    assert samples["twinserve_request_duration_seconds_count"] == {(): 9}
    assert samples["twinserve_request_duration_seconds_bucket"]["+Inf",] == 9
    assert samples["twinserve_request_duration_seconds_bucket"]["1.07374",] == 9
    assert samples["twinserve_request_duration_seconds_sum"][()] > 0
    assert sum(samples["twinserve_predictions_total"].values()) == 7
    assert {label for (label,) in samples["twinserve_predictions_total"]} == set(card.classes)
    for feature in card.features:
        assert samples["twinserve_feature_out_of_range_total"][feature.name, "above"] == 1
        assert samples["twinserve_feature_out_of_range_total"][feature.name, "below"] == 0
        assert samples["twinserve_feature_values_total"][feature.name,] == 7
        assert samples["twinserve_feature_drift_psi"][feature.name,] > 0
    ((labels, value),) = samples["twinserve_model_info"].items()
    assert value == 1
    assert {card.name, card.version, card.artifacts[card.served]} <= set(labels)
    assert samples["process_resident_memory_bytes"][()] > 0


def test_metrics_are_dressed_and_refused_like_health(dist: Path) -> None:
    """By their methods, and not counted; FastAPI's application mounts the same."""
    caller = InProcessCaller(Service(dist / "service"))
    assert "requests=0" in caller.call("HEAD", "/metrics").headers["x-instance"]
    assert caller.call("OPTIONS", "/metrics").headers["allow"] == "GET, HEAD, OPTIONS"
    refused = caller.call("POST", "/metrics")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    described = json.loads(caller.call("GET", "/openapi.json").body)["paths"]["/metrics"]
    assert set(described) == {"get"}
    assert set(described["get"]["responses"]) == {"200", "408", "431", "500", "503"}


@pytest.fixture
def unmonitored(dist: Path, rebundled: Callable[..., Path]) -> Path:
    """The service's bundle with monitoring off."""
    return rebundled(dist / "service", drift_window=0)


def test_monitoring_can_be_off(unmonitored: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Then there is no such page, it is not described, and nothing is counted."""
    service = Service(unmonitored)
    caller = InProcessCaller(service)
    assert service.responder.monitor is None
    assert caller.call("GET", "/metrics").status == 404
    assert "/metrics" not in json.loads(caller.call("GET", "/openapi.json").body)["paths"]
    assert MONITORING_MEMBER not in capfd.readouterr().out


def test_first_metrics_import_their_library_and_nothing_before(dist: Path) -> None:
    """Neither a prediction nor a page pays for it."""
    with tempfile.TemporaryFile() as output, watched("service", dist, output).start() as endpoint:
        caller = predicted(endpoint)
        assert caller.call("GET", "/docs").status == 200
        output.seek(0)
        before = output.read()
        for module in (b" prometheus_client\n", b" twinserve.inference.tally\n"):
            assert module not in before
        assert b" twinserve.inference.monitor\n" in before
        read_metrics(caller)
        output.seek(0)
        assert b" prometheus_client\n" in output.read()


@pytest.mark.parametrize("name", ["service", "function"])
def test_last_line_tells_all_figures(name: str, dist: Path, card: Card) -> None:
    """Told to end, each target writes one line of what it has answered."""
    make = local_service if name == "service" else local_function
    with tempfile.TemporaryFile() as output:
        with make(dist / name, output=output).start() as endpoint:
            wait_until_answering(endpoint)
            ask(HttpCaller(endpoint.url), card)
        output.seek(0)
        events = [json.loads(line) for line in output if line.startswith(b"{")]
    (event,) = [event for event in events if MONITORING_MEMBER in event]
    assert event["severity"] == "INFO"
    told: dict[str, Any] = event[MONITORING_MEMBER]
    # `wait_until_answering` asks by a method that is refused.
    assert {told["answers"][status] for status in ("400", "404")} == {1}
    assert told["answers"]["200"] == sum(told["predictions"].values()) == 7
    assert sum(told["latency"]) == sum(told["answers"].values())
    assert [feature["name"] for feature in told["features"]] == [
        feature.name for feature in card.features
    ]
    assert all(feature["counts"][-1] == 1 and feature["psi"] > 0 for feature in told["features"])
    assert told["seconds"] > 0
    assert told["model_version"] == card.version
