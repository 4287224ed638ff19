"""What Google's front end may answer instead counts for deployed endpoints only."""

import socket
from pathlib import Path

import pytest

from tests.google.running.relay import Head
from tests.google.running.serving import Listener
from twinserve.config.measurement import Budgets, DeployedBudgets
from twinserve.config.params import load_params
from twinserve.contract import check
from twinserve.contract.cases import REFUSED
from twinserve.contract.front_end import INSTEAD, may_answer
from twinserve.targets.opener import Reply
from twinserve.targets.protocol import Endpoint

CARD = Path("models/model.json")


@pytest.mark.parametrize("name", INSTEAD)
def test_listed_case_may_be_answered_otherwise(name: str) -> None:
    """By the statuses of the list and no others."""
    case = REFUSED[name]
    for status in INSTEAD[name]:
        assert may_answer(case, Reply(status, {}, b""))
    assert not may_answer(case, Reply(500, {}, b""))


def test_no_other_case_may() -> None:
    """A front end's 411 for a GET would be a fault."""
    assert not may_answer(REFUSED["GET"], Reply(411, {}, b""))


@pytest.mark.parametrize("deployed", [True, False])
def test_only_a_release_asks_for_it(monkeypatch: pytest.MonkeyPatch, *, deployed: bool) -> None:
    """What runs here is held to the letter."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> None:
        commands.append(command)
        raise KeyboardInterrupt

    monkeypatch.setattr("twinserve.contract.check.subprocess.run", run)
    with pytest.raises(KeyboardInterrupt):
        check.check_contract([Endpoint("service", "http://s", 0)], CARD, deployed=deployed)
    assert ("--deployed" in commands[0]) is deployed


def test_fake_front_end_wants_a_length() -> None:
    """411 for a PATCH that names none, before the endpoint is asked."""
    listener = Listener(lambda _: pytest.fail("was asked"))
    try:
        with socket.create_connection(("127.0.0.1", listener.server_address[1])) as client:
            client.sendall(b"PATCH /predict HTTP/1.1\r\nHost: s\r\n\r\n")
            assert client.recv(64).startswith(b"HTTP/1.1 411 ")
    finally:
        listener.shutdown()
        listener.server_close()


def test_fake_front_end_drops_an_empty_type() -> None:
    """Other headers stay as they are."""
    head = Head(b"POST / HTTP/1.1\r\nHost: s\r\nContent-Type: \r\nContent-Length: 2\r\n\r\n")
    kept = head.without_empty("Content-Type").raw
    assert kept == b"POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 2\r\n\r\n"


def test_deployed_endpoints_have_budgets_of_their_own() -> None:
    """Over the internet: those of `deployed`; what is no latency stays."""
    budgets = Budgets(
        cold_p50_ms=1, warm_p99_ms=2, deployed=DeployedBudgets(cold_p50_ms=10, warm_p99_ms=20)
    )
    wanted = load_params().measurement.model_copy(update={"budgets": budgets}).of_deployed().budgets
    assert (wanted.cold_p50_ms, wanted.warm_p99_ms) == (10, 20)
    assert wanted.imports_ratio == budgets.imports_ratio
