"""docs/data.md has the table that the tests of each remote hold."""

from tests.pipeline.remotes.told import table
from tests.tree import ROOT


def test_document_shows_what_each_remote_says() -> None:
    """Cell by cell, and one that cannot be played is a dash."""
    assert f"\n{table()}\n" in (ROOT / "docs" / "data.md").read_text()
