"""The OpenAPI document of a typed card, held against both running targets by schemathesis."""

from pathlib import Path

import pytest

from tests.documented import hold_to_document
from tests.tables.endpoints import project_of, served
from tests.tables.shapes import penguins, titanic


@pytest.mark.nightly
def test_service_of_a_typed_table_does_as_its_openapi_says(tmp_path: Path) -> None:
    """Categories, gaps and rows by name: no request gets an undocumented status or body."""
    data: dict[str, object] = {"label": "species", "missing_values": ["NA"]}
    project = project_of(tmp_path / "penguins", penguins(), data)
    with served(project) as twins:
        hold_to_document(twins.endpoints[0], tmp_path, ("--checks=all", "--max-examples=50"))


@pytest.mark.nightly
def test_both_targets_of_every_type_do_as_the_openapi_says(tmp_path: Path) -> None:
    """Category, boolean, gap and text; the function by the service's document, of its own paths."""
    data: dict[str, object] = {"label": "Survived"}
    project = project_of(tmp_path / "titanic", titanic(), data, **{"serving.runtime": "joblib"})
    options = ("--checks=all", "--max-examples=50", "--include-path-regex=^/(predict$|v2)")
    with served(project) as twins:
        types = {feature.type for feature in twins.card().features}
        assert types == {"number", "category", "boolean", "text"}
        service, _ = twins.endpoints
        for endpoint in twins.endpoints:
            hold_to_document(endpoint, tmp_path, options, service)
