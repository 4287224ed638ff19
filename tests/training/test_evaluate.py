"""evaluate: the figures, the gates, the plots."""

import csv
import json
import warnings
from typing import Any

import pytest

from tests.training.project import Project
from twinserve.config.training import Gates
from twinserve.training.evaluation.figures import Importance, broken_gates
from twinserve.training.evaluation.pictures import confusion_picture, importances_picture

PNG = b"\x89PNG\r\n\x1a\n"


def metrics(project: Project) -> Any:  # noqa: ANN401 - JSON
    return json.loads((project.root / "evaluation/metrics.json").read_bytes())


def rows(project: Project, name: str) -> list[dict[str, str]]:
    with (project.root / "evaluation/plots" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_figures_follow_from_the_confusion(evaluated: Project) -> None:
    """Accuracy, per-class figures and macro F1 are those of the plotted rows, counted by hand."""
    found, pairs = (
        metrics(evaluated),
        [tuple(row.values()) for row in rows(evaluated, "predicted.csv")],
    )
    assert found["accuracy"] == round(sum(a == b for a, b in pairs) / len(pairs), 6)
    for name, figures in found["classes"].items():
        right = pairs.count((name, name))
        actual = sum(a == name for a, _ in pairs)
        predicted = sum(b == name for _, b in pairs)
        assert {
            "precision": round(right / predicted, 6),
            "recall": round(right / actual, 6),
            "f1": round(2 * right / (predicted + actual), 6),
            "support": actual,
        } == figures
    mean = sum(figures["f1"] for figures in found["classes"].values()) / 3
    assert found["macro_f1"] == pytest.approx(mean, abs=2e-6)
    assert 0 < found["log_loss"] < 1


def test_cross_validation_has_mean_and_spread(evaluated: Project) -> None:
    """The folds of params.yaml, over the whole table."""
    folds = metrics(evaluated)["cross_validation"]
    assert folds["folds"] == 5
    assert folds["accuracy_mean"] == pytest.approx(0.95, abs=0.04)
    assert 0 < folds["accuracy_std"] < 0.1


def test_more_folds_than_rows(evaluated: Project) -> None:
    """Folds that the smallest class cannot fill are one line."""
    evaluated.change({"evaluation.folds": 51})
    refusal = evaluated.refused("evaluate")
    assert refusal.startswith("params.yaml: evaluation.folds: found 51, expected at most 50, ")


@pytest.mark.parametrize(
    ("gate", "limit", "expected"),
    [
        ("min_accuracy", 0.95, "accuracy 0.933333 is below evaluation.gates.min_accuracy 0.95"),
        ("min_macro_f1", 1.0, "macro_f1 0.93266 is below evaluation.gates.min_macro_f1 1"),
        ("max_log_loss", 0.01, "log_loss 0.118365 is above evaluation.gates.max_log_loss 0.01"),
    ],
)
def test_broken_gate_stops_the_pipeline(
    evaluated: Project, gate: str, limit: float, expected: str
) -> None:
    """The line names the figure and the gate; the figures are there to be looked at."""
    before = metrics(evaluated)
    (evaluated.root / "evaluation/metrics.json").unlink()
    evaluated.change({f"evaluation.gates.{gate}": limit})
    refusal = evaluated.refused("evaluate")
    assert f"{expected}; the figures are in evaluation/metrics.json. Nothing is exported" == refusal
    assert before == metrics(evaluated)


def test_gate_is_met_by_its_own_figure() -> None:
    """A figure that equals its gate passes; several broken gates are all named."""
    figures = {"accuracy": 0.9, "macro_f1": 0.8, "log_loss": 0.5}
    assert broken_gates(figures, Gates(min_accuracy=0.9, max_log_loss=0.5)) == []
    assert len(broken_gates(figures, Gates(min_accuracy=0.91, min_macro_f1=0.81))) == 2


def test_importances_rank_what_the_model_uses(evaluated: Project) -> None:
    """Every feature is there, the largest first, and iris is told apart by its petals."""
    importances = rows(evaluated, "importances.csv")
    assert {row["feature"] for row in importances} == {
        feature.name for feature in evaluated.params.data.features
    }
    values = [float(row["importance"]) for row in importances]
    assert sorted(values, reverse=True) == values
    assert importances[0]["feature"].startswith("petal_")


def test_evaluation_is_repeatable(evaluated: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A second run writes the same bytes, pictures included, and says the figures in a line.

    What an earlier version or task has left is no part of it.
    """
    before = evaluated.files()
    for left in ("plots/left.csv", "plots/confusion.png", "pictures/left.png"):
        (evaluated.root / "evaluation" / left).touch()
    evaluated.run("evaluate")
    assert before == evaluated.files()
    assert capsys.readouterr().out.startswith(
        "evaluate: accuracy 0.933, macro F1 0.933, log loss 0.118 on 30 held-out rows; 5 folds: "
    )


@pytest.mark.parametrize("count", [2, 30])
def test_pictures_grow_with_what_they_show(count: int) -> None:
    """Two classes and features or thirty, the lines keep their height."""
    names = [f"feature number {number}" for number in range(count)]
    heights = []
    for picture in (
        importances_picture([Importance(name, 0.1, 0.01) for name in names]),
        confusion_picture([[1] * count for _ in names], names),
    ):
        assert picture.startswith(PNG)
        heights.append(int.from_bytes(picture[20:24], "big"))
    assert all(height >= 30 * count for height in heights)


def test_a_users_own_matplotlib_settings_do_not_matter(evaluated: Project) -> None:
    """A matplotlibrc beside the project changes no picture."""
    import matplotlib as mpl

    bars = [Importance("one", 0.1, 0.0)]
    before = importances_picture(bars)
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30, "savefig.dpi": 20}):
        assert before == importances_picture(bars)
    assert (evaluated.root / "evaluation/pictures/importances.png").read_bytes().startswith(PNG)


def test_what_a_fold_warns_of_is_not_shown(
    evaluated: Project, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """Training has said it; scikit-learn's threads clear each other's filters meanwhile."""

    def warn(*_: object) -> None:
        warnings.resetwarnings()
        warnings.warn("of a fold", stacklevel=1)

    monkeypatch.setattr("twinserve.training.evaluate.write_plots", warn)
    evaluated.run("evaluate")
    assert list(recwarn) == []
