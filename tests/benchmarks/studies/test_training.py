"""Stages beside the bare fit: every process is run, timed and weighed, and put into words."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.studies.training import page, stages
from benchmarks.studies.training.stages import Bounds, Round, Run, Size
from tests.measure.fakes import conditions
from tests.tree import PROJECT
from twinserve.config.errors import UserError
from twinserve.measure.pages.text import EN_DASH, TIMES


def bounds(
    *, export_s: float = 5.0, evaluate_s: float = 44.0, memory: int | None = 10**8
) -> Bounds:
    """Three rounds, all of them the same, beside a fit of ten seconds."""
    runs = {
        "prepare": Run(1.0, memory),
        "train": Run(8.0, memory),
        "evaluate": Run(evaluate_s, memory),
        "export": Run(export_s, memory),
    }
    return Bounds(
        conditions(), Size(100, 20, 5), 5, "compiled", 1234, (Round(10.0, 8.0, runs),) * 3
    )


@pytest.mark.nightly
def test_every_stage_is_run_in_a_project_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the parameters here but for table, forest and gates; nothing is left beside."""
    (tmp_path / "params.yaml").write_text((PROJECT / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    bounds = stages.measure_stages(Size(400, 20, 3), 1, said.append)
    (figures,) = bounds.rounds
    assert tuple(figures.stages) == stages.STAGES
    assert min(figures.fit_s, figures.part_s) > 0
    assert min(run.memory_bytes or 0 for run in figures.stages.values()) > 10_000_000
    assert (bounds.folds, bounds.runtime) == (5, "compiled")
    assert bounds.parity_rows > 100_400
    assert said[0].startswith("round 1/1  bare fit ")
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
    written = json.loads(page.write_bounds(bounds, tmp_path).read_text())
    assert written["rounds"][0]["stages"]["export"]["memory_bytes"] > 10_000_000


@pytest.mark.nightly
def test_stage_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line, instead of figures."""
    (tmp_path / "params.yaml").write_text((PROJECT / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stages, "FOREST", "sklearn.cluster.KMeans")
    with pytest.raises(UserError, match=r"^twinserve\.training\.train: .*KMeans"):
        stages.measure_stages(Size(400, 20, 3), 1, print)


def test_figures_are_put_beside_what_they_may_be() -> None:
    """Both ratios with their intervals, the memory, and whether all of it holds."""
    text = page.markdown(bounds()).replace(EN_DASH, "-").replace(TIMES, "x")
    assert "RandomForest(5) on a drawn table of 100 x 20" in text
    assert "train and export take 1.40x (1.40-1.40) that, at most 1.5x (" in text
    assert "beside their bare fit alone it is 1.75x (1.75-1.75))" in text
    assert "evaluate takes 1.10x (1.10-1.10) the fits of its 5 folds, at most 1.2x" in text
    assert "1,234 rows (compiled) hold at most 100.0 MB, under 1,000 MB: **holds**" in text
    assert "| evaluate | 44.0 s (44-44) | 100.0 MB |" in text


@pytest.mark.parametrize(
    "broken",
    [bounds(export_s=6.5), bounds(evaluate_s=49.0), bounds(memory=10**9)],
    ids=["made", "judged", "memory"],
)
def test_each_bound_can_be_broken(broken: Bounds) -> None:
    """By itself; what the system does not tell breaks nothing."""
    assert not page.holds(broken)
    assert "**is broken**" in page.markdown(broken)
    assert page.holds(bounds(memory=None))
    assert page.holds(replace(broken, rounds=bounds().rounds))
