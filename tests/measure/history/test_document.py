"""The document of a measurement, its schema, and what does not fit."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.measure.fakes import card, results
from tests.measure.history.synthetic import measurement
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.measure.history.document import SCHEMA, json_schema, read_line, read_report
from twinserve.measure.run.report import write_report
from twinserve.measure.run.results import COLD_MEDIAN, WARM_P99


def test_published_schema_is_that_of_the_types() -> None:
    """`twinserve bench schema` has been run after the last change of a type."""
    published = (ROOT / SCHEMA).read_text(encoding="utf-8")
    assert published == json_schema()
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


def test_document_fits_the_schema_and_comes_back_as_it_was() -> None:
    """One line, small, and read again without a loss."""
    document = measurement()
    line = document.to_line()
    jsonschema.Draft202012Validator(json.loads(json_schema())).validate(json.loads(line))
    assert read_line(line, "here") == document
    assert line.count("\n") == 1
    assert len(line) < 10_000


def test_document_tells_what_was_measured_where() -> None:
    """Commit, release, model, bundles, digests, machine, clock, load, place, budgets, verdicts."""
    members = json.loads(measurement().to_line())
    assert members["commit"] == "01" * 20
    assert members["release"] == "v1.0-cdcdcdcdcdcd"
    assert members["place"] == "deployed"
    assert members["machine"]["clock"]["source"] == "tsc"
    assert members["load_before"] == 0.5
    (service, function) = members["targets"]
    assert (service["bundle"], service["image"]) == ("cd" * 32, f"sha256:{'ef' * 32}")
    assert function["image"] == f"sha256:{'01' * 32}"
    assert len(service["cold"]["samples_ms"]) == 10
    assert service["warm"]["requests"] == 100
    budgets = {verdict["figure"]: verdict["budget"] for verdict in service["verdicts"]}
    assert budgets == {COLD_MEDIAN: 1500.0, WARM_P99: 50.0}


def test_report_gives_its_document(tmp_path: Path) -> None:
    """From `report.json`, as it is written."""
    write_report(results(), card(), [], tmp_path)
    document = read_report(tmp_path / "report.json")
    assert document.place == "local"
    assert document.commit == "unknown"
    assert document.targets[0].warm.requests == 100


def test_what_is_no_report_is_told(tmp_path: Path) -> None:
    """Not there; something else."""
    path = tmp_path / "report.json"
    with pytest.raises(UserError, match=r"report.json: No such file or directory; measure first"):
        read_report(path)
    path.write_text("{}")
    with pytest.raises(UserError, match=r"report.json is not a report: format: Field required"):
        read_report(path)


@pytest.mark.parametrize(
    ("spoiled", "told"),
    [
        ("{", "the document: Invalid JSON"),
        ('{"format": 2}', "format: Input should be 1"),
    ],
)
def test_what_is_no_measurement_is_told(spoiled: str, told: str) -> None:
    """Where it is and what is wrong, in a line."""
    with pytest.raises(UserError, match=rf"^there holds what is no measurement: {told}"):
        read_line(spoiled, "there")
