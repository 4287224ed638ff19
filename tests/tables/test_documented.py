"""The OpenAPI document of a typed card, held against the running service by schemathesis."""

from pathlib import Path

import pytest

from tests.documented import hold_to_document
from tests.tables.endpoints import project_of, served
from tests.tables.shapes import penguins


@pytest.mark.nightly
def test_service_of_a_typed_table_does_as_its_openapi_says(tmp_path: Path) -> None:
    """Categories, gaps and rows by name: no request gets an undocumented status or body."""
    data: dict[str, object] = {"label": "species", "missing_values": ["NA"]}
    project = project_of(tmp_path / "penguins", penguins(), data)
    with served(project) as twins:
        hold_to_document(twins.endpoints[0], tmp_path, ("--checks=all", "--max-examples=50"))
