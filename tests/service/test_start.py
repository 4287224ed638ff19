"""A server whose bundle was changed does not start, and says why in a line."""

import hashlib
import json
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.targets.local import local_function, local_service
from twinserve.targets.ready import wait_until_answering
from twinserve.training.served.compilation import compile_object


@pytest.mark.parametrize("name", ["service", "function"])
@pytest.mark.parametrize("spoiled", ["model.so", "model.json", "serving.json"])
def test_server_refuses_a_changed_bundle(
    name: str, spoiled: str, dist: Path, tmp_path: Path
) -> None:
    """One more byte in a model file: exit code 1, and the file is named."""
    bundle = tmp_path / name
    shutil.copytree(dist / name, bundle)
    with (bundle / spoiled).open("ab") as file:
        file.write(b"\n")
    target = (local_service if name == "service" else local_function)(bundle)
    expected = rf"{name} ended with exit code 1: error: .*/{spoiled}: SHA-256 .*nothing is served"
    with target.start() as endpoint, pytest.raises(UserError, match=expected):
        wait_until_answering(endpoint)


def exchange(bundle: Path, artifact: bytes) -> None:
    """Put another object into a bundle whose hashes then agree with it."""
    digest = hashlib.sha256(artifact).hexdigest()
    card = load_card(bundle / "model.json")
    changed = card._replace(artifacts={**card.artifacts, "model.so": digest}).to_json()
    (bundle / "model.so").write_bytes(artifact)
    (bundle / "model.json").write_text(changed)
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    manifest["files"] |= {
        "model.so": digest,
        "model.json": hashlib.sha256(changed.encode()).hexdigest(),
    }
    (bundle / "manifest.json").write_text(json.dumps(manifest))


OTHER = {"x86_64": "aarch64", "aarch64": "x86_64"}[platform.machine()]
OBJECTS = {
    "another machine": (lambda _: compile_object("int answer;", OTHER), f"compiled for {OTHER}"),
    "cut short": (lambda whole: whole[:-64], "it is cut short"),
    "someone else's": (
        lambda _: compile_object("int answer;", platform.machine()),
        "undefined symbol: model_features",
    ),
    "no object": (lambda _: b"#!/bin/sh", "not a 64-bit ELF object"),
}


@pytest.mark.parametrize("name", ["service", "function"])
@pytest.mark.parametrize(("make", "message"), OBJECTS.values(), ids=OBJECTS.keys())
def test_server_refuses_an_object_that_is_none(
    name: str, make: Callable[[bytes], bytes], message: str, dist: Path, tmp_path: Path
) -> None:
    """Even where every hash agrees: one line, exit code 1, nothing is served."""
    bundle = tmp_path / name
    shutil.copytree(dist / name, bundle)
    exchange(bundle, make((bundle / "model.so").read_bytes()))
    target = (local_service if name == "service" else local_function)(bundle)
    expected = rf"{name} ended with exit code 1: error: model.so: the linker cannot .*{message}"
    with target.start() as endpoint, pytest.raises(UserError, match=expected):
        wait_until_answering(endpoint)
