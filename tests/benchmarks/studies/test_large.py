"""Large forests: made and asked in processes of their own, and put into the pages."""

import json
from pathlib import Path

import pytest

from benchmarks.studies.large import grid as growing
from benchmarks.studies.large import subject
from benchmarks.studies.large.grid import RUNTIMES, Cell, run_grid
from benchmarks.studies.large.page import grid_table, picture, write_grid
from tests.tree import PROJECT, ROOT
from twinserve.__main__ import main
from twinserve.config.errors import UserError
from twinserve.measure.pages.publish import publish
from twinserve.training.estimator import UnfitError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what is made lies, and nothing of it afterwards."""
    monkeypatch.setattr(growing, "FOLDER", tmp_path / "large")
    return tmp_path / "large"


@pytest.mark.nightly
def test_each_runtime_is_made_and_asked(folder: Path, tmp_path: Path) -> None:
    """A small forest has every figure under all three, and leaves only its rows behind."""
    seen: list[Cell] = []
    grid = run_grid([3], [2], 64, seen.append)
    assert [cell.runtime for cell in grid.cells] == list(RUNTIMES)
    assert list(grid.cells) == seen
    for cell in grid.cells:
        assert cell.fault == ""
        assert cell.nodes == 3 * 7
        for figure in (cell.bytes, cell.load_ms, cell.single_us, cell.batch_ms):
            assert figure > 0
        assert cell.memory_bytes > 5_000_000
    assert [path.name for path in folder.iterdir()] == ["rows.json"]
    page = write_grid(grid, tmp_path)
    assert page.read_text().count("| 3, 2 |") == 3
    assert json.loads((tmp_path / "large.json").read_text())["cells"][0]["runtime"] == "compiled"
    assert picture(grid).count("<circle") == 2 * len(RUNTIMES)


def test_what_a_runtime_cannot_have_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process's last line, or that it took too long, in place of figures."""
    monkeypatch.setattr(growing, "RUNTIMES", ("abacus",))
    (cell,) = run_grid([1], [1], 64).cells
    assert cell.fault == "No module named 'twinserve.inference.runtimes.abacus'"
    monkeypatch.setattr(growing, "LIMIT_S", 0.001)
    grid = run_grid([1], [1], 64)
    assert grid.cells[0].fault == "make: not done in 0 s"
    assert [cell.text for cell in grid_table(grid).rows[0].cells[:2]] == [
        "abacus",
        "make: not done in 0 s",
    ]
    assert folder.exists()


def test_source_over_the_limit_is_a_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limit that `auto` obeys."""
    folder.mkdir()
    monkeypatch.setattr("twinserve.training.served.serving._NODE_BYTES", 10**6)
    with pytest.raises(UnfitError, match="max_source_mb: 1"):
        subject.make(2, 2, "compiled", folder, 1)


@pytest.mark.usefixtures("folder")
def test_the_command_publishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Table and picture stand between the marks; the rest of the page stays."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((PROJECT / "params.yaml").read_text())
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "performance.md"
    page.write_text("above\n<!-- begin large -->\nold\n<!-- end large -->\nbelow\n")
    monkeypatch.setattr(growing, "RUNTIMES", ("compiled",))
    for package in ("benchmarks", "twinserve"):
        (tmp_path / package).symlink_to(ROOT / package)
    main(["bench", "large", "--trees", "2", "--depths", "2", "--publish"])
    text = page.read_text()
    assert text.startswith("above\n<!-- begin large -->\n![One row alone, each runtime](large.svg)")
    assert "| 2, 2 | compiled |" in text
    assert text.endswith("<!-- end large -->\nbelow\n")
    assert "old" not in text
    assert (tmp_path / "docs" / "large.svg").read_text().startswith("<svg viewBox")
    assert "2 x 2  compiled" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["no marks", "<!-- begin a -->\n<!-- end a -->\n" * 2])
def test_a_page_without_its_marks_is_one_line(text: str, tmp_path: Path) -> None:
    """Nothing is put anywhere else."""
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(UserError, match="expected the marks `begin a` and `end a` once"):
        publish(page, "a", "new")
    assert page.read_text() == text
    with pytest.raises(UserError, match="No such file"):
        publish(tmp_path / "absent.md", "a", "new")


def test_the_pages_have_their_marks() -> None:
    """Where `--publish` puts its tables."""
    for page, name in (("docs/benchmarks.md", "bench"), ("docs/performance.md", "large")):
        text = (ROOT / page).read_text()
        for mark in (f"<!-- begin {name} -->\n", f"<!-- end {name} -->\n"):
            assert text.count(mark) == 1
