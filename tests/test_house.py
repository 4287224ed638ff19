"""What keeps the repository easy to live in, held by number."""

from collections import Counter

from tests.tree import ROOT

LONGEST_README = 150
MOST_MODULES = 16
TOPS = ("benchmarks", "function", "service", "tests", "twinserve")


def test_readme_is_short() -> None:
    """What is longer stands in docs."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= LONGEST_README


def test_every_page_stands_in_the_list() -> None:
    """docs/README.md names each page, and the README names that list."""
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    listed = (ROOT / "docs" / "README.md").read_text()
    assert [page for page in sorted(pages) if f"({page})" not in listed] == []
    assert "(docs/README.md)" in (ROOT / "README.md").read_text()


def test_no_folder_is_crowded() -> None:
    """A folder that holds more than a reader takes in at once is two."""
    modules = Counter(
        path.parent.relative_to(ROOT)
        for top in TOPS
        for path in (ROOT / top).rglob("*.py")
        if path.name != "__init__.py"
    )
    assert {str(folder): count for folder, count in modules.items() if count > MOST_MODULES} == {}
