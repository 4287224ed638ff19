"""A fork with code of its own: route, middleware and steps, from the pipeline to both servers."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from tests.pipeline.models.trees import export, repro
from tests.service.own_code import MIDDLEWARE, ROUTES, STEPS
from tests.tools import NIGHTLY_CASE
from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.contract.calls import HttpCaller
from twinserve.contract.check import check_contract
from twinserve.delivery.release.acceptance import confirm
from twinserve.targets.local import local_function, local_service
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering

# In inches, as the step takes them.
GOLDEN = [
    {"features": {**dict(zip(names, row, strict=True)), "site": "A"}, "prediction": number}
    for names in [("sepal_length", "sepal_width", "petal_length", "petal_width")]
    for number, row in enumerate(
        [(2.0, 1.4, 0.55, 0.08), (2.3, 1.2, 1.65, 0.6), (2.5, 1.0, 1.97, 0.75)]
    )
]
JSON = ("Content-Type", "application/json")
KEY = ("X-Api-Key", "open")


@dataclass(frozen=True)
class Fork:
    """A tree with a user's own code, and both servers of its bundles."""

    tree: Path
    endpoints: list[Endpoint]
    log: Path


def write_own_code(tree: Path) -> None:
    """Write what a user writes: three modules, golden cases by name, who is let in."""
    for name, text in {"routes": ROUTES, "middleware": MIDDLEWARE, "steps": STEPS}.items():
        (tree / "custom" / f"{name}.py").write_text(text)
    path = tree / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["golden"] = GOLDEN
    params["deployment"]["check"]["headers"] = {"X-Api-Key": "CHECK_API_KEY"}
    path.write_text(yaml.safe_dump(params, sort_keys=False))


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fork]:
    """The fork, reproduced and served."""
    tree = export(tmp_path_factory.mktemp("fork") / "tree")
    write_own_code(tree)
    repro(tree)
    log = tree / "service.log"
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.chdir(tree)
        patch.setenv("CHECK_API_KEY", "open")
        output = stack.enter_context(log.open("wb"))
        targets = (
            local_service(tree / "dist" / "service", output=output),
            local_function(tree / "dist" / "function"),
        )
        endpoints = [stack.enter_context(target.start()) for target in targets]
        for endpoint in endpoints:
            wait_until_answering(endpoint)
        yield Fork(tree, endpoints, log)


@pytest.fixture(autouse=True)
def _in_the_fork(fork: Fork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fork.tree)
    monkeypatch.setenv("CHECK_API_KEY", "open")


def test_contract_holds_with_own_code(fork: Fork) -> None:
    """On both targets, let in by the header; what a step reads is not the contract's to freeze."""
    card = fork.tree / "dist" / "service" / "model.json"
    check = check_contract(fork.endpoints, card)
    assert load_card(card).steps == ["before", "after"]
    assert check.passed > 100
    assert 0 < check.skipped < check.passed


def test_check_that_is_not_let_in_says_which_variable_is_missing(
    fork: Fork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And asks nothing."""
    monkeypatch.delenv("CHECK_API_KEY")
    with pytest.raises(UserError, match=r"X-Api-Key is to hold \$CHECK_API_KEY, which is not set"):
        check_contract(fork.endpoints, fork.tree / "dist" / "service" / "model.json")


def test_steps_and_middleware_stand_on_both_targets(fork: Fork) -> None:
    """The same bytes from both; without the key, nothing."""
    body = json.dumps({"features": GOLDEN[1]["features"]}).encode()
    callers = [HttpCaller(endpoint.url) for endpoint in fork.endpoints]
    replies = [caller.call("POST", "/predict", [JSON, KEY], body) for caller in callers]
    assert json.loads(replies[0].body)["site"] == "alpine"
    assert {reply.body for reply in replies} == {replies[0].body}
    assert {caller.call("POST", "/predict", [JSON], body).status for caller in callers} == {401}


def test_middleware_stands_under_the_frameworks_own_server(fork: Fork) -> None:
    """With ``--debug`` too, where neither worker nor drain is ours."""
    target = local_function(fork.tree / "dist" / "function")
    target = replace(target, command=(*target.command, "--debug"))
    body = json.dumps({"features": GOLDEN[1]["features"]}).encode()
    with target.start() as endpoint:
        wait_until_answering(endpoint)
        caller = HttpCaller(endpoint.url)
        replies = [caller.call("POST", "/predict", [JSON, *key], body) for key in ([], [KEY])]
    assert [reply.status for reply in replies] == [401, 200]


def test_own_route_asks_its_database_and_the_model(fork: Fork) -> None:
    """In the bundle, where FastAPI is built for it."""
    reply = HttpCaller(fork.endpoints[0].url).call("GET", "/flowers/7", [KEY])
    assert (reply.status, json.loads(reply.body)) == (200, {"id": 7, "label": "setosa"})


def test_release_confirms_an_answer_that_has_more_members(fork: Fork) -> None:
    """What a step adds makes no endpoint wrong; another class does."""
    card = load_card(fork.tree / "dist" / "service" / "model.json")
    answer = {"prediction": 0, "model_version": card.version}
    confirm(fork.endpoints, card.golden[0].features, answer)


def test_second_run_makes_nothing(fork: Fork) -> None:
    """Own code that was imported leaves nothing behind that its folder's hash would see."""
    done = repro(fork.tree)
    assert done.stdout.count("Running stage") == done.stdout.count("Running stage 'engine'") == 1


@pytest.mark.parametrize(
    ("golden", "line"),
    [
        NIGHTLY_CASE([], "custom/steps.py: a row of the table is no request here"),
        ([GOLDEN[0] | {"prediction": 2}], "golden[0]: the served model, with custom/steps.py,"),
        NIGHTLY_CASE(
            [{"features": {"site": "A"}, "prediction": 0}], "golden[0]: sepal_length: is missing"
        ),
        NIGHTLY_CASE(
            [GOLDEN[0] | {"features": {**GOLDEN[0]["features"], "site": "sea"}}],  # type: ignore[dict-item]
            "no flower grows",
        ),
    ],
)
def test_golden_case_that_is_no_request_stops_the_pipeline(
    fork: Fork, golden: list[object], line: str
) -> None:
    """One line says which, and why."""
    path = fork.tree / "params.yaml"
    kept = path.read_text()
    path.write_text(yaml.safe_dump(yaml.safe_load(kept) | {"golden": golden}, sort_keys=False))
    done = repro(fork.tree, code=1)
    path.write_text(kept)
    assert line in done.stderr
    assert "Traceback" not in done.stderr


def test_lifespan_ends_in_the_drain(fork: Fork) -> None:
    """Told to end, the service ends the routes' lifespan, and goes."""
    service = fork.endpoints[0]
    assert service.pid is not None
    os.kill(service.pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while service.fault() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "routes ended" in fork.log.read_text()
