"""Our OpenAPI document before a strict linter, and our answers before the protocol's document."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.clients.conftest import Run
from tests.tree import ROOT
from twinserve.contract.calls import HttpCaller
from twinserve.delivery import clients
from twinserve.targets.environment import ensure_environment

LINTER = Path(__file__).parent / "linter"
# A title and a version are the user's model's; under which licence they serve it, they know alone.
RULES = {"extends": ["recommended-strict"], "rules": {"info-license": "off"}}
JSON = [("Content-Type", "application/json")]
# The document has a type that JSON Schema has not, for strings in tensors.
TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    "bytes", lambda _, value: isinstance(value, str)
)
Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=TYPES)
TENSOR = {"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2]}


@pytest.mark.nightly
def test_document_passes_the_strict_rules_of_a_linter(dist: Path, tmp_path: Path, run: Run) -> None:
    """Redocly's strictest set, no rule but the licence's left out."""
    assert dist.exists()
    tools = clients.ensure_node_modules(LINTER)
    (tmp_path / "redocly.yaml").write_text(json.dumps(RULES))
    document = tmp_path / "openapi.json"
    document.write_bytes(clients.served_document())
    run(
        tools / "node_modules/.bin/redocly",
        "lint",
        document,
        **clients.tools_path(),
        REDOCLY_TELEMETRY="off",
        REDOCLY_SUPPRESS_UPDATE_NOTICE="true",
    )


def protocols_document() -> Any:  # noqa: ANN401 - JSON
    """The protocol's OpenAPI document, as MLServer's package has it."""
    python = ensure_environment(ROOT / "locks" / "peers" / "mlserver.txt")
    name = "lib/python*/site-packages/mlserver/rest/openapi/dataplane.json"
    (path,) = python.parent.parent.glob(name)
    return json.loads(path.read_bytes())


@pytest.mark.nightly
def test_protocol_is_as_its_own_document_says(urls: list[str]) -> None:
    """Each path of it that is not an extension answers, on both targets, in the form it gives."""
    document = protocols_document()
    right, wrong = json.dumps({"inputs": [TENSOR], "id": "1"}), json.dumps({"inputs": []})
    asked = 0
    for url in urls:
        caller = HttpCaller(url)
        for template, item in document["paths"].items():
            if template.endswith(("_stream", "/generate")):
                continue
            path = template.format(model_name="iris", model_version="v1.0")
            method = "POST" if "post" in item else "GET"
            bodies = [(right, 200), (wrong, 400)] if method == "POST" else [("", 200)]
            for body, status in bodies:
                reply = caller.call(method, path, JSON, body.encode())
                assert reply.status == status, (path, reply.body)
                told = item[method.lower()]["responses"][str(status)]
                schema = told.get("content", {}).get("application/json", {}).get("schema", {})
                Validator(schema | {"components": document["components"]}).validate(
                    json.loads(reply.body)
                )
                asked += 1
    assert asked == 2 * 11
