"""Clients that ``twinserve clients`` makes: typed, and asked against both targets."""

import json
from pathlib import Path

import pytest

from tests.clients.conftest import Run
from twinserve.delivery import clients

ASKED_BY_PYTHON = """\
import sys

from iris_client import Client
from iris_client.api.open_inference_protocol import infer
from iris_client.api.prediction import predict
from iris_client.models import (
    Features, IncludedPrediction, InferenceRequest, InferenceResponse, InputTensor,
    InputTensorDatatype, Instances, Prediction, Predictions, PredictIncludeItem, Problem,
)

for url in sys.argv[1:]:
    with Client(base_url=url) as client:
        rows = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 5.0, 1.9]]
        one = predict.sync(
            client=client,
            body=Features(features=rows[0]),
            include=[PredictIncludeItem.LABEL, PredictIncludeItem.PROBABILITIES],
        )
        assert isinstance(one, Prediction), one
        assert (one.prediction, one.label.value, one.model_version) == (0, "setosa", "v1.0")
        assert one.probabilities["setosa"] == 1.0
        many = predict.sync(client=client, body=Instances(instances=rows))
        assert isinstance(many, Predictions), many
        assert many.predictions == [0, 2]
        labelled = predict.sync(
            client=client, body=Instances(instances=rows), include=[PredictIncludeItem.LABEL]
        )
        assert isinstance(labelled.predictions[1], IncludedPrediction), labelled
        assert labelled.predictions[1].label.value == "virginica"
        refused = predict.sync(client=client, body=Features(features=rows[0][:3]))
        assert isinstance(refused, Problem), refused
        assert refused.status == 422
        tensor = InputTensor(
            name="x", shape=[2, 4], datatype=InputTensorDatatype.FP64, data=rows
        )
        answer = infer.sync(client=client, body=InferenceRequest(inputs=[tensor], id="a"))
        assert isinstance(answer, InferenceResponse), answer
        assert answer.outputs[0].data == [0, 2]
        print("asked", url)
"""
ASKED_BY_TYPESCRIPT = """\
import { connect } from "./client.js";
import type { components } from "./schema.js";

const rows = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 5.0, 1.9]];
const expect = (found: unknown, expected: unknown) => {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
  }
};

for (const url of process.argv.slice(2)) {
  const client = connect(url);
  const one = await client.POST("/predict", {
    params: { query: { include: ["label", "probabilities"] } },
    body: { features: rows[0]! },
  });
  const prediction = one.data as components["schemas"]["Prediction"];
  expect([prediction.prediction, prediction.label], [0, "setosa"]);
  expect(prediction.probabilities?.["setosa"], 1);
  const many = await client.POST("/predict", { body: { instances: rows } });
  expect((many.data as components["schemas"]["Predictions"]).predictions, [0, 2]);
  const refused = await client.POST("/predict", { body: { features: rows[0]!.slice(1) } });
  expect([refused.data, refused.error?.status], [undefined, 422]);
  const inferred = await client.POST("/v2/models/iris/infer", {
    body: { inputs: [{ name: "x", shape: [2, 4], datatype: "FP64", data: rows }] },
  });
  expect(inferred.data?.outputs[0]?.data, [0, 2]);
  console.log("asked", url);
}
"""
# A word that the document does not know: the compiler has to notice.
MISSPELT = """\
import { connect } from "./client.js";
await connect("http://localhost").POST("/predict", {
  params: { query: { include: ["labels"] } },
  body: { features: [5.1, 3.5, 1.4, 0.2] },
});
"""
TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "noUncheckedIndexedAccess": True,
        "module": "nodenext",
        "target": "es2022",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
        "skipLibCheck": True,
    },
}
NODE = "declare const process: { argv: string[] };\n"


@pytest.mark.nightly
def test_python_client_asks_both_targets(
    dist: Path, tmp_path: Path, urls: list[str], run: Run, clients_python: Path
) -> None:
    """One row with labels, many rows, a refusal and tensors, each of its type."""
    assert dist.exists()
    (folder,) = clients.make_clients(tmp_path / "made", ["python"])
    program = tmp_path / "asked.py"
    program.write_text(ASKED_BY_PYTHON)
    printed = run(clients_python, program, *urls, PYTHONPATH=str(folder))
    assert printed.splitlines() == [f"asked {url}" for url in urls]


@pytest.mark.nightly
def test_typescript_client_asks_both_targets(
    dist: Path, tmp_path: Path, urls: list[str], run: Run
) -> None:
    """The same, compiled by the strict compiler, which refuses a word that is not known."""
    assert dist.exists()
    (folder,) = clients.make_clients(tmp_path / "made", ["typescript"])
    modules = clients.ensure_node_modules() / "node_modules"
    (folder / "node_modules").symlink_to(modules)
    (folder / "asked.ts").write_text(NODE + ASKED_BY_TYPESCRIPT)
    (folder / "tsconfig.json").write_text(json.dumps(TSCONFIG))
    tsc = modules / ".bin" / "tsc"
    path = clients.tools_path()
    run(tsc, "--project", folder, **path)
    printed = run("node", folder / "asked.js", *urls, **path)
    assert printed.splitlines() == [f"asked {url}" for url in urls]
    (folder / "misspelt.ts").write_text(MISSPELT)
    with pytest.raises(AssertionError, match="Type '\"labels\"' is not assignable"):
        run(tsc, "--project", folder, "--noEmit", **path)
