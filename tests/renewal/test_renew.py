"""`twinserve renew packages` on a small engine: whole or not at all, by real uv, git and DVC."""

import json
from pathlib import Path

import pytest

from tests.delivery.update.forks import Repository
from tests.renewal.package_index import PackageIndex
from tests.renewal.small_project import (
    call,
    kept,
    make_small_project,
    pins_of,
)

BRANCH = "renew/packages"


@pytest.fixture
def project(tmp_path: Path, index: PackageIndex) -> Repository:
    """A project whose packages are all of version 1.0, all newest."""
    return make_small_project(tmp_path / "project", index)


def renew(project: Repository, index: PackageIndex, *names: str) -> str:
    """What the command says at last."""
    done = call(project.directory, index, "renew", "packages", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def fail(project: Repository, index: PackageIndex, *names: str) -> str:
    """What it says when it refuses, the project as it was."""
    before = kept(project), project.git("branch", "--list")
    done = call(project.directory, index, "renew", "packages", *names)
    assert done.returncode == 1, done.stdout + done.stderr
    assert (kept(project), project.git("branch", "--list")) == before
    return done.stderr.splitlines()[-1]


def test_newer_versions_come_in_together(project: Repository, index: PackageIndex) -> None:
    """All rooms' locks and what the pipeline makes of them, on a branch; the tree as it was."""
    for name in ("alpha", "beta", "delta", "omega"):
        index.publish(name, "2.0")
    before = kept(project)
    assert renew(project, index).startswith(f"{BRANCH}: commit ")
    assert kept(project) == before
    assert pins_of(project, BRANCH) == {"alpha": "2.0", "beta": "2.0", "gamma": "1.0"}
    assert pins_of(project, BRANCH, "service-compiled") == {"beta": "2.0"}
    assert pins_of(project, BRANCH, "lonely") == {"beta": "2.0", "delta": "2.0"}
    assert pins_of(project, BRANCH, "peers/other") == {"gamma": "1.0", "omega": "2.0"}
    assert "('beta', '2.0')" in project.git("show", f"{BRANCH}:made.json")
    page = project.path("reports/renewal/packages.md").read_text()
    assert "| `beta` | `1.0` | `2.0` | `dev`, `lonely`, `service-compiled` |" in page
    assert page.rstrip() in project.git("log", "-1", "--format=%B", BRANCH)
    assert project.git("worktree", "list").count("\n") == 0


@pytest.mark.nightly
def test_nothing_newer_writes_no_branch(project: Repository, index: PackageIndex) -> None:
    """And says so."""
    assert renew(project, index) == "nothing is newer"
    assert project.git("branch", "--list", BRANCH) == ""


@pytest.mark.nightly
def test_what_breaks_is_held_back_by_name(tmp_path: Path, index: PackageIndex) -> None:
    """The rest comes in; the report has the failing line, and since when."""
    broken = "repro beta 2.0 row 3: served 1, the estimator 2"
    project = make_small_project(tmp_path / "project", index, broken)
    for name in ("alpha", "beta", "gamma"):
        index.publish(name, "2.0")
    renew(project, index)
    assert pins_of(project, BRANCH) == {"alpha": "2.0", "beta": "1.0", "gamma": "2.0"}
    (held,) = json.loads(project.git("show", f"{BRANCH}:locks/held.json"))
    assert (held["package"], held["version"], held["check"]) == ("beta", "2.0", "pipeline")
    assert held["line"] == "error: row 3: served 1, the estimator 2"
    row = f"| `beta` | `2.0` | {held['since']} | pipeline | `{held['line']}` |"
    assert row in project.path("reports/renewal/packages.md").read_text()

    project.git("merge", "--quiet", BRANCH)
    assert renew(project, index).startswith("nothing newer fits; held back: beta 2.0")
    # Its next version is tried again.
    index.publish("beta", "2.1")
    renew(project, index)
    assert pins_of(project, BRANCH) == {"alpha": "2.0", "beta": "2.1", "gamma": "2.0"}
    assert "held.json" not in project.git("ls-tree", "-r", "--name-only", BRANCH)


@pytest.mark.nightly
def test_whole_set_is_held_back_beyond_the_bound(tmp_path: Path, index: PackageIndex) -> None:
    """Nothing is written; the setting and the failing line are named."""
    broken = "\n".join(f"lint {name} 2.0 untyped" for name in ("alpha", "beta", "gamma"))
    project = make_small_project(tmp_path / "project", index, broken)
    project.write("params.yaml", project.path("params.yaml").read_text() + _most_fits(2))
    project.commit("Few fits")
    for name in ("alpha", "beta", "gamma"):
        index.publish(name, "2.0")
    said = fail(project, index)
    assert "lint: error: untyped" in said
    assert "after 2 fits (renewal.most_fits)" in said


def _most_fits(number: int) -> str:
    return f"\nrenewal:\n  most_fits: {number}\n"


@pytest.mark.nightly
@pytest.mark.parametrize("setting", ["say", "refuse"])
def test_model_that_changes_under_its_version_is_said_or_refused(
    tmp_path: Path, index: PackageIndex, setting: str
) -> None:
    """In the report always; with the setting nothing comes in."""
    project = make_small_project(tmp_path / "project", index, "model beta 2.0 changes")
    rules = f"\nrenewal:\n  same_version: {setting}\n"
    project.write("params.yaml", project.path("params.yaml").read_text() + rules)
    project.commit("Its rules")
    index.publish("beta", "2.0")
    if setting == "say":
        assert renew(project, index).startswith(f"{BRANCH}: commit ")
        assert "changed under an unchanged version" in project.git("show", "-s", BRANCH)
    else:
        assert "renewal.same_version refuses: raise model.version" in fail(project, index)
    page = project.path("reports/renewal/packages.md").read_text()
    assert "changed under an unchanged version" in page


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda project: project.write("new.txt", ""), "the tree has changes: new.txt"),
        (lambda project: project.git("switch", "--quiet", "-c", BRANCH), "is checked out"),
        (lambda project: project.git("switch", "--quiet", "--detach"), "no branch is checked out"),
    ],
    ids=["changes", "its own branch", "no branch"],
)
def test_tree_in_which_work_could_be_lost_is_refused(
    project: Repository, index: PackageIndex, spoil: object, said: str
) -> None:
    """Before anything is resolved."""
    assert callable(spoil)
    spoil(project)
    assert said in fail(project, index)


@pytest.mark.nightly
def test_commit_of_a_person_is_never_written_over(project: Repository, index: PackageIndex) -> None:
    """A branch with only commits of ours is made anew."""
    index.publish("alpha", "2.0")
    renew(project, index)
    index.publish("beta", "2.0")
    renew(project, index)
    assert pins_of(project, BRANCH) == {"alpha": "2.0", "beta": "2.0", "gamma": "1.0"}
    assert project.git("rev-list", "--count", f"main..{BRANCH}") == "1"
    project.git("switch", "--quiet", BRANCH)
    project.write("fix.txt", "mine")
    mine = project.commit("Mend what the new version changed")
    project.git("switch", "--quiet", "main")
    said = fail(project, index)
    assert f"{BRANCH} has a commit of a person's ({mine[:7]}" in said


def test_unknown_package_is_refused(project: Repository, index: PackageIndex) -> None:
    """A misspelt name would otherwise renew nothing, in silence."""
    assert "aplha: in no lock" in fail(project, index, "aplha")
