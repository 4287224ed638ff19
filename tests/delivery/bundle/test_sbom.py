"""The list of what the image holds: complete, valid, and the same for the same bundle."""

import hashlib
import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from twinserve.config.errors import UserError
from twinserve.delivery.bundle.sbom import list_contents
from twinserve.delivery.bundle.verify import requirements


def test_list_names_every_package_with_its_hashes_and_the_model(dist: Path) -> None:
    """As many packages as the bundle installs, and the very model that it serves."""
    bundle = dist / "service"
    content = list_contents(bundle)
    packages = {
        f"{component['name']}=={component['version']}": component
        for component in content["components"]
        if component["type"] == "library"
    }
    locked = list(requirements((bundle / "requirements.txt").read_text()))
    assert set(packages) == {line.split(" ")[0] for line in locked}
    for line in locked:
        ours = packages[line.split(" ")[0]]["externalReferences"][0]["hashes"]
        assert {component["content"] for component in ours} == {
            word.removeprefix("--hash=sha256:") for word in line.split(" ") if "sha256:" in word
        }
    (model,) = [
        component
        for component in content["components"]
        if component["type"] == "machine-learning-model"
    ]
    digest = hashlib.sha256((bundle / "model.so").read_bytes()).hexdigest()
    assert model["hashes"] == [{"alg": "SHA-256", "content": digest}]
    release = f"v1.0-{json.loads((bundle / 'manifest.json').read_text())['bundle'][:12]}"
    assert content["metadata"]["component"]["version"] == release


def test_list_is_valid_and_reproducible(dist: Path) -> None:
    """CycloneDX's own schema takes it, and two runs agree."""
    text = json.dumps(list_contents(dist / "service"))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert json.dumps(list_contents(dist / "service")) == text


def test_missing_bundle_is_a_line(tmp_path: Path) -> None:
    """It says how to make it."""
    with pytest.raises(UserError, match="make it with `dvc repro`"):
        list_contents(tmp_path)
