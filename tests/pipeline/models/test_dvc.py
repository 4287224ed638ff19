"""DVC's own commands on a reproduced tree."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.pipeline.models.trees import ROOT, digests, repro


@pytest.fixture
def tree(trees: list[Path], tmp_path: Path) -> Path:
    """A reproduced tree that a test may change."""
    return Path(shutil.copytree(trees[0], tmp_path / "tree", symlinks=True))


def test_nothing_is_run_twice(tree: Path) -> None:
    """A second run finds every stage as it was."""
    done = repro(tree)
    assert done.returncode == 0
    assert done.stdout.count("didn't change, skipping") == 5


def test_refused_table_leaves_what_was_there(tree: Path) -> None:
    """One line names file, row, column, what was found and what was expected; exit code 1."""
    before = digests(tree)
    table = tree / "data" / "iris.csv"
    lines = table.read_text().splitlines()
    lines[6] = lines[6].replace("1.7", "much")
    table.write_text("\n".join(lines))
    done = repro(tree)
    assert done.returncode == 1
    (refusal,) = [line for line in done.stderr.splitlines() if line.startswith("error: data/")]
    for part in ("data/iris.csv", "row 7", "petal_length", "much", "expected"):
        assert part in refusal
    assert "Traceback" not in done.stderr
    assert digests(tree) == before


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("evaluation", {"gates": {"min_accuracy": 1.0}}, "accuracy"),
        ("estimator", {"import_path": "sklearn.linear_model.LinearRegression"}, "is a regressor"),
        ("estimator", {"import_path": "sklearn.ensemble.NoSuchForest"}, "NoSuchForest"),
        ("model", {"version": "1.0"}, "params.yaml: model.version"),
        ("model", {"colour": "red"}, "params.yaml: model.colour"),
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
    done = repro(tree)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert message in errors[0]
    assert "Traceback" not in done.stderr
    kept = ("models/served/model.so", "models/model.json", "dist/service/manifest.json")
    assert {name: digests(tree)[name] for name in kept} == {name: before[name] for name in kept}


def test_plots_open_without_a_network(tree: Path) -> None:
    """The page of `dvc plots show` carries its scripts and its pictures' data."""
    command = [sys.executable, "-m", "dvc", "plots", "show", "--out", "plots"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tree / "plots" / "index.html").read_text()
    assert page.count("vegaEmbed(") >= 2
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//', page)
    assert "confusion.png" in page


def test_stages_name_every_module_that_they_import() -> None:
    """A change of any module of training makes some stage run again."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    named = {dep for stage in stages.values() for dep in stage["deps"]}
    modules = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "twinserve" / "training").rglob("*.py")
        if path.name != "__init__.py"
    }
    assert modules <= named
