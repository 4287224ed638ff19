"""What an instance counts of its answers, and the lines that it tells them in."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.callers import InProcessCaller
from twinserve.config.card import Card, Feature
from twinserve.inference.asgi import Answer
from twinserve.inference.bundle import Settings
from twinserve.inference.endpoint import open_endpoint
from twinserve.inference.logs import MOST_LINE_BYTES
from twinserve.inference.monitor import (
    MOST_ROWS,
    MOST_VALUES,
    MOST_VALUES_A_SECOND,
    MOST_VALUES_KEPT,
    Monitor,
)
from twinserve.inference.tally import LATENCY_BOUNDS_MS, MOST_FEATURES_LOGGED, Tally
from twinserve.inference.telemetry import Instance
from twinserve.monitoring.observed import add_up

SECOND = 1_000_000_000


class Opened:
    """As much of a bundle as a monitor reads."""

    hash = "0" * 64

    def __init__(self, card: Card, window: int, log_every_s: int) -> None:
        self.card = card
        self.settings = Settings(1000, ["*"], window, log_every_s)


@pytest.fixture
def small(card: Card) -> Card:
    """A card of one feature in three bins: to 1, to 2, to 3."""
    feature = Feature("one", "", 0.0, 3.0, [1.0, 2.0], [0.25, 0.25, 0.5])
    return card._replace(features=[feature], classes=["no", "yes"])


@pytest.fixture
def make_monitor(small: Card) -> Callable[..., Monitor]:
    """Makes one of the small card, or of another."""

    def make(card: Card = small, window: int = 100, log_every_s: int = 60) -> Monitor:
        return Monitor(Opened(card, window, log_every_s), Instance())  # type: ignore[arg-type]

    return make


def note(
    monitor: Monitor,
    status: int,
    row: list[float] | None = None,
    number: int = 0,
    *,
    elapsed_ns: int = 1,
    at_s: float = 0,
) -> None:
    """One answer, so long after the monitor's beginning."""
    answer = Answer(status, [], b"", "", None if row is None else number, row)
    now = monitor._began_ns + round(at_s * SECOND)  # noqa: SLF001
    monitor.note(answer, elapsed_ns, now)


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What has been logged since it was last asked."""
    return [json.loads(line)["monitoring"] for line in capfd.readouterr().out.splitlines()]


def test_values_are_counted_by_place(small: Card) -> None:
    """The range's ends are in it, an edge is of the bin under it, the rest is out of range."""
    tally = Tally(small, 100, 0)
    values = [-0.1, 0.0, 1.0, 1.1, 2.0, 2.1, 3.0, 3.1, 9.0]
    tally.add_predictions([0, 9], [[value] for value in values])
    assert tally.total().values == [[1, 2, 2, 2, 2]]
    assert tally.total().classes == [0, 9]


def test_latency_is_counted_by_bucket_and_answers_by_status(
    make_monitor: Callable[..., Monitor],
) -> None:
    """What is as fast as the first bound or slower than the last has a bucket of its own."""
    monitor = make_monitor()
    bounds = [round(bound * 1e6) for bound in LATENCY_BOUNDS_MS]
    fine = [0, bounds[0] - 1, bounds[0] + 1, bounds[1] - 1, bounds[-1] - 1]
    refused = [bounds[-1] + 1, 100 * bounds[-1], 5]
    for status, elapsed in zip((*[200] * 5, 422, 422, 500), fine + refused, strict=True):
        note(monitor, status, elapsed_ns=elapsed)
    total = monitor.tally().total()
    buckets = dict(enumerate(total.latency))
    assert {place: count for place, count in buckets.items() if count} == {
        0: 3,
        1: 2,
        len(bounds) - 1: 1,
        len(bounds): 2,
    }
    assert total.latency_ns == sum(fine + refused)
    assert total.answers == {200: 5, 422: 2, 500: 1}


def test_drift_is_of_the_window_only(small: Card) -> None:
    """Rows as in the table give next to nothing; others much; what has left the window, nothing."""
    tally = Tally(small, 200, 0)
    assert tally.drift() == [None]
    table = [[0.5], [2.5], [1.5], [2.5]] * 50
    tally.add_predictions([0, 0], table)
    assert tally.drift() == [pytest.approx(0, abs=0.001)]
    tally.add_predictions([0, 0], [[2.9]] * 200)
    (shifted,) = tally.drift()
    assert shifted is not None
    assert shifted > 1
    tally.add_predictions([0, 0], table)
    assert tally.drift() == [pytest.approx(0, abs=0.001)]
    assert tally.window() == 200


def test_lines_add_up(
    make_monitor: Callable[..., Monitor], capfd: pytest.CaptureFixture[str]
) -> None:
    """Each holds what has been answered since the one before; without an answer there is none."""
    monitor = make_monitor()
    note(monitor, 200, [0.5], 0, elapsed_ns=60_000)
    monitor.write_line()
    monitor.write_line()
    for value in (2.5, 7.0):
        note(monitor, 200, [value], 1, elapsed_ns=60_000)
    note(monitor, 422, elapsed_ns=10_000)
    monitor.write_line()
    first, second = lines(capfd)
    assert (first["line"], first["answers"], first["predictions"]) == (
        1,
        {"200": 1},
        {"no": 1, "yes": 0},
    )
    assert (second["line"], second["answers"]) == (2, {"200": 2, "422": 1})
    assert second["predictions"] == {"no": 0, "yes": 2}
    assert second["latency"][:3] == [1, 2, 0]
    assert second["latency_sum_ms"] == 0.13
    assert [line["features"][0]["counts"] for line in (first, second)] == [
        [0, 1, 0, 0, 0],
        [0, 0, 0, 1, 1],
    ]
    assert first["instance"] == second["instance"] == monitor.instance.name
    assert (second["model"], second["model_version"]) == ("iris", "v1.0")
    assert second["window"] == 3
    assert monitor.tally().total().answers == {200: 3, 422: 1}


def test_no_line_tells_a_request(
    make_monitor: Callable[..., Monitor], capfd: pytest.CaptureFixture[str]
) -> None:
    """Numbers of many, never a value that somebody sent."""
    monitor = make_monitor()
    note(monitor, 200, [1.2345678])
    monitor.write_line()
    assert "1.2345" not in capfd.readouterr().out


def test_line_is_due_once_in_a_while(
    make_monitor: Callable[..., Monitor], capfd: pytest.CaptureFixture[str]
) -> None:
    """The first answer after a minute writes it, those of the minute after that do not."""
    monitor = make_monitor()
    for at_s in (0, 1000, 1001, 1060, 1061):
        note(monitor, 200, [0.5], at_s=at_s)
    assert [line["answers"]["200"] for line in lines(capfd)] == [2, 3]


def test_what_is_noted_is_bounded(make_monitor: Callable[..., Monitor]) -> None:
    """However many answers there are between two lines, only the window's rows are kept."""
    monitor = make_monitor(window=100)
    for number in range(3 * MOST_ROWS - 1):
        note(monitor, 200, [0.5], at_s=number)
        assert len(monitor._rows) < MOST_ROWS * 8  # noqa: SLF001 - bytes; a row is one value
    assert monitor.tally().total().answers == {200: 3 * MOST_ROWS - 1}
    assert monitor.tally().window() == 100


def test_a_busy_instance_looks_at_some_rows(make_monitor: Callable[..., Monitor]) -> None:
    """Many at first, then as many as it can afford, evenly; classes and answers are counted all."""
    monitor = make_monitor()
    rate = 10 * MOST_VALUES_A_SECOND
    count = 20 * MOST_ROWS
    for number in range(count):
        note(monitor, 200, [0.5 if number < count / 2 else 2.5], 1, at_s=number / rate)
    total = monitor.tally().total()
    assert total.classes == [0, count]
    assert total.answers == {200: count}
    assert total.values == [[0, MOST_ROWS + MOST_ROWS - 1, 0, MOST_ROWS, 0]]


def test_a_rested_instance_looks_at_all_rows(
    make_monitor: Callable[..., Monitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a rest as many at once as are binned at once; at the allowed rate, every one.

    The first rest is before it began, however short a time the machine had been up by then.
    """
    monkeypatch.setattr(time, "perf_counter_ns", lambda: SECOND // 100)
    monitor = make_monitor()
    for at_s in (0, 100, 1000):
        for _ in range(2 * MOST_ROWS):
            note(monitor, 200, [0.5], at_s=at_s)
    assert sum(monitor.tally().total().values[0]) == 3 * MOST_ROWS
    for number in range(1, 1001):
        note(monitor, 200, [0.5], at_s=1000 + number / MOST_VALUES_A_SECOND)
    assert sum(monitor.tally().total().values[0]) == 3 * MOST_ROWS + 1000


def test_a_refusal_has_no_row(make_monitor: Callable[..., Monitor]) -> None:
    """The row before it, which was looked at when it came, is not looked at again."""
    monitor = make_monitor()
    note(monitor, 200, [0.5], at_s=1)
    note(monitor, 422, at_s=2)
    assert sum(monitor.tally().total().values[0]) == 1


def test_endpoint_counts_all_and_has_rows_looked_at_when_they_are_due(dist: Path) -> None:
    """Answers, times and classes at once; a row that was passed over is not looked at later."""
    endpoint, bundle = open_endpoint(dist / "service", {"/predict"})
    monitor = endpoint.responder.monitor
    assert monitor
    caller, golden = InProcessCaller(endpoint), bundle.card.golden[0]
    right, wrong = json.dumps({"features": golden.features}).encode(), b"{}"

    def ask(body: bytes) -> int:
        headers = [("Content-Type", "application/json")]
        return caller.call("POST", "/predict", headers, body).status

    monitor._look_ns = time.perf_counter_ns() + 3600 * SECOND  # noqa: SLF001
    assert [ask(body) for body in (right, wrong, right, right)] == [200, 400, 200, 200]
    total = monitor.tally().total()
    assert total.answers == {200: 3, 400: 1}
    assert sum(total.latency) == 4
    assert total.latency_ns > 0
    assert total.classes[golden.prediction] == sum(total.classes) == 3
    assert [sum(counts) for counts in total.values] == [0] * len(golden.features)
    monitor._look_ns = 0  # noqa: SLF001
    assert [ask(body) for body in (wrong, wrong, right, right)] == [400, 400, 200, 200]
    assert [sum(counts) for counts in monitor.tally().total().values] == [2] * len(golden.features)


def test_wide_rows_are_bounded(
    small: Card, make_monitor: Callable[..., Monitor], capfd: pytest.CaptureFixture[str]
) -> None:
    """Fewer of them are kept, and a line has so many features that it can still be logged."""
    width = 2 * MOST_FEATURES_LOGGED
    wide = small._replace(
        features=[Feature(f"f{number}", "", 0.0, 1.0, [0.5], [0.5, 0.5]) for number in range(width)]
    )
    monitor = make_monitor(wide, window=1000, log_every_s=10_000)
    at_once = MOST_VALUES // width
    for _ in range(2 * at_once):
        note(monitor, 200, [0.1] * width, 1)
    assert monitor.tally().window() == at_once
    for number in range(MOST_ROWS):
        note(monitor, 200, [0.1] * width, 1, at_s=number * width / MOST_VALUES_A_SECOND)
        assert len(monitor._rows) < MOST_VALUES * 8  # noqa: SLF001 - bytes
    assert monitor.tally().window() == MOST_VALUES_KEPT // width
    monitor.write_line()
    told = lines(capfd)
    assert len(told) > 1
    assert [line["line"] for line in told] == list(range(1, len(told) + 1))
    assert sum(len(line["features"]) for line in told) == MOST_FEATURES_LOGGED


def test_figures_of_a_wide_table_take_several_lines_that_add_up(
    make_monitor: Callable[..., Monitor], small: Card, capfd: pytest.CaptureFixture[str]
) -> None:
    """No line is longer than the log allows, and together they say what one would have said."""
    feature = small.features[0]
    wide = small._replace(
        features=[feature._replace(name=f"a feature with a long name, {n}") for n in range(100)],
        classes=[f"a class with a long name, {n}" for n in range(300)],
    )
    monitor = make_monitor(wide)
    for number in range(3):
        note(monitor, 200, [1.5] * 100, number)
    monitor.write_line()
    written = capfd.readouterr().out.splitlines()
    assert len(written) > 2
    assert max(map(len, written)) < MOST_LINE_BYTES
    seen = add_up("service", [json.loads(line)["monitoring"] for line in written], 1000)
    assert (seen.answered, seen.instances) == (3, 1)
    assert sum(seen.predictions.values()) == 3
    assert len(seen.predictions) == 300
    assert {feature.name for feature in seen.features} == {
        feature.name for feature in wide.features
    }
    assert {feature.counts for feature in seen.features} == {(0, 0, 3, 0, 0)}
