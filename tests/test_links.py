"""Files that the documentation links to are there."""

import re
from pathlib import Path

from tests.tree import ROOT

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
FOLDERS = (".", ".github", "custom", "docs")


def test_every_link_within_the_repository_leads_somewhere() -> None:
    """A page that was moved, or is not written yet, is no page to be sent to."""
    pages = [page for folder in FOLDERS for page in (ROOT / folder).glob("*.md")]
    assert len(pages) > 10
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / Path(target)).exists()
    ]
    assert not broken
