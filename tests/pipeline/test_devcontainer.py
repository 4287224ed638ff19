"""The container in which an editor opens the repository, and the one that the night tests in."""

import json
import re

from tests.pipeline.workflows.stand_ins import ROOT
from tests.pipeline.workflows.workflow_files import read_files, texts_of

IMAGE = re.compile(r"python:3\.11-bookworm@sha256:[0-9a-f]{64}")


def test_one_image_of_python_is_used_everywhere() -> None:
    """Cloud Build's steps, the nightly container and the editor's have the same, by digest."""
    editor = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    nightly = read_files(texts_of(ROOT)).workflows["nightly.yml"]["jobs"]["everything"]
    built = set(IMAGE.findall((ROOT / "cloudbuild.yaml").read_text()))
    assert built == {editor["image"]} == {nightly["container"]["image"]}


def test_editor_opens_on_the_locked_environment() -> None:
    """It is installed by the command that a person uses, and the editor's Python is its."""
    editor = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert editor["postCreateCommand"] == "make .venv/ready"
    python = editor["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert python == "${containerWorkspaceFolder}/.venv/bin/python"
