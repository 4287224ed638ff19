"""What tests of comparisons share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import compare as comparing


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm-up that takes no time."""
    monkeypatch.setattr(comparing, "WARM_UP_SECONDS", 0.01)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes ``docs/benchmarks.md`` with the marks of a part, in a folder of its own."""

    def page_with(part: str) -> Path:
        monkeypatch.chdir(tmp_path)
        page = tmp_path / "docs" / "benchmarks.md"
        page.parent.mkdir()
        page.write_text(f"# One\n<!-- begin {part} -->\n<!-- end {part} -->\nlast\n")
        return page

    return page_with
