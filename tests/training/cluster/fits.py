"""Fits on Dask's workers: the bytes of one process, also where a worker is killed half-way."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster
from distributed.diagnostics.plugin import SchedulerPlugin

from tests.training.project import Project

FOREST = "sklearn.ensemble.RandomForestClassifier"
TREE = {"import_path": "sklearn.tree.DecisionTreeClassifier"}
SMALL = {"import_path": FOREST, "arguments": {"n_estimators": 5}}
LOGISTIC = {"import_path": "sklearn.linear_model.LogisticRegression"}
CASES: dict[str, dict[str, object]] = {
    FOREST: {"n_estimators": 20, "criterion": "entropy"},
    "sklearn.ensemble.BaggingClassifier": {"estimator": TREE, "n_estimators": 5},
    "sklearn.ensemble.VotingClassifier": {
        "estimators": [["a", SMALL], ["b", LOGISTIC]],
        "voting": "soft",
    },
    "sklearn.model_selection.GridSearchCV": {
        "estimator": SMALL,
        "param_grid": {"max_depth": [2, 3]},
        "cv": 2,
    },
    "sklearn.calibration.CalibratedClassifierCV": {"estimator": SMALL, "cv": 3},
    "sklearn.ensemble.HistGradientBoostingClassifier": {"max_iter": 10},
}
WORKER = """
import sys
from distributed.cli.dask_worker import main
main(["--no-nanny", "--nthreads", "1", "--dashboard-address", "127.0.0.1:0", sys.argv[1]])
"""
LOCAL = "127.0.0.1:0"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def made(project: Project) -> list[bytes]:
    """Fit and judge; the model's bytes and its figures."""
    project.run("prepare", "train", "evaluate")
    names = ("models/model.pkl", "evaluation/metrics.json", "evaluation/plots/importances.csv")
    return [(project.root / name).read_bytes() for name in names]


@contextmanager
def scheduler() -> Iterator[LocalCluster]:
    """One that has no worker of its own."""
    with LocalCluster(n_workers=0, dashboard_address=LOCAL) as cluster:
        yield cluster


@contextmanager
def worker(address: str, **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker process of a scheduler."""
    command = [sys.executable, "-c", WORKER, address]
    environment = os.environ | ONE_THREAD | variables
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        yield process
        process.kill()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a scheduler with two workers."""
    with scheduler() as cluster:
        address = cluster.scheduler_address
        with worker(address), worker(address):
            with Client(address) as client:
                client.wait_for_workers(2, timeout=60)
            yield address


@pytest.mark.parametrize("import_path", CASES)
def test_same_bytes_as_in_one_process(project: Project, address: str, import_path: str) -> None:
    """Model, folds and importances of every kind of fit that has parts."""
    project.estimator(import_path, **CASES[import_path])
    project.change({"golden": [], "evaluation": {"folds": 3, "gates": {}}})
    expected = made(project)
    project.change({"training": {"engine": "dask", "scheduler": address}})
    assert made(project) == expected


def test_cluster_of_this_machine(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    """Without an address a cluster is made for the stage, ends with it, and leaves no file."""
    project.change({"evaluation": {"folds": 3, "gates": {}}})
    expected = made(project)
    before = project.files().keys()
    project.change({"training": {"engine": "dask"}})
    assert made(project) == expected
    assert project.files().keys() == before
    assert "Traceback" not in capfd.readouterr().err


class Killer(SchedulerPlugin):  # type: ignore[misc] # Dask ships no types
    """Kills a process once so many of a scheduler's tasks are done."""

    def __init__(self, process: "subprocess.Popen[bytes]", tasks: int) -> None:
        self._process, self._tasks = process, tasks
        self.done = 0

    def transition(self, _key: str, start: str, finish: str, *_: object, **__: object) -> None:
        """Count what is done."""
        if (start, finish) == ("processing", "memory"):
            self.done += 1
            if self.done == self._tasks:
                self._process.send_signal(signal.SIGKILL)


def test_worker_is_killed_half_way(project: Project) -> None:
    """What it was doing is done again by the other one, and the model is the same to the byte."""
    project.estimator(FOREST, n_estimators=600)
    project.run("prepare", "train")
    expected = (project.root / "models/model.pkl").read_bytes()
    with scheduler() as cluster, ExitStack() as stack:
        address = cluster.scheduler_address
        first, _ = (stack.enter_context(worker(address)) for _ in range(2))
        client = stack.enter_context(Client(address))
        client.wait_for_workers(2, timeout=60)
        killer = Killer(first, tasks=12)
        cluster.scheduler.add_plugin(killer)
        project.change({"training": {"engine": "dask", "scheduler": address}})
        project.run("train")
        assert first.wait() == -signal.SIGKILL
        assert killer.done > 12
        assert len(client.ncores()) == 1
    assert (project.root / "models/model.pkl").read_bytes() == expected


def test_nobody_answers(project: Project) -> None:
    """One line with the address and what to start."""
    project.run("prepare")
    project.change({"training": {"engine": "dask", "scheduler": "tcp://127.0.0.1:9"}})
    line = project.refused("train")
    assert "training.scheduler: tcp://127.0.0.1:9 does not answer (" in line
    assert "start it with `dask scheduler`" in line
    assert not (project.root / "models").exists()


def test_scheduler_without_workers(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, not a wait for ever."""
    monkeypatch.setattr("twinserve.training.fitting.cluster._WAIT_S", 1)
    project.run("prepare")
    with scheduler() as cluster:
        address = cluster.scheduler_address
        project.change({"training": {"engine": "dask", "scheduler": address}})
        assert f"start some with `dask worker {address}`" in project.refused("train")


def test_worker_that_would_add_up_otherwise(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More threads, or another version of a library, are refused before anything is fitted."""
    project.run("prepare")
    with scheduler() as cluster, worker(cluster.scheduler_address, OMP_NUM_THREADS="2"):
        address = cluster.scheduler_address
        project.change({"training": {"engine": "dask", "scheduler": address}})
        assert "has OMP_NUM_THREADS=2, so that its sums may differ" in project.refused("train")
        monkeypatch.setattr("twinserve.training.fitting.cluster._ALIKE", ("numpy",))
        told = Client.get_versions

        def other(client: Any, **asked: Any) -> Any:  # noqa: ANN401 - Dask's
            versions = told(client, **asked)
            versions["client"]["packages"]["numpy"] = "1.0"
            return versions

        monkeypatch.setattr(Client, "get_versions", other)
        assert "this process 1.0; install there what locks/dev.txt" in project.refused("train")


def test_own_class_must_be_there_too(project: Project, tmp_path: Path, address: str) -> None:
    """A worker elsewhere does not have custom/; the line says where to start it."""
    del tmp_path
    (project.root / "custom").mkdir()
    (project.root / "custom/mine_elsewhere.py").write_text(
        "from sklearn.ensemble import RandomForestClassifier\n\n\n"
        "class Mine(RandomForestClassifier):\n    '''The user's own.'''\n"
    )
    project.estimator("custom.mine_elsewhere.Mine")
    project.run("prepare")
    project.change({"training": {"engine": "dask", "scheduler": address}})
    line = project.refused("train")
    assert "cannot import custom.mine_elsewhere" in line
    assert "with PYTHONPATH=." in line
