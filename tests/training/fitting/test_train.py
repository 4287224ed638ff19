"""train: what is fitted, kept and refused."""

import warnings
from typing import Any

import joblib
import numpy as np
import pytest

from tests.training.project import Project
from twinserve.config.training import Estimator
from twinserve.training.prepared import Rows, read_prepared
from twinserve.training.train import BETWEEN_THREADS, fit


def test_model_knows_the_classes_by_number(evaluated: Project) -> None:
    """The pickle holds the estimator, fitted on the training rows with classes 0, 1, 2."""
    model = joblib.load(evaluated.root / "models/model.pkl")
    rows = read_prepared(evaluated.root / "data/prepared/train.csv", evaluated.params.data)
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.score(rows.features, rows.labels) == 1.0


def test_same_rows_same_bytes(evaluated: Project) -> None:
    """Training again writes the same pickle."""
    before = evaluated.files()
    evaluated.run("train")
    assert before == evaluated.files()


def test_number_of_cores_is_no_part_of_the_model(evaluated: Project) -> None:
    """``n_jobs`` in params.yaml speeds nothing up and changes no byte."""
    pickles = set()
    for jobs in (-1, 1, 2):
        evaluated.change({"estimator.arguments.n_jobs": jobs})
        evaluated.run("train")
        pickles.add((evaluated.root / "models/model.pkl").read_bytes())
    assert len(pickles) == 1


@pytest.mark.parametrize(
    ("path", "arguments", "expected"),
    [
        (
            "sklearn.ensemble.RandomForestClassifier",
            {"n_estimators": 0},
            "cannot be fitted: The 'n_estimators' parameter of RandomForestClassifier must be",
        ),
    ],
)
def test_refusal_leaves_the_earlier_model(
    evaluated: Project, path: str, arguments: dict[str, object], expected: str
) -> None:
    """What cannot be trained is one line; the old model stays."""
    evaluated.estimator(path, **arguments)
    before = evaluated.files()
    assert evaluated.refused("train").startswith(f"params.yaml: estimator: {path} {expected}")
    assert before == evaluated.files()


def test_calibration_gives_probabilities(evaluated: Project) -> None:
    """The way out that the refusal names works."""
    inner = {"import_path": "sklearn.linear_model.SGDClassifier"}
    evaluated.estimator("sklearn.calibration.CalibratedClassifierCV", estimator=inner)
    evaluated.run("train")


def test_warnings_are_lines(evaluated: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """What scikit-learn warns of is said in a line of the stage, not with a path of the machine."""
    evaluated.estimator("sklearn.linear_model.LogisticRegression", max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluated.run("train")
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("train: warning: lbfgs failed to converge")


def test_stages_run_in_their_order(project: Project) -> None:
    """A stage whose input was never made names it and the command that makes it."""
    for stage, missing in (
        ("train", "data/prepared/columns.json"),
        ("evaluate", "models/model.pkl"),
        ("export", "models/model.pkl"),
    ):
        expected = f"{missing}: No such file or directory; make it with `dvc repro`"
        assert expected == project.refused(stage)


def test_a_warning_is_a_line_once_and_what_threads_do_to_each_other_none() -> None:
    """Hundreds of the same, of every tree of a forest, would hide the one that matters."""

    class Talkative:
        def fit(self, *_: object) -> None:
            for _tree in range(3):
                warnings.warn(f"{BETWEEN_THREADS} `Parallel`", stacklevel=1)
                warnings.warn("did not converge\nin 100 steps", stacklevel=1)

    talkative: Any = Talkative()
    choice = Estimator(import_path="own.Estimator")
    assert fit(talkative, choice, Rows(np.eye(2), np.arange(2))) == ["did not converge"]
