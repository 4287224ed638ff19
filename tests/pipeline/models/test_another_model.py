"""Another table and another estimator, by editing ``params.yaml`` and the CSV alone."""

import csv
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from sklearn import datasets

from tests.pipeline.models.trees import export, repro
from twinserve.config.card import load_card
from twinserve.contract.calls import HttpCaller
from twinserve.contract.check import check_contract
from twinserve.targets.local import local_function, local_service
from twinserve.targets.ready import wait_until_answering


@dataclass(frozen=True)
class Swap:
    """A table and an estimator in place of iris and the forest."""

    table: str
    estimator: dict[str, Any]
    runtime: str = "auto"
    chosen: str = "compiled"


def scaled(import_path: str, **arguments: object) -> dict[str, Any]:
    """The estimator behind a scaler, as params.yaml has it."""
    model = {"import_path": import_path, "arguments": arguments}
    scale = {"import_path": "sklearn.preprocessing.StandardScaler"}
    steps = [["scale", scale], ["model", model]]
    return {"import_path": "sklearn.pipeline.Pipeline", "arguments": {"steps": steps}}


NEURAL = scaled("sklearn.neural_network.MLPClassifier", hidden_layer_sizes=[8], max_iter=1000)
BOOSTING = {"import_path": "sklearn.ensemble.GradientBoostingClassifier"}
HISTOGRAMS = {"import_path": "sklearn.ensemble.HistGradientBoostingClassifier"}
SWAPS = {
    "wine, scaled neural network": Swap("wine", NEURAL, chosen="onnx"),
    "wine, scaled logistic regression": Swap(
        "wine", scaled("sklearn.linear_model.LogisticRegression")
    ),
    "breast cancer, gradient boosting": Swap("breast_cancer", BOOSTING),
    "breast cancer, histograms": Swap("breast_cancer", HISTOGRAMS),
    "breast cancer, histograms by joblib": Swap("breast_cancer", HISTOGRAMS, "joblib", "joblib"),
}


def edit(tree: Path, swap: Swap) -> None:
    """Write the table and edit the parameters, as a user would."""
    loaded = getattr(datasets, f"load_{swap.table}")()
    classes = [str(name) for name in loaded.target_names]
    with (tree / "data" / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*loaded.feature_names, "label"])
        for row, number in zip(loaded.data, loaded.target, strict=True):
            writer.writerow([*map(float, row), classes[number]])
    path = tree / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["model"] = {"name": swap.table.replace("_", "-"), "version": "v2.0"}
    params["data"] |= {"table": "data/table.csv", "label": "label", "classes": classes}
    params["data"]["features"] = [{"name": str(name)} for name in loaded.feature_names]
    params["estimator"] = swap.estimator
    params["golden"] = []
    params["serving"]["runtime"] = swap.runtime
    path.write_text(yaml.safe_dump(params, sort_keys=False))


@pytest.mark.nightly
@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS.keys())
def test_everything_follows_an_edit_of_the_parameters(
    swap: Swap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pipeline, both servers, contract and OpenAPI follow the new table and estimator."""
    tree = export(tmp_path / "tree")
    edit(tree, swap)
    done = repro(tree)
    monkeypatch.chdir(tree)
    card = load_card(tree / "models" / "model.json")
    requirements = (tree / "dist" / "service" / "requirements.txt").read_text()
    assert card.runtime == swap.chosen
    assert f"export: serving.runtime {swap.runtime} gives {swap.chosen}" in done.stdout
    assert ("scikit-learn==" in requirements) is (swap.chosen == "joblib")
    assert ("onnxruntime==" in requirements) is (swap.chosen == "onnx")
    with ExitStack() as stack:
        targets = (
            local_service(tree / "dist" / "service"),
            local_function(tree / "dist" / "function"),
        )
        endpoints = [stack.enter_context(target.start()) for target in targets]
        for endpoint in endpoints:
            wait_until_answering(endpoint)
        assert check_contract(endpoints, tree / "models" / "model.json").passed > 150
        document = json.loads(HttpCaller(endpoints[0].url).call("GET", "/openapi.json").body)
    assert document["info"]["version"] == "v2.0"
    described = document["components"]["schemas"]["Row"]["anyOf"][0]
    assert described["minItems"] == described["maxItems"] == len(card.features)
    assert all(feature.name in described["description"] for feature in card.features)


@pytest.mark.nightly
def test_estimator_that_onnx_cannot_have_names_the_other_runtime(tmp_path: Path) -> None:
    """One line says which setting serves such an estimator, in place of thousands."""
    tree = export(tmp_path / "tree")
    edit(tree, Swap("breast_cancer", HISTOGRAMS, "onnx"))
    done = repro(tree, code=1)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "serving.runtime: joblib" in errors[0]
    assert len(done.stderr.splitlines()) < 10
    assert "Traceback" not in done.stderr
