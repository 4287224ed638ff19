"""`review collect` on two real trees, of which one has another forest."""

import os
import sys
from pathlib import Path

import pytest

from tests.pipeline.models.trees import export
from tests.tools import run, write_program
from tests.tree import ROOT
from twinserve.review.report import read_untrusted

DOCKER = ROOT / "tests" / "pipeline" / "containers" / "fake_docker.py"
BASE_BYTES = 1000


def tree(directory: Path) -> Path:
    """An exported tree that is set up as a checkout is."""
    made = export(directory)
    (made / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return made


def with_docker(directory: Path) -> dict[str, str]:
    """An environment with a Docker that notes what it is told to build."""
    write_program(directory / "bin" / "docker", DOCKER.read_text())
    state = directory / "docker.json"
    return os.environ | {
        "PATH": f"{directory / 'bin'}:{os.environ['PATH']}",
        "DOCKER_STATE": str(state),
    }


@pytest.mark.nightly
def test_both_sides_are_reproduced_and_compared(tmp_path: Path) -> None:
    """A smaller forest shows as a parameter, a smaller bundle and image; figures too."""
    base, head = tree(tmp_path / "base"), tree(tmp_path / "head")
    params = head / "params.yaml"
    text = params.read_text()
    assert "n_estimators: 100" in text
    params.write_text(text.replace("n_estimators: 100", "n_estimators: 20"))
    command = [".venv/bin/twinserve", "review", "collect", "--base", str(base)]
    run(
        [*command, "--output", "reports/review.json", "--rounds", "1"],
        cwd=head,
        env=with_docker(tmp_path),
        code=0,
    )
    report = read_untrusted((head / "reports" / "review.json").read_bytes())
    (change,) = report.params
    assert (change.name, change.base, change.head) == (
        "estimator.arguments.n_estimators",
        "100",
        "20",
    )
    assert {benchmark.name for benchmark in report.benchmarks} >= {"test_handler.py::test_predict"}
    assert report.bundle_bytes.head < report.bundle_bytes.base
    assert [(row.target, row.figure) for row in report.latency] == [
        (target, figure)
        for target in ("service", "function")
        for figure in ("cold start, p50", "warm latency, p50", "warm latency, p99")
    ]
    assert all(row.head_ms > 0 for row in report.latency)
    assert [target.target for target in report.imports] == ["service", "function"]
    assert not [
        change for target in report.imports for change in target.changes if change.ratio is None
    ]
    assert report.image_bytes is not None
    assert BASE_BYTES < report.image_bytes.head < report.image_bytes.base


def test_side_that_cannot_be_reproduced_ends_in_a_line(tmp_path: Path) -> None:
    """Which command, in which tree."""
    head = tree(tmp_path / "head")
    (tmp_path / "empty").mkdir()
    command = [".venv/bin/twinserve", "review", "collect", "--base", str(tmp_path / "empty")]
    done = run([*command, "--output", "review.json"], cwd=head, code=1)
    assert done.stderr.startswith(f"error: `make repro` fails in {tmp_path / 'empty'}: ")
    assert not (head / "review.json").exists()
