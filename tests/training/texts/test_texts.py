"""Columns of text by ONNX: words as Python reads them, on a machine without a locale."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx.helper import make_graph, make_model, make_node
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

from tests.tables.endpoints import project_of, served
from tests.tables.shapes import Rows
from tests.training.project import Project
from twinserve.config.card import load_card
from twinserve.inference.model import load_model
from twinserve.training.estimator import UnfitError
from twinserve.training.fitting.pickled import read_model
from twinserve.training.frame import estimator_input
from twinserve.training.served.converters import check_words, words_as_python_reads

WORDS = ("amber", "Größe", "naïve", "ΟΔΟΣ", "İzmir", "日本", "x_1", "½")
ENDS = ("", " ", ". ", "\u0308 ", "-", "語 ")


def messages(rows: int = 60) -> Rows:
    """Letters that lower to two, or to another at a word's end; scripts, marks and blanks."""
    body = [
        [
            f"{WORDS[row % 8]}{ENDS[row % 6]}{WORDS[row % 5].upper()} {'amber' * (row % 2)}",
            str(row % 7),
            ["no", "yes"][row % 2],
        ]
        for row in range(rows)
    ]
    return ["message", "length", "spam"], body


def typed(root: Path, estimator: str, table: Rows | None = None, **arguments: object) -> Project:
    """A table of texts, and the estimator fitted to it."""
    features = [{"name": "message", "type": "text"}, {"name": "length"}]
    data: dict[str, object] = {"label": "spam", "features": features}
    project = project_of(
        root / "messages", table or messages(), data, **{"serving.runtime": "onnx"}
    )
    project.estimator(estimator, **arguments)
    project.run("prepare", "train", "evaluate")
    return project


def test_texts_are_proven_without_a_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no locale but C's is there, each letter in each case is answered as it was learnt."""
    monkeypatch.setenv("LOCPATH", str(tmp_path))
    project = typed(tmp_path, "sklearn.linear_model.LogisticRegression")
    project.run("export")
    card = load_card(project.root / "models/model.json")
    assert card.parity.random_rows > len(messages()[1])
    model = load_model(card, project.root / "models/served")
    estimator = read_model(project.root / "models/model.pkl")
    rows = [
        [text, 3.0] for text in ("", "\0", "ΟΔΟΣ", "οδος", "İZMIR i\u0307zmir", "caf日本", "½½")
    ]
    read = estimator_input(rows, card.features, named=True)
    assert model.predict_many(rows) == estimator.predict(read).tolist()
    _, shares = model.scores(rows)
    np.testing.assert_allclose(shares, estimator.predict_proba(read), rtol=0, atol=1e-5)


def test_words_that_are_told_otherwise_are_refused_by_a_row(tmp_path: Path) -> None:
    """RE2 has a meaning of its own for a pattern of the user's: a strange text shows it."""
    words = {
        "import_path": "sklearn.feature_extraction.text.CountVectorizer",
        "arguments": {"token_pattern": r"\w+"},
    }
    columns = {
        "import_path": "sklearn.compose.ColumnTransformer",
        "arguments": {"transformers": [["words", words, "message"]], "sparse_threshold": 0},
    }
    last = {"import_path": "sklearn.linear_model.LogisticRegression"}
    project = typed(
        tmp_path, "sklearn.pipeline.Pipeline", steps=[["columns", columns], ["last", last]]
    )
    assert "differs by" in project.refused("export")


def joined(*steps: Any) -> Pipeline:  # noqa: ANN401 - steps of scikit-learn's
    """A model of texts whose column the steps read side by side."""
    frame = pd.DataFrame({"message": ["amber birch", "Birch dune", "amber", "dune Dune"]})
    union = FeatureUnion([(str(place), step) for place, step in enumerate(steps)])
    columns = ColumnTransformer([("words", union, "message")])
    return Pipeline([("columns", columns), ("last", LogisticRegression())]).fit(frame, [0, 1] * 2)


def test_column_in_two_cases_is_refused() -> None:
    """The runtime gives a column in lower case to all of its readers, or to none."""
    alike = joined(TfidfVectorizer(), CountVectorizer(ngram_range=(1, 2)))
    with words_as_python_reads(alike) as (options, lowered):
        assert {"message"} == lowered
        assert len(options) == 2
    other = joined(TfidfVectorizer(), CountVectorizer(lowercase=False))
    with (
        pytest.raises(UnfitError, match="one step reads message in lower case, another as it com"),
        words_as_python_reads(other),
    ):
        pass


def test_estimator_stays_as_it_was() -> None:
    """Also where the conversion fails."""
    model = joined(TfidfVectorizer())
    (_, union, _), *_ = model.steps[0][1].transformers_
    (_, vectorizer) = union.transformer_list[0]
    during = []
    with suppress(KeyError), words_as_python_reads(model):
        during.append(vectorizer.lowercase)
        raise KeyError
    assert (during, vectorizer.lowercase) == ([False], True)


def test_locale_is_asked_for_by_no_model() -> None:
    """What would lower letters where it serves is refused where it is made, with what to do."""
    node = make_node("StringNormalizer", ["a"], ["b"], case_change_action="LOWER")
    with pytest.raises(UnfitError, match="need not have: give the vectorizer a column by its name"):
        check_words(make_model(make_graph([node], "words", [], [])))


def test_golden_case_is_a_request_that_an_endpoint_reads(tmp_path: Path) -> None:
    """Of a table whose first rows are longer than a body may be, a later one."""
    header, rows = messages()
    long = [["amber " * 40, *row[1:]] if place < 20 else row for place, row in enumerate(rows)]
    project = typed(tmp_path, "sklearn.linear_model.LogisticRegression", table=(header, long))
    project.change({"serving.max_body_bytes": 150})
    project.run("export")
    golden = load_card(project.root / "models/model.json").golden
    assert max(len(case.features[0]) for case in golden) < 150
    assert len(golden) == 2


@pytest.mark.nightly
@pytest.mark.parametrize("estimator", ["LogisticRegression", "RidgeClassifier"])
def test_both_endpoints_answer_texts(tmp_path: Path, estimator: str) -> None:
    """Over HTTP, all rows, in a process that has no locale but C's."""
    features = [{"name": "message", "type": "text"}, {"name": "length"}]
    data: dict[str, object] = {"label": "spam", "features": features}
    project = project_of(tmp_path / "messages", messages(), data, **{"serving.runtime": "onnx"})
    project.estimator(f"sklearn.linear_model.{estimator}")
    with served(project) as twins:
        sent: list[list[float | str]] = [[text, float(length)] for text, length, _ in messages()[1]]
        read = estimator_input(sent, twins.card().features, named=True)
        expected = twins.estimator().predict(read).tolist()
        assert twins.answers(sent) == [expected, expected]
