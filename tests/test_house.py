"""What keeps the repository easy to live in, held by number."""

import ast
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

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


def test_whatever_is_imported_is_declared() -> None:
    """What another package happens to bring may go with its next version."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"].values()
    declared = {
        re.split(r"[\[;<>=~! ]", requirement)[0].lower()
        for group in groups
        for requirement in group
        if isinstance(requirement, str)
    }
    known = packages_distributions()
    ours = {*TOPS, "custom", *sys.stdlib_module_names}
    undeclared = {
        name: path.relative_to(ROOT)
        for top in TOPS
        for path in (ROOT / top).rglob("*.py")
        for name in _imported(path)
        if name not in ours
        and declared.isdisjoint(_normalized(package) for package in known.get(name, [name]))
    }
    assert undeclared == {}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
