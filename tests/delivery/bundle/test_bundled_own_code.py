"""What loads a user's own code is in a bundle that has some, and in no other."""

import json
import shutil
from pathlib import Path

import pytest

from twinserve.delivery.bundle import assembly as bundle


@pytest.fixture
def plain(tree: Path, dist: Path) -> Path:
    """A tree with no code of the user's."""
    (tree / "custom").mkdir()
    shutil.copy(dist.parent / "custom/README.md", tree / "custom")
    return tree


def files(target: str) -> set[str]:
    manifest = json.loads(Path("dist", target, "manifest.json").read_bytes())
    return set(manifest["files"])


@pytest.mark.usefixtures("plain")
def test_bundle_without_own_code_does_not_carry_what_loads_it() -> None:
    """Nor does its manifest name it; each such module is one that there is."""
    bundle.assemble()
    assert all(Path(name).is_file() for name in bundle.OWN_CODE_ONLY)
    for target in bundle.TARGETS:
        assert not files(target) & bundle.OWN_CODE_ONLY
        assert not list(Path("dist", target).rglob("custom*"))


def test_code_that_is_added_later_brings_what_loads_it(plain: Path) -> None:
    """With the next bundle; a file that is no module needs none of it."""
    (plain / "custom/flowers.db").write_bytes(b"data")
    (plain / "custom/__init__.py").touch()
    bundle.assemble()
    assert "custom/flowers.db" in files("service")
    assert not files("service") & bundle.OWN_CODE_ONLY
    (plain / "custom/steps.py").write_text("def after(row, answer): return answer\n")
    bundle.assemble()
    assert files("service") >= {*bundle.OWN_CODE_ONLY, "custom/steps.py"}
    assert files("function") >= {
        *(name for name in bundle.OWN_CODE_ONLY if name.startswith("twinserve")),
        "custom/steps.py",
    }
