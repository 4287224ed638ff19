"""Bundles with other settings, and checkouts with code of a user's own."""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.service.checkouts import Checkout
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


@pytest.fixture
def checkout(tmp_path: Path, dist: Path) -> Iterator[Checkout]:
    """A checkout with these modules of a user's own, and its bundle."""
    before = set(sys.modules)

    def make(**modules: str) -> Path:
        (tmp_path / "custom").mkdir()
        (tmp_path / "dist").symlink_to(dist)
        for name, text in modules.items():
            (tmp_path / "custom" / f"{name}.py").write_text(text)
        return tmp_path

    yield make
    sys.path[:] = [folder for folder in sys.path if folder != str(tmp_path)]
    for name in set(sys.modules) - before:
        if name.startswith("custom"):
            del sys.modules[name]
