"""DVC's own commands in this repository: each does what DVC's documentation says of it."""

import itertools
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.teams.clones import Clone
from tests.pipeline.teams.test_team import stages_of
from tests.tools import run

TABLE, MODEL = "data/iris.csv", "models/model.pkl"
TREES = "estimator.arguments.n_estimators"


def dvc(clone: Clone, *words: str) -> str:
    """The output of a command of DVC's."""
    return clone.run("dvc", *words).stdout


def as_json(clone: Clone, *words: str) -> Any:  # noqa: ANN401 - JSON
    """Likewise, as JSON."""
    return json.loads(dvc(clone, *words, "--json"))


def set_trees(clone: Clone, number: int) -> None:
    """The parameter that every test changes."""
    clone.run("twinserve", "set", f"{TREES}={number}")


def cached(clone: Clone) -> set[Path]:
    """The objects of the cache."""
    return {path for path in clone.path(".dvc/cache/files/md5").rglob("*") if path.is_file()}


@pytest.mark.nightly
def test_what_has_changed_is_told_and_made_anew(first: Clone) -> None:
    """``status``, ``data status``, ``dag``, ``repro``, ``params diff`` and ``metrics diff``."""
    assert set(as_json(first, "status")) == {"engine"}
    assert "No changes." in dvc(first, "data", "status")
    edges = re.findall(r'"(\S+)" -> "(\S+)"', dvc(first, "dag", "--dot"))
    order = ["prepare", "train", "accept", "evaluate", "export", "bundle"]
    assert set(itertools.pairwise(order)) <= set(edges)
    assert (f"{TABLE}.dvc", "prepare") in edges
    set_trees(first, 2)
    assert set(as_json(first, "status")) == {"engine", "train", "export"}
    assert stages_of(first.run("dvc", "repro"))[:3] == ["engine", "train", "accept"]
    changed = as_json(first, "params", "diff")["params.yaml"]
    assert changed == {TREES: {"old": 100, "new": 2, "diff": -98}}
    differences = as_json(first, "metrics", "diff")["evaluation/metrics.json"]
    assert {"old", "new", "diff"} <= set(differences["log_loss"])
    assert stages_of(first.run("dvc", "repro")) == ["engine"]
    # The run before that one, from DVC's run cache.
    set_trees(first, 100)
    assert "Stage 'train' is cached - skipping run" in dvc(first, "repro")
    assert set(as_json(first, "status")) == {"engine"}


@pytest.mark.nightly
def test_table_under_dvc_that_was_changed_is_read_anew(first: Clone) -> None:
    """``data status`` before and after ``dvc add``; then every stage that reads it runs."""
    table = first.path(TABLE)
    rows = table.read_text().splitlines(keepends=True)
    table.unlink()
    table.write_text("".join(rows[:-2]))
    assert as_json(first, "data", "status")["uncommitted"] == {"modified": [TABLE]}
    first.run("dvc", "add", TABLE)
    assert as_json(first, "data", "status")["committed"] == {"modified": [TABLE]}
    assert stages_of(first.run("dvc", "repro"))[:3] == ["engine", "prepare", "train"]


@pytest.mark.nightly
def test_experiments_run_here_aside_and_in_a_queue(first: Clone) -> None:
    """``exp run``, ``--temp``, three queued on two workers; ``exp show`` and ``exp remove``."""
    # DVC commits each.
    (first.directory.parent / ".gitconfig").write_text(
        "[user]\n    name = team\n    email = team@example.org\n"
    )
    set_trees(first, 2)
    first.run("dvc", "exp", "run", "--name", "here")
    model = first.path(MODEL).read_bytes()
    first.run("dvc", "exp", "run", "--temp", "--name", "aside", "--set-param", f"{TREES}=3")
    for number in (4, 5, 6):
        words = ("--queue", "--name", f"queued-{number}", "--set-param", f"{TREES}={number}")
        first.run("dvc", "exp", "run", *words)
    first.run("dvc", "exp", "run", "--run-all", "--jobs", "2")
    # What ran elsewhere has changed nothing here.
    assert first.path(MODEL).read_bytes() == model
    assert "n_estimators: 2" in first.path("params.yaml").read_text()
    names = {"here", "aside", "queued-4", "queued-5", "queued-6"}
    (base,) = [
        revision for revision in as_json(first, "exp", "show") if revision["rev"] != "workspace"
    ]
    shown = {
        experiment["name"]: experiment["revs"][0]["data"] for experiment in base["experiments"]
    }
    assert set(shown) == names
    trees = {
        name: experiment["params"]["params.yaml"]["data"]["estimator"]["arguments"]["n_estimators"]
        for name, experiment in shown.items()
    }
    assert sorted(trees.values()) == [2, 3, 4, 5, 6]
    for experiment in shown.values():
        assert "accuracy" in experiment["metrics"]["evaluation/metrics.json"]["data"]
    # What one of them has fitted, another takes from the run cache, though it ran elsewhere.
    set_trees(first, 5)
    assert "Stage 'train' is cached - skipping run" in dvc(first, "repro")
    first.run("dvc", "exp", "remove", "aside", "queued-4")
    left = {line.split()[-1].strip("[]") for line in dvc(first, "exp", "list").splitlines()[1:]}
    assert left == names - {"aside", "queued-4"}


@pytest.mark.nightly
def test_objects_go_where_they_are_sent_and_come_back(first: Clone, tmp_path: Path) -> None:
    """``push`` and ``pull`` with a remote of one's own; ``gc -w``; ``get`` and ``ls``."""
    set_trees(first, 2)
    first.run("dvc", "repro")
    every = cached(first)
    dvc(first, "gc", "--workspace", "--force")
    left = cached(first)
    assert left < every
    assert set(as_json(first, "status")) == {"engine"}
    dvc(first, "remote", "add", "--local", "mine", str(tmp_path / "mine"))
    dvc(first, "push", "--remote", "mine")
    first.commit("Two trees")
    model = first.path(MODEL).read_bytes()
    shutil.rmtree(first.path(".dvc/cache"))
    shutil.rmtree(first.path("dist"))
    first.path(MODEL).unlink()
    dvc(first, "pull", "--remote", "mine")
    assert first.path(MODEL).read_bytes() == model
    first.run("twinserve", "verify")
    first.run("dvc", "push")
    listed = dvc(first, "ls", str(first.directory), "models").split()
    assert {"fitted.pkl", "model.pkl", "model.pkl.sha256", "model.json", "served"} == set(listed)
    run([sys.executable, "-m", "dvc", "get", str(first.directory), MODEL], cwd=tmp_path, code=0)
    assert (tmp_path / "model.pkl").read_bytes() == model


@pytest.mark.nightly
def test_cache_of_hard_links_is_never_written_through(first: Clone) -> None:
    """Outputs share their bytes with the cache; a stage replaces its own, and the cache stays."""
    dvc(first, "config", "--local", "cache.type", "hardlink")
    dvc(first, "checkout", "--relink", "--force")
    assert first.path(MODEL).stat().st_nlink > 1
    before = {path: path.read_bytes() for path in cached(first)}
    set_trees(first, 2)
    first.run("dvc", "repro")
    assert {path: path.read_bytes() for path in before} == before
    assert first.path(MODEL).stat().st_nlink > 1
    first.run("twinserve", "repro", "--locked")
    first.run("twinserve", "verify")
