"""DVC's own commands on a reproduced tree."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.pipeline.models.trees import ROOT, digests, repro, restored
from tests.tools import NIGHTLY_CASE, run
from twinserve.training.engine import STAGES, used_files


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A reproduced tree that a test may change."""
    return restored(tmp_path / "tree")


def test_nothing_is_run_twice(tree: Path) -> None:
    """A second run finds every stage as it was."""
    done = repro(tree)
    assert done.stdout.count("didn't change, skipping") == 6


def test_refused_table_leaves_what_was_there(tree: Path) -> None:
    """One line names file, row, column, what was found and what was expected; exit code 1."""
    before = digests(tree)
    table = tree / "data" / "iris.csv"
    lines = table.read_text().splitlines()
    lines[6] = lines[6].replace("1.7", "much")
    table.write_text("\n".join(lines))
    done = repro(tree, code=1)
    (refusal,) = [line for line in done.stderr.splitlines() if line.startswith("error: data/")]
    for part in ("data/iris.csv", "row 7", "petal_length", "much", "expected"):
        assert part in refusal
    assert "Traceback" not in done.stderr
    assert digests(tree) == before


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        NIGHTLY_CASE("evaluation", {"gates": {"min_accuracy": 1.0}}, "accuracy"),
        NIGHTLY_CASE(
            "estimator",
            {"import_path": "sklearn.linear_model.LinearRegression"},
            "is a regressor",
        ),
        NIGHTLY_CASE("estimator", {"import_path": "sklearn.ensemble.NoSuchForest"}, "NoSuchForest"),
        ("model", {"version": "1.0"}, "params.yaml: model.version"),
        NIGHTLY_CASE("model", {"colour": "red"}, "params.yaml: model.colour"),
    ],
)
def test_parameters_that_cannot_be_end_in_a_line(
    tree: Path, section: str, change: dict[str, object], message: str
) -> None:
    """A broken gate, a regressor, a misspelt path or key: one line, and the model stays."""
    before = digests(tree)
    path = tree / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params[section] |= change
    if section == "estimator":
        params[section]["arguments"] = {}
    path.write_text(yaml.safe_dump(params))
    done = repro(tree, code=1)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert message in errors[0]
    assert "Traceback" not in done.stderr
    kept = ("models/served/model.so", "models/model.json", "dist/service/manifest.json")
    assert {name: digests(tree)[name] for name in kept} == {name: before[name] for name in kept}


def test_plots_open_without_a_network(tree: Path) -> None:
    """The page of `dvc plots show` carries its scripts and its pictures' data."""
    command = [sys.executable, "-m", "dvc", "plots", "show", "--out", "plots"]
    run(command, cwd=tree, code=0)
    page = (tree / "plots" / "index.html").read_text()
    assert page.count("vegaEmbed(") >= 2
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//', page)
    assert "confusion.png" in page


def dvc(tree: Path, *words: str) -> str:
    """The output of DVC's own command, run as a user does in the activated environment."""
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tree)}
    done = run([sys.executable, "-m", "dvc", *words], cwd=tree, env=environment, code=0)
    return done.stdout


def run_stages(printed: str) -> list[str]:
    """The stages that were run, in their order."""
    return re.findall(r"^Running stage '(\w+)'", printed, flags=re.MULTILINE)


def test_dvc_alone_runs_the_stages_whose_code_has_changed(tree: Path) -> None:
    """`dvc repro` finds an edit of the engine by itself, and runs no stage that does not use it."""
    (tree / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")
    assert run_stages(dvc(tree, "repro")) == ["engine"]
    for path in ("delivery/release/transaction.py", "delivery/bundle/assembly.py"):
        with (tree / "twinserve" / path).open("a") as file:
            file.write("# changed\n")
    assert run_stages(dvc(tree, "repro")) == ["engine", "bundle"]
    assert run_stages(dvc(tree, "repro")) == ["engine"]


def test_digests_that_are_missing_are_made_by_dvc_alone(tree: Path) -> None:
    """In a fresh clone there is no engine.json; with it made, all is as the lock says."""
    (tree / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")
    before = (tree / "dvc.lock").read_text()
    (tree / "engine.json").unlink()
    assert "engine.json" in dvc(tree, "status")
    assert run_stages(dvc(tree, "repro")) == ["engine"]
    assert (tree / "dvc.lock").read_text() == before


def test_stages_use_every_module_of_training() -> None:
    """A change of any of them makes some stage run again."""
    used = {path for stage in STAGES.values() for path in used_files(ROOT, stage)}
    modules = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "twinserve" / "training").rglob("*.py")
        if path.name not in {"__init__.py", "engine.py"}
    }
    assert modules <= used
