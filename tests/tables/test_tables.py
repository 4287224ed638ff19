"""From a file as people have it to both endpoints, held against scikit-learn on every row."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.tables.endpoints import project_of, served
from tests.tables.shapes import cars, penguins, titanic
from tests.training.project import Project
from twinserve.config.card import load_card


def as_pandas_reads(root: Path, label: str, gap: str) -> "tuple[pd.DataFrame, list[Any]]":
    """The features of the file by pandas alone, texts as objects, and what a request sends."""
    frame = pd.read_csv(root / "data/other.csv", keep_default_na=False, na_values=["", gap])
    frame = frame.drop(columns=[label, *(name for name in frame if name.startswith("Unnamed"))])
    sent = [
        {
            name: None if pd.isna(value) else value.item() if hasattr(value, "item") else value
            for name, value in row.items()
        }
        for _, row in frame.astype(object).iterrows()
    ]
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    for name in texts:
        # Objects, with NaN for a gap: not what the engine hands over.
        frame[name] = frame[name].astype(object).where(frame[name].notna(), np.nan)
    return frame, sent


def assert_both_predict_as_the_estimator(project: Project, label: str, gap: str) -> None:
    """Each row of the table has one answer."""
    with served(project) as twins:
        frame, sent = as_pandas_reads(project.root, label, gap)
        expected = twins.estimator().predict(frame).tolist()
        assert [expected, expected] == twins.answers(sent)


def test_penguins_as_they_come(tmp_path: Path) -> None:
    """Islands, sexes and gaps are classified on both targets as scikit-learn does, all rows."""
    data: dict[str, object] = {"label": "species", "missing_values": ["NA"]}
    project = project_of(tmp_path / "penguins", penguins(), data)
    project.estimator("sklearn.ensemble.RandomForestClassifier", n_estimators=20)
    assert_both_predict_as_the_estimator(project, "species", "NA")


def test_a_number_is_predicted(tmp_path: Path) -> None:
    """Miles per gallon, from `?`, decimals and a make: both targets give the estimator's floats."""
    data: dict[str, object] = {"label": "mpg", "missing_values": ["?"]}
    project = project_of(tmp_path / "cars", cars(), data)
    project.estimator("sklearn.ensemble.RandomForestRegressor", n_estimators=20)
    assert_both_predict_as_the_estimator(project, "mpg", "?")


@pytest.mark.nightly
def test_contract_holds_for_texts(tmp_path: Path) -> None:
    """Names as texts, gaps, yes and no, categories: no case of the suite fails on either target."""
    data: dict[str, object] = {"label": "Survived"}
    project = project_of(tmp_path / "titanic", titanic(), data, **{"serving.runtime": "joblib"})
    with served(project) as twins:
        assert twins.contract().failed == 0


def test_table_that_auto_cannot_serve_says_why(tmp_path: Path) -> None:
    """Text is not compiled, and a gap of a category has no value in ONNX: one line has both."""
    project = project_of(tmp_path / "titanic", titanic(90), {"label": "Survived"})
    project.run("prepare", "train", "evaluate")
    refusal = project.refused("export")
    assert "compiled: Name is text" in refusal
    assert "onnx: ONNX has no value for a gap of Embarked, a category;" in refusal


def test_number_of_linear_members_is_served_by_the_estimator_itself(tmp_path: Path) -> None:
    """A row alone differs in the last digit from a row among many; the bar is that of sums."""
    data: dict[str, object] = {"label": "mpg", "missing_values": ["?"]}
    project = project_of(tmp_path / "cars", cars(), data, **{"serving.runtime": "joblib"})
    project.estimator("sklearn.linear_model.Ridge")
    project.run("prepare", "train", "evaluate", "export")
    card = load_card(project.root / "models/model.json")
    assert (card.runtime, card.parity.tolerance) == ("joblib", 1e-12)


@pytest.mark.nightly
@pytest.mark.parametrize("import_path", ["Ridge", "LinearRegression", "Lasso"])
def test_contract_holds_for_a_number_by_onnx(tmp_path: Path, import_path: str) -> None:
    """A typed regression in ONNX keeps the contract on both targets."""
    data: dict[str, object] = {"label": "mpg", "missing_values": ["?"]}
    project = project_of(tmp_path / "cars", cars(), data, **{"serving.runtime": "onnx"})
    project.estimator(f"sklearn.linear_model.{import_path}")
    with served(project) as twins:
        assert twins.contract().failed == 0
