"""A typed table whose rows go through the user's step, from the file to both endpoints."""

import json
from pathlib import Path

import pytest

from tests.tables.endpoints import project_of, served
from tests.tables.shapes import penguins
from tests.tables.stepped import GIVEN, STEPS


@pytest.mark.nightly
@pytest.mark.usefixtures("own_modules_anew")
def test_both_endpoints_read_rows_as_the_table_has_them(tmp_path: Path) -> None:
    """Golden cases, by the table's names, are answered alike, and the contract holds."""
    data: dict[str, object] = {"label": "species", "missing_values": ["NA"], "features": GIVEN}
    project = project_of(tmp_path / "penguins", penguins(), data | {"step": "custom.steps.before"})
    (project.root / "custom").unlink()
    (project.root / "custom").mkdir()
    (project.root / "custom/steps.py").write_text(STEPS)
    with served(project) as twins:
        golden = json.loads((project.root / "models/model.json").read_text())["golden"]
        expected = [case["prediction"] for case in golden]
        assert expected == [0, 1, 2]
        assert twins.answers([case["features"] for case in golden]) == [expected, expected]
        assert twins.contract().failed == 0
