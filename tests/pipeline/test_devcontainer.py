"""The container in which an editor opens the repository, and the one that the night tests in."""

import json
import re
from argparse import Namespace

import pytest

from tests.pipeline.workflows.workflow_files import read_files, texts_of
from tests.renewed import PYTHON
from tests.tree import ROOT
from twinserve.delivery.image import pinned

IMAGE = re.compile(rf"python:{re.escape(PYTHON)}-bookworm@sha256:[0-9a-f]{{64}}")


def test_one_image_of_python_is_used_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    """Cloud Build's steps, the nightly container and the editor's have the same, by digest."""
    editor = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    nightly = read_files(texts_of()).workflows["nightly.yml"]["jobs"]["everything"]
    assert nightly["container"]["image"] == "${{ needs.images.outputs.python }}"
    pinned.run(Namespace())
    told = capsys.readouterr().out.splitlines()[0].removeprefix("python=")
    built = set(IMAGE.findall((ROOT / "cloudbuild.yaml").read_text()))
    assert built == {editor["image"]} == {told}


def test_editor_opens_on_the_locked_environment() -> None:
    """It is installed by the command that a person uses, and the editor's Python is its."""
    editor = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert editor["postCreateCommand"] == "make .venv/ready"
    python = editor["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert python == "${containerWorkspaceFolder}/.venv/bin/python"
