"""Nobody fits twice what a colleague has fitted: DVC's run cache, and what it may give."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.pipeline.teams.clones import Clone
from tests.pipeline.teams.test_team import stages_of

PICKLE = "models/fitted.pkl"


def error(done: subprocess.CompletedProcess[str]) -> str:
    """The line of the stage, or the command, that refused."""
    assert done.returncode == 1, done.stdout + done.stderr
    return next(line for line in done.stderr.splitlines() if line.startswith("error: "))


def run_again(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The stages that were run, but for that of the engine's digests, which always is."""
    return [name for name in stages_of(done) if name != "engine"]


def set_trees(clone: Clone, number: int) -> None:
    """Another model, by the same change on every machine."""
    path = clone.path("params.yaml")
    path.write_text(path.read_text().replace("n_estimators: 100", f"n_estimators: {number}"))


@pytest.fixture
def second(first: Clone, tmp_path: Path) -> Clone:
    """A colleague's clone, before the first clone fits something else on a branch and pushes it."""
    clone = first.clone(tmp_path / "two")
    clone.run("twinserve", "repro", "--pull")
    first.git("checkout", "--quiet", "-b", "fewer")
    set_trees(first, 3)
    first.run("twinserve", "repro", "--push")
    first.commit("Fewer trees")
    return clone


@pytest.mark.nightly
def test_fit_of_a_colleague_is_taken_once_a_commit_names_it(first: Clone, second: Clone) -> None:
    """The same change elsewhere: no fit, the same bytes; an earlier model stays until then."""
    before = second.path("models/model.pkl").read_bytes()
    set_trees(second, 3)
    refused = second.run("twinserve", "repro", "--pull", check=False)
    assert "models/fitted.pkl: SHA-256 is " in error(refused)
    assert "`git fetch` the branch of whoever has fitted it" in error(refused)
    assert run_again(refused) == ["accept"]
    assert second.path("models/model.pkl").read_bytes() == before
    second.git("fetch", "--quiet")
    done = second.run("twinserve", "repro", "--pull")
    assert run_again(done) == ["accept", "evaluate", "export", "bundle"]
    for name in ("models/model.pkl", "dvc.lock", "dist/service/manifest.json"):
        assert second.path(name).read_bytes() == first.path(name).read_bytes()


@pytest.mark.nightly
def test_fit_that_is_not_known_is_made_anew(second: Clone) -> None:
    """The cure that the refusal names: by force, and then it is this tree's own."""
    set_trees(second, 3)
    assert second.run("twinserve", "repro", "--pull", check=False).returncode == 1
    assert "train" in stages_of(second.run("twinserve", "repro", "--afresh"))
    assert run_again(second.run("twinserve", "repro", "--pull")) == []


@pytest.mark.nightly
def test_entry_that_is_not_what_its_name_says_is_refused(first: Clone, second: Clone) -> None:
    """Whoever can write to the remote puts no file into a colleague's tree."""
    remote = first.directory.parent / "remote"
    for entry in (remote / "runs").glob("*/*/*"):
        entry.write_text(entry.read_text().replace(PICKLE, "twinserve/__init__.py"))
    before = second.path("twinserve/__init__.py").read_bytes()
    set_trees(second, 3)
    refused = second.run("twinserve", "repro", "--pull", check=False)
    assert "an entry of DVC's run cache is not what its name says; it is not taken" in error(
        refused
    )
    assert run_again(refused) == []
    assert second.path("twinserve/__init__.py").read_bytes() == before


@pytest.mark.nightly
def test_cached_pickle_that_somebody_wrote_over_is_not_taken(first: Clone) -> None:
    """DVC takes a cached object at its name's word; its SHA-256 is nobody's."""
    set_trees(first, 3)
    first.run("twinserve", "repro")
    digest = hashlib.md5(first.path(PICKLE).read_bytes(), usedforsecurity=False).hexdigest()
    path = first.path("params.yaml")
    path.write_text(path.read_text().replace("n_estimators: 3", "n_estimators: 4"))
    first.run("twinserve", "repro")
    cached = first.path(f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}")
    cached.chmod(0o644)
    cached.write_bytes(b"another pickle")
    cached.chmod(0o444)
    path.write_text(path.read_text().replace("n_estimators: 4", "n_estimators: 3"))
    refused = first.run("twinserve", "repro", check=False)
    assert "is not taken" in error(refused)
    assert "evaluate" not in stages_of(refused)


@pytest.mark.nightly
def test_refused_fit_leaves_the_earlier_model(first: Clone) -> None:
    """DVC removes what it may keep in its run cache before a stage runs: the model is not that."""
    before = {name: first.path(name).read_bytes() for name in ("models/model.pkl", "dvc.lock")}
    set_trees(first, 0)
    done = first.run("dvc", "repro", check=False)
    assert "cannot be fitted" in done.stderr
    assert not first.path(PICKLE).exists()
    assert {name: first.path(name).read_bytes() for name in before} == before
    first.git("checkout", "--quiet", "--", "params.yaml")
    assert stages_of(first.run("dvc", "repro")) == ["engine"]
    assert first.path(PICKLE).exists()
