"""Which jobs a change needs, and whether they succeeded: by the base's code, nothing installed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.pipeline.workflows.workflow_files import read_files, texts_of
from tests.tools import require, run
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.review.plan import (
    CUSTOM,
    DATA,
    JOBS,
    MODEL,
    PROSE,
    READING,
    TESTS,
    UNREADABLE,
    WITHOUT_LOGIN,
    needed,
    plan,
    settle,
)
from twinserve.targets.git import changed_paths

ALL = set(JOBS)
# Every top-level path of the repository, and what a change of it must run.
EXPECTED: dict[str, set[str]] = {
    ".ci": ALL, ".devcontainer": set(PROSE), ".dockerignore": ALL, ".dvc": ALL, ".dvcignore": ALL,
    ".editorconfig": set(PROSE), ".gcloudignore": ALL, ".gitattributes": ALL, ".github": ALL,
    ".gitignore": ALL, ".pre-commit-config.yaml": ALL, "CHANGELOG.md": set(PROSE),
    "CONTRIBUTING.md": set(PROSE), "LICENSE": set(PROSE), "Makefile": ALL, "README.md": set(PROSE),
    "SECURITY.md": set(PROSE), "benchmarks": ALL, "cloudbuild.yaml": ALL, "custom": set(CUSTOM),
    "data": set(MODEL), "docs": set(PROSE), "dvc.lock": set(MODEL), "dvc.yaml": ALL,
    "evaluation": set(MODEL), "function": ALL, "locks": ALL, "models": set(MODEL),
    "params.yaml": set(MODEL), "pyproject.toml": ALL, "service": ALL, "tests": set(TESTS),
    "twinserve": ALL,
}  # fmt: skip


def test_every_top_level_path_has_the_expected_plan() -> None:
    """A file of each folder, and each file, runs what it must; an unknown path everything."""
    present = {path.name for path in ROOT.iterdir() if path.name != ".git"} & set(EXPECTED)
    for name in present:
        path = f"{name}/some/file" if (ROOT / name).is_dir() else name
        assert set(needed([path])) == EXPECTED[name], path
    assert set(needed(["a-folder-that-is-new/file"])) == ALL
    assert needed([]) == JOBS


def test_every_tracked_top_level_path_is_expected_here() -> None:
    """A path that is added to the repository is added to the expectation, by whoever adds it."""
    if not (ROOT / ".git").exists():
        pytest.skip("an exported tree: no git says what is tracked")
    listed = run([require("git"), "ls-files", "-z"], cwd=ROOT, code=0)
    tracked = {path.partition("/")[0] for path in listed.stdout.split("\0") if path}
    assert tracked <= set(EXPECTED)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["params.yaml", "dvc.lock", "data/iris.csv"], {"model", "review"}),
        (["tests/model/test_mine.py"], {"model", "review"}),
        (["tests/models/test_other.py"], {"lint", "model", "engine"}),
        (["params.yaml", "docs/deploy.md"], {"lint", "model", "engine", "review"}),
        (["params.yaml", "twinserve/delivery/release/transaction.py"], ALL),
        (["params.yaml.orig"], ALL),
        (["docs-of-mine/page.md"], ALL),
    ],
)
def test_changes_add_up(paths: list[str], expected: set[str]) -> None:
    """Several paths need what any needs; a name that only begins like a known one is unknown."""
    assert set(needed(paths)) == expected


def commit(tree: Path, message: str) -> None:
    """Commit all of a tree."""
    for words in (["add", "--all"], ["commit", "--quiet", "--message", message]):
        git(tree, *words)


def git(tree: Path, *words: str) -> None:
    """Run git as somebody."""
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run([require("git"), *who, *words], cwd=tree, check=True, capture_output=True)


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    """A merge of a pull request that moves a file of the engine into the docs."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "twinserve" / "targets").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "twinserve" / "targets" / "run.py").write_text(
        "the same text, which git would call a rename\n"
    )
    commit(tmp_path, "base")
    git(tmp_path, "checkout", "--quiet", "-b", "topic")
    (tmp_path / "twinserve" / "targets" / "run.py").rename(tmp_path / "docs" / "run.py")
    commit(tmp_path, "topic")
    git(tmp_path, "checkout", "--quiet", "main")
    (tmp_path / "base-goes-on.txt").write_text("")
    commit(tmp_path, "main goes on")
    git(tmp_path, "merge", "--quiet", "--no-edit", "topic")
    return tmp_path


def test_change_is_that_of_the_pull_request_alone(merged: Path) -> None:
    """Both names of a moved file, and nothing of what the base has got meanwhile."""
    assert changed_paths(merged) == ["docs/run.py", "twinserve/targets/run.py"]


def test_plan_reaches_the_later_jobs(merged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The jobs are an output in JSON, and a line for people."""
    output = merged / "output"
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    assert plan(merged).startswith("2 changed paths need: lint, model")
    assert output.read_text() == f"jobs={json.dumps(JOBS)}\n"


def test_shallow_checkout_is_refused_with_its_cure(tmp_path: Path) -> None:
    """Without the parent no plan is made, least of all an empty one."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("")
    commit(tmp_path, "only")
    with pytest.raises(UserError, match="fetch-depth: 2"):
        changed_paths(tmp_path)


def needs(due: object, **results: str) -> dict[str, object]:
    """GitHub's context of a job that needs the plan and these."""
    planned = {"result": "success", "outputs": {"jobs": json.dumps(due)}}
    return {"plan": planned, **{name: {"result": result} for name, result in results.items()}}


def test_green_is_what_was_due_and_nothing_else() -> None:
    """What was due has succeeded, the rest was skipped."""
    said = settle(needs(["lint", "model"], lint="success", model="success", engine="skipped"))
    assert said == "all that was due has succeeded: lint, model"


@pytest.mark.parametrize(
    ("context", "fault"),
    [
        (needs(["lint"], lint="failure"), "lint: failure"),
        (needs(["lint"], lint="cancelled"), "lint: cancelled"),
        (needs(["lint"], lint="skipped"), "lint: skipped, and success by the plan"),
        (needs(["lint", "engine"], lint="success"), "engine: missing"),
        (needs(["lint"], lint="success", engine="failure"), "engine: failure"),
        (needs(["lint"], lint="success", engine="success"), "engine: success, and skipped"),
        ({"plan": {"result": "failure", "outputs": {}}}, "plan: failure"),
        ({"lint": {"result": "success"}}, "plan: missing"),
    ],
)
def test_anything_else_is_red(context: Mapping[str, object], fault: str) -> None:
    """A planned job that failed, was cancelled, skipped or dropped; an unplanned one that ran."""
    with pytest.raises(UserError, match=fault):
        settle(context)


def test_commands_need_nothing_installed(merged: Path, tmp_path: Path) -> None:
    """Plan and verdict run under a Python without site-packages, from a copy of the base's code."""
    base = tmp_path / "base"
    shutil.copytree(ROOT / "twinserve", base / "twinserve")
    bare = [sys.executable, "-S", "-m", "twinserve", "review"]
    done = run([*bare, "plan", "--tree", str(merged)], cwd=base, env={"PATH": "/usr/bin:/bin"})
    assert (done.returncode, done.stderr) == (0, "")
    verdict = run(
        [*bare, "settle"],
        cwd=base,
        env={"NEEDS": json.dumps(needs(["lint"], lint="failure"))},
        code=1,
    )
    assert verdict.stderr == "error: lint: failure, and success by the plan\n"
    nothing = run([*bare, "settle"], cwd=base, env={})
    assert nothing.stderr == "error: NEEDS: give it GitHub's `toJSON(needs)`\n"


def test_every_planned_job_is_in_the_workflow() -> None:
    """`pr.yml` has the jobs that a plan names, each under its condition; `all-green` needs all."""
    jobs = read_files(texts_of()).workflows["pr.yml"]["jobs"]
    assert set(jobs) == {*JOBS, DATA, "plan", "all-green"}
    for name in (*JOBS, DATA):
        planned = f"contains(fromJSON(needs.plan.outputs.jobs), '{name}')"
        if name in READING:
            assert planned in jobs[name]["if"]
            assert f"needs.data.outputs.table != '{UNREADABLE}'" in jobs[name]["if"]
            assert jobs[name]["needs"] == ["plan", DATA]
        else:
            assert jobs[name]["if"] == planned
            assert jobs[name]["needs"] == "plan"
    assert set(jobs["all-green"]["needs"]) == {*JOBS, DATA, "plan"}


@pytest.mark.parametrize("name", ["data/table.csv.dvc", "pictures.dvc"])
def test_table_that_dvc_keeps_is_fetched_before_what_reads_it(merged: Path, name: str) -> None:
    """Where one is in the tree, and only for the jobs that read it."""
    path = merged / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("outs: []\n")
    assert f"need: {DATA}, lint, model" in plan(merged)
    commit(merged, "a source")
    (merged / "docs" / "page.md").write_text("")
    commit(merged, "prose")
    assert DATA not in plan(merged)


def unread(*due: str, **results: str) -> dict[str, object]:
    """The context of a run that could not read the table."""
    table = {"result": "success", "outputs": {"table": UNREADABLE}}
    return {**needs([DATA, *due], **results), DATA: table}


def test_fork_whose_table_cannot_be_read_is_green_by_what_it_could_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the line says what was not done; a job that could have run must have succeeded."""
    monkeypatch.setenv(WITHOUT_LOGIN, "true")
    said = settle(unread("lint", "model", lint="success", model="skipped"))
    assert said == (
        "all that was due has succeeded: data, lint; the model was not checked, since its table "
        "cannot be read here"
    )
    with pytest.raises(UserError, match="engine: failure"):
        settle(unread("engine", "model", engine="failure", model="skipped"))


@pytest.mark.parametrize("foreign", ["false", ""])
def test_table_must_be_read_where_there_is_a_login(
    foreign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull request of the same repository does not get by without it."""
    monkeypatch.setenv(WITHOUT_LOGIN, foreign)
    with pytest.raises(UserError, match="data: the table was not read"):
        settle(unread("model", model="skipped"))
