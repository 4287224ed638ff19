"""A file is drawn, scored by the command, and its figures are put into words."""

import json
from pathlib import Path

import pytest

from benchmarks.studies import scoring
from tests.measure.fakes import card
from twinserve.config.card import Feature
from twinserve.config.errors import UserError
from twinserve.measure.pages.files import write_json


def test_figures_are_of_the_command_that_users_give(dist: Path, tmp_path: Path) -> None:
    """Wall time, memory of all processes, and what the time goes to."""
    assert dist.is_dir()
    said: list[str] = []
    figures = scoring.run_scoring(500, 1, said.append)
    (figure,) = figures.rounds
    assert {"parse", "check", "predict", "format", "write"} <= figure.stages.keys()
    assert figure.memory_bytes is not None
    assert figure.memory_bytes > 10_000_000
    assert said[0].startswith("round 1/1  ")
    text = scoring.markdown(figures)
    assert text.startswith("500 rows of iris v1.0, compiled, CSV to CSV, on ")
    assert "| `predict`: the model | 0." in text
    written = json.loads(write_json(tmp_path, "scoring", figures).read_text())
    assert written["rounds"][0]["processes"] == 1


def test_command_that_fails_is_quoted(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line, instead of figures."""
    assert dist.is_dir()
    monkeypatch.setattr(scoring, "drawn", lambda *_: ["a,b\n"])
    with pytest.raises(UserError, match=r"^twinserve score: error: .*column sepal_length: not fou"):
        scoring.run_scoring(1, 1, print)


def test_rows_are_drawn_by_the_types_of_the_card() -> None:
    """Each cell is a value of its feature."""
    kinds = [
        Feature("a", "", 1.0, 1.0),
        Feature("b", "", 0, 0, type="category", values=["x, y"]),
        Feature("c", "", 0, 0, type="boolean"),
        Feature("d", "", 0, 0, type="text"),
    ]
    header, row = scoring.drawn(card()._replace(features=kinds), 1)
    assert header == "a,b,c,d\n"
    assert row in {'1.0,"x, y",true,text\n', '1.0,"x, y",false,text\n'}
