"""A row of a file is given what the endpoint answers for that row."""

import csv
import json
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import joblib
import pytest

from tests.scoring.bundles import Endpoint, bundle_of, scored
from tests.service.own_code import STEPS
from tests.tables.endpoints import project_of
from tests.tables.shapes import Rows, cars, penguins, titanic
from tests.tables.stepped import GIVEN
from tests.tables.stepped import STEPS as TABLE_STEPS
from twinserve.config.card import Card, load_card
from twinserve.config.errors import UserError
from twinserve.delivery.bundle.assembly import assemble
from twinserve.scoring.options import Format
from twinserve.training.served.conversion import to_onnx

pytestmark = pytest.mark.usefixtures("own_modules_anew")


def results(source: Path) -> list[dict[str, str]]:
    """Each row of the result, by name."""
    with source.with_name("out.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("runtime", ["compiled", "onnx", "joblib"])
def test_prediction_label_and_probabilities_are_the_endpoints(
    tmp_path: Path, dist: Path, card: Card, source: Path, rows: list[list[float]], runtime: str
) -> None:
    """Under each runtime, to the last digit of each probability."""
    models = dist.parent / "models"
    artifact = (models / "model.pkl").read_bytes()
    if runtime == "compiled":
        artifact = (models / "served/model.so").read_bytes()
    if runtime == "onnx":
        artifact = to_onnx(joblib.load(models / "model.pkl"), 4, "iris")
    bundle = bundle_of(tmp_path / "bundle", card, runtime, artifact)
    scored(source, bundle, "label", "probabilities")
    scored_rows = results(source)
    endpoint = Endpoint(bundle)
    names = [f"probability_{name}" for name in card.classes]
    for row, given in zip(rows, scored_rows, strict=True):
        answer = endpoint.answer(row, include="label,probabilities")
        assert [int(given["prediction"]), given["label"]] == [answer["prediction"], answer["label"]]
        shares = answer["probabilities"].values()
        assert [float(given[name]) for name in names] == list(shares)


def test_what_the_endpoints_include_is_included(
    tmp_path: Path, service: Path, card: Card, source: Path
) -> None:
    """``serving.include`` holds for files, where the command does not say."""
    artifact = (service / "model.so").read_bytes()
    bundle = bundle_of(tmp_path / "bundle", card, "compiled", artifact, include=["label"])
    scored(source, bundle)
    assert {row["label"] for row in results(source)} == set(card.classes)


def typed(root: Path, table: Rows, label: str, gap: str, runtime: str, **more: object) -> Path:
    """A project of a table, to its bundle, and the table as a file to score."""
    data: dict[str, object] = {"label": label, "missing_values": [gap], **more}
    project = project_of(root, table, data, **{"serving.runtime": runtime})
    if runtime == "onnx":
        project.estimator("sklearn.linear_model.Ridge")
    elif label == "mpg":
        project.estimator("sklearn.ensemble.RandomForestRegressor", n_estimators=20)
    if more:
        (root / "custom").unlink()
        (root / "custom").mkdir()
        (root / "custom/steps.py").write_text(TABLE_STEPS)
    project.run("prepare", "train", "evaluate", "export")
    with chdir(root):
        assemble()
    return root / "data/other.csv"


def requests_of(table: Rows, card: Card, gap: str) -> Iterator[dict[str, Any]]:
    """Each row as a client would send it, by the types that the card tells."""
    for row in table[1]:
        cells, features = dict(zip(table[0], row, strict=True)), {}
        for feature in card.features:
            cell: Any = cells[feature.name]
            if cell in {"", gap}:
                cell = None
            elif feature.type == "boolean":
                cell = cell == "yes"
            elif feature.type == "number" or isinstance((*feature.values, "")[0], int):
                cell = float(cell)
            features[feature.name] = cell
        yield features


SHAPES = {
    "penguins": (penguins(90), "species", "NA"),
    "cars": (cars(90), "mpg", "?"),
    "titanic": (titanic(90), "Survived", ""),
}


@pytest.mark.parametrize(
    ("shape", "runtime"),
    [
        ("penguins", "compiled"),
        ("cars", "compiled"),
        pytest.param("titanic", "joblib", marks=pytest.mark.nightly),
        pytest.param("penguins", "joblib", marks=pytest.mark.nightly),
        pytest.param("cars", "joblib", marks=pytest.mark.nightly),
        pytest.param("cars", "onnx", marks=pytest.mark.nightly),
    ],
)
def test_rows_of_typed_tables_are_the_endpoints(tmp_path: Path, shape: str, runtime: str) -> None:
    """Categories, booleans, text, gaps; a class or a number, to the last digit."""
    table, label, gap = SHAPES[shape]
    source = typed(tmp_path / "project", table, label, gap, runtime)
    bundle = tmp_path / "project/dist/service"
    scored(source, bundle, marks=Format(missing_values=(gap,)))
    endpoint = Endpoint(bundle)
    card = load_card(bundle / "model.json")
    expected = endpoint.predictions(list(requests_of(table, card, gap)))
    assert [json.loads(row["prediction"]) for row in results(source)] == expected
    if card.task == "regression":
        with pytest.raises(
            UserError, match=r"^--include: the model predicts a number: it has no lab"
        ):
            scored(source, bundle, "label")


@pytest.mark.nightly
def test_rows_that_the_table_itself_sends_through_a_step_are_the_endpoints(tmp_path: Path) -> None:
    """``data.step``: a file of rows as the table has them goes through it too."""
    more = {"step": "custom.steps.before", "features": GIVEN}
    source = typed(tmp_path / "project", penguins(90), "species", "NA", "auto", **more)
    bundle = tmp_path / "project/dist/service"
    scored(source, bundle, marks=Format(missing_values=("NA",)))
    names = ("island", "bill_length_mm", "body_mass_g", "sex")
    sent = []
    for row in results(source):
        given: dict[str, Any] = {name: row[name] for name in names if row[name] not in {"", "NA"}}
        sent.append({k: float(v) if k in names[1:3] else v for k, v in given.items()})
    predicted = [int(row["prediction"]) for row in results(source)]
    assert predicted == Endpoint(bundle).predictions(sent)


def test_own_steps_answer_each_row_as_when_served(
    tmp_path: Path, service: Path, card: Card, rows: list[list[float]]
) -> None:
    """What ``after`` adds is in the column ``answer``; what ``before`` refuses is marked."""
    bundle = bundle_of(
        tmp_path / "bundle", card, "compiled", (service / "model.so").read_bytes(), STEPS
    )
    source = tmp_path / "in.csv"
    sent = [[*row, ("A", "B", "sea", "fault")[place % 4]] for place, row in enumerate(rows[:40])]
    header = "sepal_length,sepal_width,petal_length,petal_width,site\n"
    source.write_text(header + "".join(",".join(map(str, row)) + "\n" for row in sent))
    scored(source, bundle, "label", on_error="mark")
    endpoint = Endpoint(bundle)
    for row, result in zip(sent, results(source), strict=True):
        answer = endpoint.answer(row, include="label")
        if row[-1] in {"A", "B"}:
            assert result["label"] == answer["label"]
            assert result["error"] == ""
            assert json.loads(result["answer"]) == answer
            assert result["prediction"] == str(answer["prediction"])
        else:
            expected = answer["detail"] if row[-1] == "sea" else "OSError: secret"
            assert (result["prediction"], result["answer"], result["error"]) == ("", "", expected)
