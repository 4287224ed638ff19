"""The files under ``.github``, held to their schemas, to linters, and to what they are meant to do.

What act does not know stands here: branches, permissions, environments, concurrency, pins.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipeline.builds.build_rules import build_faults
from tests.pipeline.builds.cloud_build import read
from tests.pipeline.mutation import survey
from tests.pipeline.workflows import commands
from tests.pipeline.workflows.act import lay_out
from tests.pipeline.workflows.workflow_files import Files, read_files, texts_of
from tests.pipeline.workflows.workflow_rules import faults
from tests.tools import require, run
from tests.tree import ROOT

BIN = Path(sys.executable).parent


@pytest.fixture
def files() -> Files:
    """The files of this tree."""
    return read_files(texts_of())


def test_files_keep_every_rule(files: Files) -> None:
    """Schemas, policy, limits, pins, inputs, commands, variables, references: no fault."""
    assert faults(files) == []
    assert build_faults(read(ROOT / "cloudbuild.yaml")) == []


@pytest.mark.nightly
def test_most_mutants_are_caught_and_the_rest_explained(
    sweep: Callable[[int], range],
    show: Callable[[str, str], None],
) -> None:
    """Of all small changes, one at a time over every line, nine in ten at the least are noticed."""
    numbers = sweep(survey.ALL.stop)
    result = survey.survey(numbers)
    show("mutants", survey.table(result))
    assert len(result.all) > 1000 // numbers.step
    assert result.share >= 0.9
    assert [str(mutant) for mutant in result.survivors if survey.reason(mutant) is None] == []


def test_linters_are_content() -> None:
    """The pedantic persona of zizmor, and GitHub's schemas, by the command that a person runs."""
    make = require("make")
    done = run([make, "--silent", "lint-workflows"], cwd=ROOT, code=0)
    assert "No findings to report" in done.stdout


def test_two_findings_are_ignored_and_say_why(files: Files) -> None:
    """The trigger that may write, and an image whose digest another job reads; justified above."""
    ignores = [
        (name, line)
        for name, text in files.texts.items()
        for line in text.splitlines()
        if "zizmor: ignore" in line
    ]
    places = [(name.rpartition("/")[2], line.split(":")[0].strip()) for name, line in ignores]
    assert places == [("nightly.yml", "image"), ("pr-comment.yml", "workflow_run")]
    for name, line in ignores:
        before = files.texts[name].split(line)[0].rstrip().splitlines()[-1]
        assert before.strip().startswith("#")
    assert not list(ROOT.glob("*zizmor*")) + list((ROOT / ".github").glob("*zizmor*"))


def test_act_knows_every_key(tmp_path: Path) -> None:
    """A second reader of the files, strict about what it does not know."""
    workflows = lay_out(tmp_path)
    run(
        [str(BIN / "act"), "--validate", "--strict", "--workflows", ".github/workflows"],
        cwd=workflows.tree,
        env={**workflows.stand_ins.environment(workflows.tree), "HOME": str(tmp_path)},
        code=0,
    )


def test_few_jobs_may_write(files: Files) -> None:
    """Whoever may write to pull requests, or push, checks out nothing of a pull request."""
    writers = {
        job.where: sorted(key for key, value in job.raw["permissions"].items() if value == "write")
        for job in files.jobs
        if "write" in job.raw["permissions"].values()
    }
    assert writers == {
        "pr-comment.yml: comment": ["pull-requests"],
        "pr.yml: container": ["id-token"],
        "pr.yml: data": ["id-token"],
        "pr.yml: model": ["id-token"],
        "pr.yml: review": ["id-token"],
        "full-check.yml: model": ["id-token"],
        "nightly.yml: everything": ["id-token"],
        "nightly.yml: machine": ["id-token"],
        "nightly.yml: model": ["attestations", "id-token", "issues"],
        "deploy.yml: verify": ["id-token"],
        "deploy.yml: build": ["attestations", "id-token"],
        "deploy.yml: release": ["id-token"],
        "deploy.yml: describe": ["attestations", "id-token"],
        "deploy.yml: tag": ["contents"],
        "deploy.yml: measure": ["id-token"],
        "measure.yml: measure": ["id-token"],
        "monitor.yml: monitor": ["actions", "id-token", "issues"],
        "nightly.yml: audit": ["actions", "issues"],
        "renew.yml: checks": ["id-token"],
        "renew.yml: merge": ["actions", "contents", "pull-requests"],
        "renew.yml: rows": ["id-token"],
        "renew.yml: open": ["contents", "id-token", "issues", "pull-requests"],
        "renew.yml: tell": ["pull-requests", "statuses"],
        "rollback.yml: rollback": ["id-token"],
    }
    assert "pull_request_target" not in "".join(files.texts.values())


def test_who_may_log_in_is_in_the_environment(files: Files) -> None:
    """Who becomes the deployer is of ``production``; others read, sign, or add to DVC's bucket."""
    for job in files.jobs:
        if "uses" in job.raw or "id-token" not in job.raw["permissions"]:
            continue
        logins = [
            step.inputs["service_account"]
            for step in job.steps
            if step.action == "google-github-actions/auth"
        ]
        if "${{ vars.DEPLOYER }}" in logins:
            assert job.raw["environment"] == "production", job.where
        else:
            assert "environment" not in job.raw, job.where
            lesser = logins in (["${{ vars.READER }}"], ["${{ vars.RENEWER }}"])
            assert lesser or job.raw["permissions"]["attestations"] == "write", job.where


def test_caller_and_called_never_wait_for_each_other(files: Files) -> None:
    """A reusable workflow has another concurrency group than whoever calls it."""
    groups = {name: workflow["concurrency"]["group"] for name, workflow in files.workflows.items()}
    for job in files.jobs:
        if "uses" in job.raw:
            called = job.raw["uses"].rpartition("/")[2]
            assert groups[called] != groups[job.workflow]


def test_release_is_never_lost_and_a_rollback_never_waits(files: Files) -> None:
    """Releases queue, and none that waits is dropped; a rollback shares no group with them.

    Source: GitHub's changelog of 7 May 2026: without ``queue: max`` a newer run cancels the one
    that waits; with it up to 100 wait, and go in the order in which they came.
    """
    jobs = {job.id: job.raw for job in files.jobs if job.workflow == "deploy.yml"}
    queued = jobs["release"]["concurrency"]
    assert queued == {"group": "release", "cancel-in-progress": False, "queue": "max"}
    assert [name for name, job in jobs.items() if "concurrency" in job] == ["release"]
    rollback = files.workflows["rollback.yml"]["concurrency"]
    assert rollback["group"] not in {
        queued["group"],
        files.workflows["deploy.yml"]["concurrency"]["group"],
    }
    # Of two pushes neither waits to be verified and built, so neither is cancelled meanwhile.
    assert "github.sha" in files.workflows["deploy.yml"]["concurrency"]["group"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("make lint", None),
        ("make lints", "make has no target"),
        ("make lint test", "make has no target"),
        (".venv/bin/twinserve repro --locked", None),
        (".venv/bin/twinserve repro --lokced", "unrecognized arguments: --lokced"),
        (".venv/bin/twinserve deploy", "there is no command deploy"),
        (".venv/bin/twinserve review collect --base .base", "required: --output"),
        (".venv/bin/twinserve elsewhere", "there is no command elsewhere"),
        ("curl https://example.com", "curl is not the project's"),
    ],
)
def test_command_that_the_project_lacks_is_found(line: str, fault: str | None) -> None:
    """Targets, commands and options are looked up where they are defined."""
    lack = commands.fault(line)
    assert lack is None if fault is None else fault in str(lack)
