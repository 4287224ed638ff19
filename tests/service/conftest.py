"""Bundles with other settings."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from twinserve.config.layout import MANIFEST_NAME, SETTINGS_NAME


@pytest.fixture
def rebundled(tmp_path: Path) -> Callable[..., Path]:
    """Makes a copy of a bundle whose settings and manifest agree on another value."""

    def make(bundle: Path, **settings: float) -> Path:
        copy = tmp_path / bundle.name
        shutil.copytree(bundle, copy)
        text = json.dumps(json.loads((copy / SETTINGS_NAME).read_bytes()) | settings)
        (copy / SETTINGS_NAME).write_text(text)
        manifest = json.loads((copy / MANIFEST_NAME).read_bytes())
        manifest["files"][SETTINGS_NAME] = hashlib.sha256(text.encode()).hexdigest()
        (copy / MANIFEST_NAME).write_text(json.dumps(manifest))
        return copy

    return make
