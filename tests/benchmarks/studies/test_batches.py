"""Many rows in one request, measured: what the study takes, and how it decides."""

from pathlib import Path

import pytest

from benchmarks.studies import batches
from benchmarks.studies.batches import Batches, full_rows, markdown, study_batches
from twinserve.config.card import load_card


def taken(**changed: object) -> Batches:
    values: dict[str, object] = {
        "target": "service",
        "rows": 1000,
        "handler_ms": 3.9,
        "singles": (10_000.0, 11_000.0, 9_000.0),
        "batched": (200_000.0, 220_000.0, 180_000.0),
        "alone_ms": (1.0, 1.2, 1.1),
        "beside_ms": (5.0, 6.0, 5.5),
    }
    return Batches(**(values | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({}, True),
        ({"handler_ms": 4.1}, False),
        ({"batched": (100_000.0, 110_000.0, 90_000.0)}, False),
        ({"beside_ms": (11.2, 11.3, 11.4)}, False),
    ],
)
def test_each_aim_decides(changed: dict[str, object], *, holds: bool) -> None:
    """The handler's time, the gain and the wait: one that is missed is enough."""
    assert taken(**changed).holds is holds


def test_full_requests_are_of_golden_rows_in_turns(dist: Path) -> None:
    """As many as are asked for."""
    card = load_card(dist / "service" / "model.json")
    rows = full_rows(card, 5)
    features = [case.features for case in card.golden]
    assert rows == [*features, *features[:2]]


@pytest.mark.nightly
def test_study_measures_a_target(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each figure of one round, and a table that has them."""
    for name, value in (
        ("BURST_SECONDS", 0.2),
        ("WARM_UP_SECONDS", 0.1),
        ("REQUESTS", 100),
        ("WARM_UP", 10),
    ):
        monkeypatch.setattr(batches, name, value)
    study = study_batches(["service"], 1, dist)
    (target,) = study.targets
    assert target.rows == 1000
    assert 0 < target.handler_ms < 1000
    assert target.times.value > 1
    assert target.beside_ms[0] > 0
    assert "| service |" in markdown(study)
