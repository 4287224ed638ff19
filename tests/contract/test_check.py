"""The contract suite as a command's step: what fails is shown and ends it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from twinserve.config.errors import UserError
from twinserve.contract.check import MOST_SHOWN, CheckError, check_contract
from twinserve.targets.local import local_function, local_service
from twinserve.targets.process import ProcessTarget
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering

LONGEST_LINE = 220


@contextmanager
def answering(target: ProcessTarget) -> Iterator[Endpoint]:
    """A target, started and up."""
    with target.start() as endpoint:
        wait_until_answering(endpoint)
        yield endpoint


def test_right_endpoints_pass(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both targets pass every case, and none is left out."""
    monkeypatch.chdir(dist.parent)
    with (
        answering(local_service(dist / "service")) as service,
        answering(local_function(dist / "function")) as function,
    ):
        check = check_contract([service, function], dist / "service" / "model.json")
    assert check.passed > 150
    assert (check.failed, check.skipped) == (0, 0)


def test_wrong_endpoint_fails(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An endpoint that serves another version than the card fails, and the case is shown."""
    monkeypatch.chdir(dist.parent)
    card = tmp_path / "model.json"
    text = (dist / "service" / "model.json").read_text()
    card.write_text(text.replace('"version": "v1.0"', '"version": "v9.9"'))
    with (
        answering(local_function(dist / "function")) as function,
        pytest.raises(UserError, match=r"\d+ cases of the contract fail; see above"),
    ):
        check_contract([function], card)
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) <= MOST_SHOWN + 1
    assert any(line.startswith("  golden_cases_are_answered[function]: ") for line in shown)
    assert not [line for line in shown if len(line) > LONGEST_LINE]


def test_endpoint_that_is_down_is_not_told_a_hundred_times(
    dist: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the cases that fail the first are shown, with their reason, and the others counted."""
    monkeypatch.chdir(dist.parent)
    nobody = Endpoint("service", "http://127.0.0.1:9", 0)
    with pytest.raises(CheckError, match=r"(\d+) cases") as failure:
        check_contract([nobody], dist / "service" / "model.json")
    shown = capsys.readouterr().err.splitlines()
    assert "Connection refused" in shown[0]
    assert len(shown) == MOST_SHOWN + 1
    failed = int(str(failure.value).partition(" ")[0])
    assert shown[-1] == f"  and {failed - MOST_SHOWN} more"


def test_suite_that_cannot_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its files the suite is not mistaken for one that passed."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"fail; see above|could not be run"):
        check_contract([Endpoint("service", "http://127.0.0.1:9", 0)], tmp_path / "model.json")
