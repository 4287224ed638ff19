"""The matrix of cold starts: every cell is measured or says why not."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.measure.fakes import BODY, cold_sample, conditions, fake_target
from tests.page.parsed_page import ParsedPage
from twinserve.config.errors import UserError
from twinserve.measure.cold.proof import Part, Rejection
from twinserve.measure.run.matrix import Cell, Matrix, Planned, Setting, run_matrix
from twinserve.measure.run.matrix_page import labels, matrix_table, terminal_table, write_matrix
from twinserve.measure.statistics import Estimate

PROCESS = Setting("service", "process", "compiled")
SMALL = Setting("service", "container", "compiled", "256Mi", 0.5)
FUNCTION = Setting("function", "process", "compiled")


def taken(*planned: Planned) -> Matrix:
    """Two rounds of these."""
    return run_matrix(planned, BODY, rounds=2, model=("flowers", "v1.0"))


def matrix() -> Matrix:
    """A small one that was made up: a cell of each kind."""
    parts = (Part("platform", 100.0), Part("imports", 150.0), Part("rest", 50.0))
    samples = tuple(cold_sample(f"i{number}", 300.0, parts) for number in range(4))
    median = Estimate(300.0, 290.0, 310.0)
    settings = [
        PROCESS,
        replace(SMALL, runtime="onnx"),
        Setting("service", "Cloud Run", "joblib", "1Gi", 2, boost=True),
        Setting("function", "Cloud Run", "joblib", "1Gi", 2, boost=False),
    ]
    cells = [Cell(setting, median, parts, samples, (), "") for setting in settings]
    absence = "no <engine> [here]"
    left_out = [replace(setting, cpu=4.0) for setting in settings]
    cells += [Cell(setting, None, (), (), (), absence) for setting in left_out]
    return Matrix(conditions(), "flowers", "v1.0", 4, tuple(cells))


def test_each_cell_is_started_once_a_round_in_turns() -> None:
    """Another one begins each round; parts make up the median; nothing is started twice."""
    started: list[tuple[Setting, int]] = []
    planned = [Planned(PROCESS, fake_target()), Planned(FUNCTION, fake_target(name="function"))]
    matrix = run_matrix(
        planned,
        BODY,
        rounds=2,
        model=("flowers", "v1.0"),
        on_start=lambda setting, number: started.append((setting, number)),
    )
    assert started == [(PROCESS, 0), (FUNCTION, 0), (FUNCTION, 1), (PROCESS, 1)]
    for cell in matrix.cells:
        assert cell.total_ms is not None
        assert len(cell.samples) == 2
        assert sum(part.ms for part in cell.parts) == pytest.approx(cell.total_ms.value)
        assert not cell.absence


def test_cell_that_cannot_be_had_is_there_with_its_reason() -> None:
    """Planned away, ended by itself, or never proven: each says so, and the others stand."""
    ends = replace(fake_target(), command=("/bin/sh", "-c", "echo out of memory; exit 137"))
    absent, ended, unproven, well = taken(
        Planned(SMALL, None, "no engine"),
        Planned(SMALL, ends),
        Planned(PROCESS, fake_target("second")),
        Planned(FUNCTION, fake_target()),
    ).cells
    assert absent.absence == "no engine"
    assert ended.absence == "service ended with exit code 137: out of memory"
    assert unproven.absence == f"no start was proven cold: {Rejection.NOT_FIRST} (2)"
    assert [cell.total_ms for cell in (absent, ended, unproven)] == [None] * 3
    assert well.total_ms is not None


def test_start_that_cannot_be_asked_for_ends_the_run() -> None:
    """A platform that refuses would refuse the next one too."""
    refused = replace(fake_target(), command=("/nowhere/at-all",))
    with pytest.raises(UserError, match="cannot run /nowhere/at-all"):
        taken(Planned(PROCESS, refused))


def test_labels_say_what_differs() -> None:
    """A runtime only where there are several; a size in the place of a place."""
    assert labels([PROCESS, SMALL]) == ["service, process", "service, 256Mi, 0.5 CPU"]
    several = [PROCESS, Setting("function", "Cloud Run", "onnx", "1Gi", 2, boost=True)]
    assert labels(several) == ["service, compiled, process", "function, onnx, 1Gi, 2 CPU, boost"]


def test_files_have_every_cell(tmp_path: Path) -> None:
    """A page of its own with a named picture, Markdown whose tables are whole, and all samples."""
    text = write_matrix(matrix(), tmp_path).read_text(encoding="utf-8")
    page = ParsedPage(text)
    assert (page.references, page.unnamed) == ([], [])
    assert text.count("<svg") == 1
    assert text.count(">left out</text>") == 4
    assert "no &lt;engine&gt; [here]" in text
    markdown = (tmp_path / "matrix.md").read_text(encoding="utf-8")
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 4
    assert len({row.count("|") for row in rows}) == 1
    assert "- Left out: service, compiled, process; service, onnx, 256Mi, 4 CPU; " in markdown
    document = json.loads((tmp_path / "matrix.json").read_text(encoding="utf-8"))
    assert [len(cell["samples"]) for cell in document["cells"]] == [4] * 4 + [0] * 4
    assert document["cells"][2]["setting"]["boost"] is True


def test_nothing_left_out_is_not_mentioned(tmp_path: Path) -> None:
    """The page of a whole matrix has no such part."""
    whole = matrix()
    whole = replace(whole, cells=whole.cells[:4])
    assert "Left out" not in write_matrix(whole, tmp_path).read_text(encoding="utf-8")


def test_terminal_has_every_cell_in_80_columns() -> None:
    """What was left out once more beneath, with its reason, brackets and all."""
    text = StringIO()
    Console(file=text, width=80).print(terminal_table(matrix()), width=80)
    said = text.getvalue()
    assert max(map(len, said.splitlines())) <= 80
    assert said.count("left out") == 4
    assert "no <engine> [here]" in " ".join(said.split())
    assert said.count("4 of 4") == 4


def test_part_that_a_cell_does_not_tell_is_said_to_be_so() -> None:
    """Columns are those of all cells together."""
    whole = matrix()
    other = replace(whole.cells[0], parts=(Part("model", 300.0),))
    table = matrix_table(replace(whole, cells=(other, whole.cells[1])))
    assert [cell.text for cell in table.rows[0].cells].count("not told") == 3
