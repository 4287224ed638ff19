"""The main job, whole, with fewer samples than a user takes."""

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from tests.pipeline.models.trees import export
from twinserve.__main__ import main
from twinserve.config.errors import UserError
from twinserve.delivery import console
from twinserve.measure.history.document import read_line


@pytest.fixture
def tree(dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree that is reproduced already, with a short measurement, as the current folder."""
    directory = export(tmp_path / "tree")
    for name in ("models", "evaluation", "dist", "data/prepared"):
        shutil.copytree(dist.parent / name, directory / name)
    measure(directory, cold_samples=2, warm_requests=100, connections=[1])
    monkeypatch.chdir(directory)
    return directory


def measure(tree: Path, **changes: Any) -> None:  # noqa: ANN401 - numbers and mappings
    """Edit the section of the parameters that says how much is measured."""
    path = tree / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["measurement"] |= changes
    path.write_text(yaml.safe_dump(params))


def run(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """`twinserve COMMAND`."""
    monkeypatch.setattr("sys.argv", ["twinserve", command])
    main()


def test_main_job_checks_measures_and_reports(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Five steps in plain lines, a table of 80 columns, three reports that agree."""
    run(monkeypatch, "rehearse")
    out = capfd.readouterr().out
    assert [f"[{number}/5]" in out for number in range(1, 6)] == [True] * 5
    assert "cases passed" in out
    assert "\x1b[" not in out
    table = out[out.index("┏") : out.index("┘")]
    assert max(map(len, table.splitlines())) <= 80
    cost = r"gives the first answer \d+\.\d\d s after its start and [\d,]+ requests/s over 1 conn"
    line = rf"^serving.runtime auto gives compiled: measured here, service {cost}.*function {cost}"
    assert re.search(line, out, re.MULTILINE)
    report = json.loads((tree / "reports" / "report.json").read_text())
    assert [target["name"] for target in report["results"]["targets"]] == ["service", "function"]
    page = (tree / "reports" / "report.html").read_text()
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert (tree / "reports" / "report.md").read_text().startswith("# ")
    (kept,) = (tree / "history").iterdir()
    assert f"kept: history/{kept.name}; " in out
    assert read_line(kept.read_text(), kept.name).place == "local"


@pytest.mark.nightly
def test_broken_budget_fails_after_the_report(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole interval over its budget is one line with target and figure; it is kept, too."""
    measure(tree, budgets={"cold_p50_ms": 1, "warm_p99_ms": 50})
    with pytest.raises(UserError, match=r"over its budget .*service: cold start"):
        run(monkeypatch, "rehearse")
    assert (tree / "reports" / "report.html").exists()
    assert len(list((tree / "history").iterdir())) == 1


def test_failed_stage_ends_the_job(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """When a stage refuses its input, its own line stands above ours."""
    (tree / "data" / "iris.csv").write_text("species\n")
    with pytest.raises(UserError, match="the stage's own line above"):
        run(monkeypatch, "repro")
    assert "error: data/iris.csv" in capfd.readouterr().err


def test_bundle_and_lock_print_what_they_wrote(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both commands name the files."""
    run(monkeypatch, "bundle")
    assert "dist/service" in capsys.readouterr().out
    monkeypatch.setattr(
        "twinserve.delivery.bundle.locks.lock", lambda: [tree / "locks" / "dev.txt"]
    )
    run(monkeypatch, "lock")
    assert capsys.readouterr().out.endswith("locks/dev.txt\n")


def test_serve_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """`serve` is reached by its name."""
    called = []
    monkeypatch.setattr("twinserve.delivery.local.serve.serve", lambda **_: called.append(True))
    run(monkeypatch, "serve")
    assert called == [True]


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_suits_its_reader(terminal: bool) -> None:  # noqa: FBT001
    """A bar on a terminal; in a log at most ten lines, the last when all is done."""
    output = io.StringIO()
    with console.progress(Console(file=output, force_terminal=terminal, width=80)) as step:
        for done in range(1, 101):
            step("cold start", done, 100)
    text = output.getvalue()
    assert "cold start" in text
    if terminal:
        assert "\x1b[" in text
    else:
        assert len(text.splitlines()) == 10
        assert text.splitlines()[-1].split()[:3] == ["100", "of", "100"]
