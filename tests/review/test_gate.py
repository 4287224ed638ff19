"""The gate of a pull request, by what its run measured."""

from pathlib import Path

import pytest

from tests.review.reports import encoded, sample
from twinserve.config.errors import UserError
from twinserve.review.gate import judge


def report(directory: Path, **members: object) -> Path:
    """The sample, with some members replaced."""
    path = directory / "review.json"
    path.write_bytes(encoded({**sample(), **members}))
    return path


def test_what_only_warns_passes(tmp_path: Path) -> None:
    """A middle over the allowed ratio fails nothing."""
    path = report(tmp_path, benchmarks=sample()["benchmarks"][1:], imports=[])
    assert judge(path) == "no figure is over 1.1 times the base's by its whole interval"


def test_whole_interval_over_the_allowed_ratio_fails(tmp_path: Path) -> None:
    """Each figure is named, and what to do where it is meant."""
    slow = [{**latency, "outcome": "broken"} for latency in sample()["latency"][:1]]
    with pytest.raises(UserError) as caught:
        judge(report(tmp_path, latency=slow))
    told = str(caught.value)
    assert "slower than 1.1 times the base" in told
    assert (
        ": service: cold start, p50; test_handler.py::test_predict; imports of the service; "
        in told
    )
    assert "fastapi is new with 44 ms, asked for by twinserve.inference.endpoint" in told
    assert "measurement.comparison.allowed_ratio" in told


def test_model_that_changed_under_its_version_fails_where_the_setting_says_so(
    tmp_path: Path,
) -> None:
    """Else the comment says it, and nothing is stopped; a raised version passes anyhow."""
    quick: dict[str, object] = {"benchmarks": [], "latency": [], "imports": []}
    changed = {"base_version": "v1.0", "head_version": "v1.0", "artifacts": ["model.pkl"]}
    assert judge(report(tmp_path, **quick, model=changed, same_version="say"))
    raised = {**changed, "head_version": "v1.1"}
    assert judge(report(tmp_path, **quick, model=raised, same_version="refuse"))
    with pytest.raises(UserError, match=r"is still called v1\.0: raise model\.version"):
        judge(report(tmp_path, **quick, model=changed, same_version="refuse"))


def test_missing_report_is_told(tmp_path: Path) -> None:
    """With the command that makes it."""
    with pytest.raises(UserError, match="make it with `review collect`"):
        judge(tmp_path / "review.json")
