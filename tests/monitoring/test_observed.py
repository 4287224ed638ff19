"""Lines of many instances, added up and held against thresholds."""

from pathlib import Path
from typing import Any

import pytest

from twinserve.config.errors import UserError
from twinserve.config.measurement import Monitoring, Thresholds
from twinserve.monitoring.observed import Observed, add_up
from twinserve.monitoring.report import MOST_ROWS, Report, markdown, terminal_table, write_report
from twinserve.monitoring.thresholds import State, find, worst

# Of the body of one; GitHub refuses more.
MOST_OF_AN_ISSUE = 65_536
LIMITS = Thresholds(drift_psi=0.25, out_of_range=0.05, error_rate=0.01, latency_p99_ms=10)
MONITORING = Monitoring(min_predictions=50, min_answers=50, thresholds=LIMITS)


def line(instance: str = "i1", bundle: str = "b", **members: object) -> dict[str, Any]:
    """As an instance writes it, and Cloud Logging gives it back: every number a double."""
    return {
        "instance": instance,
        "bundle": bundle,
        "model_version": "v1.0",
        "answers": {"200": 100.0},
        "latency_bounds_ms": [1.0, 10.0],
        "latency": [90.0, 9.0, 1.0],
        "predictions": {"no": 60.0, "yes": 40.0},
        "features": [{"name": "one", "counts": [0.0, 50.0, 50.0, 0.0], "shares": [0.5, 0.5]}],
        **members,
    }


def states(seen: Observed) -> dict[str, State]:
    """Of each figure."""
    return {finding.figure: finding.state for finding in find([seen], MONITORING)}


def test_lines_of_all_instances_are_added_up() -> None:
    """Answers, latency, predictions and bins; each instance counts once."""
    seen = add_up("service", [line(), line("i2"), line("i2", answers={"500": 2})], 10)
    assert (seen.lines, seen.instances, seen.cut) == (3, 2, False)
    assert seen.answers == {200: 200, 500: 2}
    assert (seen.answered, seen.error_rate) == (202, 2 / 202)
    assert seen.latency == (270, 27, 3)
    assert seen.predictions == {"no": 180, "yes": 120}
    assert seen.features[0].counts == (0, 150, 150, 0)
    assert seen.features[0].psi == pytest.approx(0)


def test_another_bundles_features_do_not_mix() -> None:
    """Of drift and predictions only what the newest bundle saw counts; of answers all."""
    other = line(bundle="a", features=[], predictions={"maybe": 5}, latency_bounds_ms=[1.0])
    seen = add_up("service", [line(), other], 2)
    assert seen.answers == {200: 200}
    assert seen.latency == (90, 9, 1)
    assert seen.predictions == {"no": 60, "yes": 40}
    assert seen.features[0].values == 100
    assert seen.cut


def test_percentiles_are_spread_evenly_within_a_bucket() -> None:
    """As Prometheus does; what is slower than every bound counts as the last one."""
    seen = add_up("service", [line()], 10)
    assert seen.latency_ms(45) == pytest.approx(0.5)
    assert seen.latency_ms(90) == pytest.approx(1)
    assert seen.latency_ms(94.5) == pytest.approx(5.5)
    assert seen.latency_ms(100) == 10


def test_nothing_logged_is_nothing_known() -> None:
    """A target without lines has no figure that could pass a threshold."""
    seen = add_up("service", [], 10)
    assert (seen.answered, seen.error_rate, seen.latency_ms(99), seen.features) == (0, 0, 0, ())
    assert set(states(seen).values()) == {State.UNKNOWN}


@pytest.mark.parametrize(
    ("members", "passed"),
    [
        ({}, set()),
        ({"answers": {"200": 98, "503": 2}}, {"error rate"}),
        ({"answers": {"200": 50, "422": 50}}, set()),
        ({"latency": [0, 98, 2], "latency_bounds_ms": [1, 20]}, {"latency, p99"}),
        (
            {"features": [{"name": "one", "counts": [0, 95, 5, 0], "shares": [0.5, 0.5]}]},
            {"drift of one"},
        ),
        (
            {"features": [{"name": "one", "counts": [6, 44, 50, 0], "shares": [0.5, 0.5]}]},
            {"one out of range"},
        ),
    ],
    ids=["nothing", "errors", "refusals", "slow", "drift", "out of range"],
)
def test_what_passes_its_threshold_is_found(members: dict[str, Any], passed: set[str]) -> None:
    """By name; a refusal of a bad request is no error."""
    figures = states(add_up("service", [line(**members)], 10))
    assert {figure for figure, state in figures.items() if state is State.PASSED} == passed
    assert set(figures.values()) <= {State.PASSED, State.KEPT}


def test_few_say_nothing_and_what_has_no_threshold_is_not_held() -> None:
    """Under the least number the state is unknown; the worst state is the whole's."""
    seen = add_up("service", [line(answers={"500": 40}, features=[])], 10)
    assert states(seen) == {"error rate": State.UNKNOWN, "latency, p99": State.UNKNOWN}
    assert find([seen], Monitoring()) == ()
    assert worst(()) is State.KEPT
    findings = find([seen, add_up("function", [line(answers={"500": 99})], 10)], MONITORING)
    assert worst(findings) is State.PASSED
    assert worst(findings[:2]) is State.UNKNOWN


@pytest.mark.parametrize("broken", [{}, line(answers=None), line(latency=["a"]), line(features=5)])
def test_line_of_something_else_is_one_line(broken: dict[str, Any]) -> None:
    """The target is named, and there is no traceback."""
    with pytest.raises(
        UserError, match="service: a log entry is not as its instances write"
    ) as refused:
        add_up("service", [broken], 10)
    assert "\n" not in str(refused.value)


def test_report_of_hundreds_of_features_still_fits_an_issue(tmp_path: Path) -> None:
    """The most drifted ones are shown, the passed thresholds first; the JSON has all."""
    shares = [0.5, 0.5]
    features = [
        {"name": f"feature_number_{n}", "counts": [0, 50 + n % 50, 50, 0], "shares": shares}
        for n in range(250)
    ]
    features[170]["counts"] = [0, 0, 100, 0]
    targets = tuple(add_up(name, [line(features=features)], 10) for name in ("one", "two"))
    taken = "2026-03-01T04:47:00+00:00"
    report = Report(taken, "iris", 24, targets, find(targets, MONITORING))
    text = markdown(report)
    assert len(text) < MOST_OF_AN_ISSUE
    rows = [row for row in text.splitlines() if row.startswith("| drift of ")]
    assert rows[0].startswith("| drift of feature_number_170 | ")
    assert len(rows) <= MOST_ROWS
    write_report(report, tmp_path)
    assert "feature_number_249" in (tmp_path / "monitoring.json").read_text()
    page = (tmp_path / "monitoring.html").read_text()
    assert "feature_number_170" in page
    assert "https://" not in page


def test_a_target_of_another_model_has_its_own_features(tmp_path: Path) -> None:
    """Where the targets are out of step, a feature that one lacks is a dash."""
    other = line(features=[{"name": "two", "counts": [0, 9, 1, 0], "shares": [0.5, 0.5]}])
    targets = (add_up("service", [line()], 10), add_up("function", [other], 10))
    taken = "2026-03-01T04:47:00+00:00"
    report = Report(taken, "iris", 24, targets, find(targets, MONITORING))
    assert "| one | 0.000 (0% out of range) | \N{EN DASH} |" in markdown(report)
    write_report(report, tmp_path)
    assert str(terminal_table(report).row_count) == "8"
