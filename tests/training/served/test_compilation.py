"""Trees to C and to an object: the same answers to the last bit, the same bytes every time."""

import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from tests.measure.fakes import card
from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.inference.model import Model
from twinserve.inference.runtimes import compiled
from twinserve.training.estimator import UnfitError
from twinserve.training.served.columns import request_columns
from twinserve.training.served.compilation import compile_object
from twinserve.training.served.ensemble import LEAF, read_ensemble
from twinserve.training.served.program import Program, read_program
from twinserve.training.served.requests.thresholds import VARIANTS, threshold_rows
from twinserve.training.served.source import write_source

FORESTS: dict[str, Callable[[], Any]] = {
    "forest": lambda: RandomForestClassifier(20, random_state=1),
    "best-first forest": lambda: RandomForestClassifier(20, max_leaf_nodes=9, random_state=1),
    "weighted forest": lambda: RandomForestClassifier(
        20, class_weight="balanced", criterion="log_loss", random_state=1
    ),
    "extra trees": lambda: ExtraTreesClassifier(20, random_state=1),
    "tree": lambda: DecisionTreeClassifier(random_state=1),
    "extra tree": lambda: ExtraTreeClassifier(random_state=1),
    "stumps without a split": lambda: RandomForestClassifier(3, max_depth=1, min_samples_leaf=60),
}
BOOSTED: dict[str, Callable[[], Any]] = {
    "gradients": lambda: GradientBoostingClassifier(n_estimators=20, random_state=1),
    "gradients from zero": lambda: GradientBoostingClassifier(n_estimators=9, init="zero"),
    "histograms": lambda: HistGradientBoostingClassifier(max_iter=20, random_state=1),
}
EXPONENTIAL = GradientBoostingClassifier(loss="exponential", n_estimators=20, random_state=1)


def fitting(features: int, classes: int) -> Card:
    """A card of so many features and classes."""
    return card()._replace(
        features=card().features[:1] * features, classes=[str(label) for label in range(classes)]
    )


def loaded(classifier: Any, features: int, classes: int) -> Model:  # noqa: ANN401 - scikit-learn has no types
    source = write_source(read_program(classifier))
    return compiled.load(compile_object(source, platform.machine()), fitting(features, classes))


def rows_of(x: Any, classifier: Any) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Of the table, random ones in float64, and those at thresholds."""
    draw = np.random.default_rng(1)
    around = draw.uniform(x.min(axis=0) - 1, x.max(axis=0) + 1, (2_000, x.shape[1]))
    return np.concatenate([x, around, *threshold_rows(read_ensemble(classifier), x, 1)])


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer], ids=["iris", "cancer"])
@pytest.mark.parametrize("name", [*FORESTS, *BOOSTED])
def test_answers_are_the_estimators(name: str, load: Any) -> None:  # noqa: ANN401 - a loader
    """Forests to the last bit, boosting within 1e-12; labels everywhere, ties included."""
    x, y = load(return_X_y=True)
    classifier = {**FORESTS, **BOOSTED}[name]().fit(x, y)
    model = loaded(classifier, x.shape[1], len(set(y)))
    rows = rows_of(x, classifier)
    labels, probabilities = model.scores(rows.tolist())
    assert labels == classifier.predict(rows).tolist()
    assert [model.predict(row) for row in rows.tolist()] == labels
    difference = np.abs(np.array(probabilities) - classifier.predict_proba(rows)).max()
    assert difference <= (0 if name in FORESTS else 1e-12)


def test_exponential_loss() -> None:
    """Its margin counts twice."""
    x, y = load_breast_cancer(return_X_y=True)
    classifier = EXPONENTIAL.fit(x, y)
    labels, probabilities = loaded(classifier, 30, 2).scores(x.tolist())
    assert labels == classifier.predict(x).tolist()
    assert np.abs(np.array(probabilities) - classifier.predict_proba(x)).max() <= 1e-12


def test_threshold_without_an_end_sends_every_row_one_way() -> None:
    """Histogram boosting splits so where a value was missing."""
    x, y = load_breast_cancer(return_X_y=True)
    ensemble = read_ensemble(HistGradientBoostingClassifier(max_iter=1).fit(x, y))
    answers = []
    for end in (np.inf, -np.inf):
        endless = replace(ensemble, threshold=np.full_like(ensemble.threshold, end))
        source = write_source(Program(30, request_columns(30), endless))
        model = compiled.load(compile_object(source, platform.machine()), fitting(30, 2))
        _, probabilities = model.scores(x.tolist())
        assert len({tuple(one) for one in probabilities}) == 1
        answers.append(probabilities[0])
    assert answers[0] != answers[1]


def test_margin_of_nothing_is_class_one_of_gradients_and_zero_of_histograms() -> None:
    """Each ensemble's own rule for a tie of two classes."""
    x, y = np.zeros((80, 1)), np.arange(80) % 2
    for classifier, expected in (
        (GradientBoostingClassifier(init="zero", n_estimators=1), 1),
        (HistGradientBoostingClassifier(max_iter=1), 0),
    ):
        fitted = classifier.fit(x, y)
        assert fitted.predict([[0.0]]).tolist() == [expected]
        assert loaded(fitted, 1, 2).predict([0.0]) == expected


def test_probabilities_of_far_margins_stay_finite() -> None:
    """Where exp() of the margin would overflow."""
    x, y = np.array([[0.0]] * 40 + [[1.0]] * 40), np.arange(80) // 40
    classifier = GradientBoostingClassifier(learning_rate=500.0, n_estimators=4).fit(x, y)
    assert abs(classifier.decision_function([[1.0]])[0]) > 710
    _, probabilities = loaded(classifier, 1, 2).scores([[0.0], [1.0]])
    assert probabilities == pytest.approx(classifier.predict_proba([[0.0], [1.0]]), abs=1e-12)


@pytest.mark.parametrize("kind", [RandomForestClassifier, HistGradientBoostingClassifier])
def test_rows_at_thresholds_reach_the_split(kind: Any) -> None:  # noqa: ANN401 - a class
    """Three for each split: under, on, over; the outer two part ways exactly there."""
    x, y = make_classification(300, 6, random_state=1)
    ensemble = read_ensemble(kind(random_state=1).fit(x, y))
    splits = np.flatnonzero(ensemble.feature != LEAF)
    rows = np.concatenate(list(threshold_rows(ensemble, x, 1)))
    assert len(rows) == VARIANTS * len(splits)
    number = np.float32 if ensemble.single else np.float64
    for place, split in enumerate(splits):
        under, on, over = rows[VARIANTS * place : VARIANTS * (place + 1)]
        feature, threshold = ensemble.feature[split], ensemble.threshold[split]
        assert on[feature] == threshold
        assert number(under[feature]) < threshold < number(over[feature])
        assert number(over[feature]) <= np.nextafter(
            np.nextafter(number(under[feature]), number(np.inf)), number(np.inf)
        )
        assert split in path(ensemble, under)
        assert ensemble.following[split] in path(ensemble, under)
        assert ensemble.following[split] + 1 in path(ensemble, over)


def path(ensemble: Any, row: Any) -> list[int]:  # noqa: ANN401 - arrays
    """The nodes that a row comes through, of every tree."""
    passed = []
    read = row.astype(np.float32) if ensemble.single else row
    for root in ensemble.roots:
        at = root
        passed.append(int(at))
        while ensemble.feature[at] != LEAF:
            left = read[ensemble.feature[at]] <= ensemble.threshold[at]
            at = ensemble.following[at] + (not left)
            passed.append(int(at))
    return passed


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_same_bytes_every_time(
    machine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From another folder, too; no path, no time, no library and no compiler's cache is left."""
    x, y = load_iris(return_X_y=True)
    source = write_source(read_program(RandomForestClassifier(5, random_state=1).fit(x, y)))
    first = compile_object(source, machine)
    monkeypatch.chdir(tmp_path)
    assert compile_object(source, machine) == first
    assert list((tmp_path / ".cache").iterdir()) == []
    for absent in (b"/tmp", b"model.c", b"libc", b"GLIBC"):
        assert absent not in first


def test_native_object_of_another_system() -> None:
    """A Mac gets one in its own format, of the same source."""
    assert compile_object("int answer;", "aarch64", "darwin").startswith(b"\xcf\xfa\xed\xfe")


def test_what_the_compiler_refuses_is_one_line() -> None:
    """Its own first line."""
    with pytest.raises(
        UserError, match="zig cc cannot compile the model for x86_64-linux: "
    ) as one:
        compile_object("int", "x86_64")
    assert "\n" not in str(one.value)


class Renamed(RandomForestClassifier):  # type: ignore[misc]
    """May answer in a way of its own."""


@pytest.mark.parametrize(
    ("classifier", "reason"),
    [
        (LogisticRegression(), "LogisticRegression is no tree ensemble of scikit-learn's"),
        (Renamed(3), "Renamed is no tree ensemble of scikit-learn's"),
        (GradientBoostingClassifier(init=LogisticRegression()), "its first guess .init. is an"),
        (GradientBoostingClassifier(init=DummyClassifier(strategy="uniform")), "its first guess"),
    ],
)
def test_what_is_no_ensemble_says_why(classifier: Any, reason: str) -> None:  # noqa: ANN401 - an estimator
    """A part of a line, for whoever chooses the runtime."""
    x = np.random.default_rng(1).integers(0, 9, (200, 2)).astype(float)
    with pytest.raises(UnfitError, match=reason):
        read_ensemble(classifier.fit(x, (x[:, 0] % 2).astype(int)))
