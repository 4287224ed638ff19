"""Drift that starts the renewal of the table."""

import json
from pathlib import Path

import pytest

from tests.tools import write_program
from twinserve.monitoring.alarm import start_renewal
from twinserve.monitoring.thresholds import Finding, State


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What ``gh`` was asked."""
    path = tmp_path / "calls.json"
    write_program(
        tmp_path / "bin" / "gh",
        "import json, sys\n"
        f"open({str(path)!r}, 'w').write(json.dumps([sys.argv[1:], json.load(sys.stdin)]))\n",
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return path


def finding(figure: str, state: State) -> Finding:
    return Finding("service", figure, 0.5, 0.25, "", 1000, state)


@pytest.mark.parametrize("figure", ["drift of sepal_length", "sepal_length out of range"])
def test_drift_starts_the_renewal_of_the_table(calls: Path, figure: str) -> None:
    """By the workflow that a person would start."""
    said = start_renewal("owner/twinserve", [finding(figure, State.PASSED)])
    assert said == f"started: the renewal of the table, for {figure}"
    words, body = json.loads(calls.read_text())
    assert "repos/owner/twinserve/actions/workflows/renew.yml/dispatches" in words
    assert body == {"ref": "main", "inputs": {"kind": "data", "names": ""}}


@pytest.mark.parametrize(
    ("figure", "state"),
    [
        ("drift of sepal_length", State.KEPT),
        ("drift of sepal_length", State.UNKNOWN),
        ("error rate", State.PASSED),
        ("latency, p99", State.PASSED),
    ],
)
def test_what_rows_do_not_mend_starts_nothing(calls: Path, figure: str, state: State) -> None:
    """Errors and latency are no matter of rows; too little is no drift."""
    assert start_renewal("owner/twinserve", [finding(figure, state)]) is None
    assert not calls.exists()
