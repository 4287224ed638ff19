"""The page as it is made: parsed, without a browser; `test_browser.py` runs it in one, at night."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.page.parsed_page import ParsedPage
from twinserve.config.card import Card, Feature, GoldenCase, load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import PAGE_NAME
from twinserve.config.params import Params, load_params
from twinserve.delivery.page.composition import SCRIPTS, SOURCES, compose
from twinserve.delivery.page.evaluation import Evaluation, read_evaluation

ABOUT_ANOTHER = ("for", "aria-controls", "aria-describedby", "aria-labelledby", "list")


class ComposedPage(ParsedPage):
    """What `compose` gives."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content.decode())

    @property
    def model(self) -> dict[str, Any]:
        """What the script is told of the model."""
        told: dict[str, Any] = json.loads(self.texts["script"][0])
        return told


@pytest.fixture(scope="module")
def page(dist: Path) -> ComposedPage:
    """The page in the service's bundle."""
    return ComposedPage(gzip.decompress((dist / "service" / PAGE_NAME).read_bytes()))


@pytest.fixture(scope="module")
def params(dist: Path) -> Params:
    """The parameters that it was made with."""
    return load_params(dist.parent / "params.yaml")


@pytest.fixture(scope="module")
def card(dist: Path) -> Card:
    """The card that it was made from."""
    return load_card(dist / "service" / "model.json")


def test_both_bundles_hold_the_same_small_page(dist: Path) -> None:
    """The same bytes, at most 15 kB of them, 44 kB unpacked."""
    (page,) = {(dist / target / PAGE_NAME).read_bytes() for target in ("service", "function")}
    assert len(page) < 15_000
    assert len(gzip.decompress(page)) < 44_000


def test_page_is_composed_alike_each_time(dist: Path, card: Card, params: Params) -> None:
    """Nothing of the moment or the machine is in it."""
    evaluation = read_evaluation(dist.parent / "evaluation/plots")
    made = {compose(card, params, evaluation) for _ in range(2)}
    assert made == {gzip.decompress((dist / "service" / PAGE_NAME).read_bytes())}


def test_each_column_has_a_field_that_says_its_name_unit_and_range(
    page: ComposedPage, card: Card
) -> None:
    """A labelled input a feature, with its range beside it."""
    fields = [element for element in page.every("input", "select") if "data-place" in element]
    labels = {label["for"] for label in page.every("label")}
    assert len(fields) == len(card.features)
    assert {field["id"] for field in fields} <= labels
    shown = " ".join(text for texts in page.texts.values() for text in texts)
    for feature in card.features:
        assert feature.name in map(str.strip, page.texts["label"])
        assert f"{feature.minimum:g} to {feature.maximum:g} in the table" in shown
    assert set(page.texts["span"]) >= {feature.unit for feature in card.features}


def test_what_is_about_another_element_names_one(page: ComposedPage) -> None:
    """Ids are unique, and labels, hints and tabs point at one each."""
    assert len(page.ids) == len(set(page.ids))
    for _, attributes in page.elements:
        named = [
            reference for name in ABOUT_ANOTHER for reference in attributes.get(name, "").split()
        ]
        links = [attributes["href"][1:]] if attributes.get("href", "").startswith("#") else []
        assert {*named, *links} <= set(page.ids)


def test_policy_finds_nothing_to_refuse(page: ComposedPage) -> None:
    """No style, handler or address within an element; one script and one style."""
    for tag, attributes in page.elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert "src" not in attributes
        if "href" in attributes:
            assert attributes["href"].startswith(("#", "data:,")), (tag, attributes)
    assert [script for script in page.every("script") if "type" not in script] == [{}]
    assert page.every("style") == [{}]


def test_each_class_has_an_example(page: ComposedPage, card: Card) -> None:
    """A button for each golden case, whose row the script knows."""
    buttons = [button for button in page.every("button") if "data-example" in button]
    assert len(buttons) == len(card.golden)
    assert page.model["examples"] == [case.features for case in card.golden]
    assert set(page.texts["button"]) >= set(card.classes)


def test_card_is_told(page: ComposedPage, card: Card) -> None:
    """Figures, the confusion matrix, lineage with every digest, and a place for the release."""
    shown = " ".join(text for texts in page.texts.values() for text in texts)
    accuracy = card.metrics["accuracy"]
    for told in (f"{accuracy:.1%}", card.data["sha256"], *card.artifacts.values(), "Confusion"):
        assert told in shown
    matrix = [int(text) for text in page.texts["td"] if re.fullmatch(r"\d+", text)]
    assert len(matrix) >= len(card.classes) ** 2


def test_lines_of_scripts_may_lose_their_indentation() -> None:
    """Composition strips each line, so no text between backticks goes on in the next."""
    for name in SCRIPTS:
        for line in (SOURCES / name).read_text().splitlines():
            assert line.count("`") % 2 == 0, f"{name}: {line}"
    assert {path.name for path in SOURCES.glob("*.js")} == set(SCRIPTS)


def test_names_are_texts_whatever_they_hold(card: Card, params: Params) -> None:
    """Markup in a class, a column or a unit is shown, not obeyed."""
    evil = "</script><img src=x onerror=alert(1)>"
    features = [
        feature._replace(name=f"{evil}{place}", unit='"><b>')
        for place, feature in enumerate(card.features)
    ]
    metrics = {**card.metrics, "classes": {evil: card.metrics["classes"]["setosa"]}}
    hostile = card._replace(
        name=evil, classes=[evil, *card.classes[1:]], features=features, metrics=metrics
    )
    evaluation = Evaluation([(evil, card.classes[1])], {f"{evil}0": 0.5})
    page = ComposedPage(compose(hostile, params, evaluation))
    assert not page.every("img", "b")
    assert page.model["classes"][0] == evil
    assert f"{evil}0" in map(str.strip, page.texts["label"])


TYPED = [
    Feature("age", "years", 0, 80, (20, 40), (0.2, 0.5, 0.3), missing=True),
    Feature("alone", "", 0, 1, type="boolean"),
    Feature("deck", "", 0, 2, type="category", values=["A", "B", "C"], missing=True),
    Feature("level", "", 0, 1, type="category", values=[1, 2], unknown=True),
    Feature("note", "", 0, 0, type="text"),
    Feature("degrees", "°C", -40, 40),
]


@pytest.fixture
def typed(card: Card) -> Card:
    """A card with a column of every type."""
    rows = [[30.0, True, "A", 1, "none", -3.5], [None, False, None, 7, "", 12.0]]
    golden = [GoldenCase(row, number) for number, row in enumerate(rows)]
    return card._replace(features=TYPED, golden=golden)


def test_each_type_has_a_field_of_its_own(typed: Card, params: Params) -> None:
    """Choices where the values are known, suggestions where others are taken, else a text."""
    page = ComposedPage(compose(typed, params, Evaluation([], {})))
    fields = [
        (tag, attributes)
        for tag, attributes in page.elements
        if tag in {"input", "select", "textarea"} and "data-place" in attributes
    ]
    assert [tag for tag, _ in fields] == ["input", "select", "select", "input", "textarea", "input"]
    needed = [attributes.get("aria-required") for _, attributes in fields]
    assert needed == [None, "true", None, "true", "true", "true"]
    # A telephone's keys for decimals have no minus.
    assert [attributes.get("inputmode") for _, attributes in fields][::5] == ["decimal", None]
    assert [text for text in page.texts["option"] if text.strip()] == [
        "choose", "true", "false", "no value", "A", "B", "C",
    ]  # fmt: skip
    assert "list" in fields[3][1]
    assert page.model["columns"][3] == {
        "name": "level", "type": "category", "values": [1, 2], "unknown": True,
    }  # fmt: skip
    assert page.model["examples"] == [case.features for case in typed.golden]


def test_regression_shows_residuals(card: Card, params: Params) -> None:
    """Instead of classes: R² and errors, residuals, and where an answer stands."""
    target = Feature("price", "€", 10, 90, (20, 50), (0.2, 0.5, 0.3))
    metrics = {"r2": 0.9, "mae": 2.5, "rmse": 3.5}
    metrics["cross_validation"] = {"folds": 5, "r2_mean": 0.88, "r2_std": 0.02}  # type: ignore[assignment]
    number = card._replace(
        task="regression", classes=[], target=target, metrics=metrics,
        golden=[GoldenCase([1.0, 2.0, 3.0, 4.0], 42.5)],
    )  # fmt: skip
    page = ComposedPage(compose(number, params, Evaluation([("10", "12.5"), ("90", "80")], {})))
    shown = " ".join(text for texts in page.texts.values() for text in texts)
    assert "Half of 2 held-out rows are off by at most 10 €" in shown
    assert "42.5 €" in page.texts["button"]
    assert page.model["include"] == []
    assert page.model["target"] == [10, 90]


def test_step_that_reads_the_row_decides_on_the_form(card: Card, params: Params) -> None:
    """Its golden cases show what it takes; what some leave out is left out where it is empty."""
    cases = [
        {"island": "Dream", "mass": 3000.5, "tagged": True},
        {"island": "Biscoe", "tagged": False},
    ]
    stepped = card._replace(
        steps=["before"], golden=[GoldenCase(case, number) for number, case in enumerate(cases)]
    )
    page = ComposedPage(compose(stepped, params, Evaluation([], {})))
    assert page.model["named"] is True
    assert page.model["columns"] == [
        {"name": "island", "type": "text"},
        {"name": "mass", "type": "number", "missing": True, "out": True},
        {"name": "tagged", "type": "boolean"},
    ]


def test_many_classes_and_columns_stay_small(card: Card, params: Params) -> None:
    """Of a hundred classes the mistakes are listed; two hundred columns go without drawings."""
    names = [f"class {number}" for number in range(100)]
    figures = dict.fromkeys(names, card.metrics["classes"]["setosa"])
    wide = card._replace(
        classes=names,
        features=[card.features[0]._replace(name=f"column {number}") for number in range(200)],
        metrics={**card.metrics, "classes": figures},
    )
    pairs = [(name, names[(place + place % 2) % 100]) for place, name in enumerate(names)]
    content = compose(wide, params, Evaluation(pairs, {}))
    assert len(content) < 200_000
    assert b"Most frequent mistakes" in content
    assert b'class="spread"' not in content


def test_evaluation_that_is_not_there_is_told(tmp_path: Path) -> None:
    """One line with the file and what makes it."""
    with pytest.raises(UserError, match=r"predicted\.csv: .*make it with `dvc repro evaluate`"):
        read_evaluation(tmp_path)


def test_answer_without_probabilities_is_asked_for_none(card: Card, params: Params) -> None:
    """Of an estimator that tells labels only, no probabilities are asked."""
    metrics = {name: value for name, value in card.metrics.items() if name != "log_loss"}
    page = ComposedPage(compose(card._replace(metrics=metrics), params, Evaluation([], {})))
    assert page.model["include"] == ["label"]
