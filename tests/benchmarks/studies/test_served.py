"""docs/served.md: what stands there of estimators, tables and runtimes is what is found again."""

from contextlib import chdir
from pathlib import Path

import pytest

from benchmarks.studies.served import kept
from benchmarks.studies.served.cells import TASKS, Cell, cells
from benchmarks.studies.served.families import FAMILIES, estimator
from benchmarks.studies.served.kept import all_cells, keep
from benchmarks.studies.served.page import PAGE, WHY, page, reason, said, written
from benchmarks.studies.served.run import cells_with_libraries
from benchmarks.studies.served.tables import KINDS, drawn
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.training.served.requests import drawn as random

NO = "not as asked; onnx: skl2onnx cannot convert it (7 inputs (or 8)); serving.runtime: auto may"
PUBLISHED = (ROOT / PAGE).read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _random_rows_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The study takes fewer of them, in a process that goes on here."""
    monkeypatch.setattr(random, "RANDOM_ROWS", random.RANDOM_ROWS)


@pytest.mark.parametrize(
    ("family", "kind"), [("extra trees", "categories"), ("decision tree", "gaps")]
)
def test_cell_is_as_published(family: str, kind: str) -> None:
    """A cheap cell, made again, is what the page says; it names more than one runtime."""
    published = written(PUBLISHED)
    made = list(cells([family], [kind], TASKS[:1]))
    assert {(cell.task, cell.family, cell.kind): said(cell) for cell in made} == {
        (TASKS[0], family, kind): published[TASKS[0], family, kind]
    }
    assert "joblib" in published[TASKS[0], family, kind]


def test_every_cell_is_on_the_page() -> None:
    """Each family on each kind of table, of the tasks that it has; and no more."""
    expected = {
        (task, family, kind)
        for task in TASKS
        for family, estimators in FAMILIES.items()
        for kind in KINDS
        if estimator(estimators, regression=task == "regression") is not None
    }
    assert {key for key, cell in written(PUBLISHED).items() if cell} == expected


def test_page_says_what_the_cells_say() -> None:
    """What is taken is bold; what is refused has its reason, without figures of a machine's."""
    made = [
        Cell("regression", "CatBoost", "gaps", {"compiled": 0.0, "joblib": 0.0}, {"onnx": NO}),
        Cell("regression", "AdaBoost", "text", {}, {"train": "params.yaml: text with gaps"}),
        Cell("regression", "XGBoost", "text", {"joblib": 0}, {"onnx": "parity: 0.7 off; x"}),
    ]
    text = page(made)
    counts = written(text)
    assert counts["regression", "CatBoost", "gaps"] == "**compiled** 0, joblib"
    assert counts["regression", "AdaBoost", "text"] == "refused"
    assert "| onnx | numbers with gaps | CatBoost | skl2onnx cannot convert it |" in text
    assert "| train | text | AdaBoost | params.yaml: text with gaps |" in text
    assert "| XGBoost | answers otherwise than the estimator on a row |" in text


def test_tables_are_the_same_each_time() -> None:
    """Drawn from a seed; gaps are where a kind says so, and nowhere else."""
    for kind in KINDS.values():
        text = drawn(kind, regression=False)
        assert text == drawn(kind, regression=False)
        assert kind.gaps == (",," in text)


def test_family_that_is_not_there_is_told() -> None:
    """Before an environment is made."""
    with pytest.raises(UserError, match=r"found 'forest', expected one of: decision tree, random"):
        list(cells_with_libraries(["forest"]))


def test_page_may_be_made_in_several_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is told; a family that is made again has its new cells, and no old one."""
    monkeypatch.chdir(tmp_path)
    names = list(FAMILIES)
    keep(Cell("regression", name, "gaps", {"joblib": 0}, {}) for name in names[1:])
    with pytest.raises(UserError, match=f"found nothing of {names[0]} by this engine; --publish"):
        all_cells()
    keep([Cell("regression", names[0], "gaps", {}, {})])
    again = Cell("classification", names[1], "text", {}, {})
    keep([again])
    assert [cell for cell in all_cells() if cell.family == names[1]] == [again]
    assert len(all_cells()) == len(names)
    monkeypatch.setattr(kept, "digests", lambda _: dict.fromkeys(("prepare", "train", "export")))
    with pytest.raises(UserError, match="found nothing of decision tree, random forest"):
        all_cells()


@pytest.mark.nightly
@pytest.mark.parametrize("family", FAMILIES)
def test_family_is_as_published(family: str) -> None:
    """Each cell of it, with every library, fitted, exported and proven anew: to the letter."""
    with chdir(ROOT):
        made = list(cells_with_libraries([family]))
    published = {key: cell for key, cell in written(PUBLISHED).items() if key[1] == family and cell}
    assert {(cell.task, cell.family, cell.kind): said(cell) for cell in made} == published
    _, reasons = PUBLISHED.split(WHY)
    told = {reason(stage, line) for cell in made for stage, line in cell.refused.items()}
    assert [why for why in told if f" {why} |" not in reasons] == []
