"""The served OpenAPI document, held against the running service by schemathesis."""

import re
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.documented import hold_to_document
from tests.tools import NIGHTLY_CASE
from tests.tree import ROOT
from twinserve.targets.local import local_service
from twinserve.targets.ready import wait_until_answering

EVERYTHING = ("--checks=all", "--max-examples=50")


@pytest.mark.parametrize("examples", [5, NIGHTLY_CASE(50)])
def test_service_does_as_its_openapi_says(dist: Path, tmp_path: Path, examples: int) -> None:
    """No generated request gets an undocumented status, type, header or body."""
    with local_service(dist / "service").start() as endpoint:
        wait_until_answering(endpoint)
        hold_to_document(endpoint, tmp_path, ("--checks=all", f"--max-examples={examples}"))


@pytest.mark.nightly
def test_own_routes_do_as_the_openapi_says(dist: Path, tmp_path: Path) -> None:
    """The routes that docs/service.md shows, with a step, in a checkout of their own."""
    for name in ("service", "twinserve"):
        shutil.copytree(dist.parent / name, tmp_path / name)
    (tmp_path / "dist").symlink_to(dist)
    custom = tmp_path / "custom"
    custom.mkdir()
    page = (ROOT / "docs" / "service.md").read_text()
    routes, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (custom / "routes.py").write_text(routes)
    (custom / "steps.py").write_text("def after(row, answer): return answer | {'seen': len(row)}")
    database = sqlite3.connect(custom / "flowers.db")
    database.execute("create table flower (id integer, a real, b real, c real, d real)")
    database.executemany("insert into flower values (?, 5.1, 3.5, 1.4, 0.2)", [(1,), (2,)])
    database.commit()
    database.close()
    with replace(local_service(dist / "service"), directory=tmp_path).start() as endpoint:
        wait_until_answering(endpoint)
        hold_to_document(endpoint, tmp_path, EVERYTHING)
