"""Deployment, executed by act, with what goes wrong.

The project's own commands are played here (``stand_ins.py``), since each is tested for itself and
some take minutes; what is real is everything that stands in the workflow files.
"""

import pytest

from tests.pipeline.workflows import events
from tests.pipeline.workflows.act import Run, Workflows
from tests.pipeline.workflows.project_runs import LOGGED_IN, MEASURED, MEASUREMENT, PROJECT, of_job
from tests.pipeline.workflows.stand_ins import Rule, failing
from tests.renewed import GCLOUD

IMAGE = "us-central1-docker.pkg.dev/a-project/ml-models/fastapi-ml-service"
DIGEST = f"sha256:{'1' * 64}"
SUBMITTED: Rule = {
    "call": "twinserve submit",
    "files": {
        "$GITHUB_OUTPUT": f"image={IMAGE}\ndigest={DIGEST}\nfunction=reports/function.tar.gz\n",
        "reports/function.tar.gz": "",
    },
}
REPRODUCED: Rule = {
    "call": "twinserve repro",
    "files": {"models/served/model.so": "", "models/model.pkl": ""},
}
LISTED: Rule = {"call": "make sbom", "files": {"reports/sbom.json": "{}"}}
RELEASED = (SUBMITTED, REPRODUCED, LISTED)
SHOWN: Rule = {"call": "twinserve status", "prints": "both in step\n"}


def push(workflows: Workflows, *rules: Rule, private: bool = False, **variables: str) -> Run:
    """A push to main of a repository that has a project."""
    return workflows.run(
        "deploy.yml",
        "push",
        events.push(private=private),
        rules=[*rules, *RELEASED, SHOWN, *MEASURED],
        variables=PROJECT | variables,
    )


def test_push_deploys_and_measures(workflows: Workflows) -> None:
    """Tested beside being built; built, attested, released, measured: in that order."""
    run = push(workflows)
    assert run.succeeded, run.output
    assert run.jobs == dict.fromkeys(
        ("verify", "build", "release", "describe", "measure", "switches"), "success"
    )
    assert of_job(run, "verify") == ["make test-model"]
    assert of_job(run, "build") == [
        "twinserve tag --check",
        LOGGED_IN,
        f"setup-gcloud {GCLOUD}",
        "twinserve repro --pull --locked --push",
        "twinserve submit --untested",
        f"attest  {IMAGE} {DIGEST} ",
        "attest reports/function.tar.gz   ",
    ]
    assert of_job(run, "release") == [
        LOGGED_IN,
        f"setup-gcloud {GCLOUD}",
        "twinserve release --from-build",
        "twinserve status",
    ]
    assert of_job(run, "describe") == [
        "twinserve repro --locked",
        "attest models/**/model.*   ",
        "make sbom",
        f"attest  {IMAGE} {DIGEST} reports/sbom.json",
    ]
    assert of_job(run, "measure") == [*MEASUREMENT]
    (released,) = [call for call in run.calls if "release" in call.words]
    assert released.environment["ATTESTED"] == "true"
    assert released.environment["GH_TOKEN"]
    assert "a table" in run.summary
    assert "both in step" in run.summary
    assert "Not signed" not in run.summary


@pytest.mark.nightly
def test_promoted_model_is_tagged_where_the_setting_says_so(workflows: Workflows) -> None:
    """Only then does the one job run that may write to the repository; after the promotion."""
    to_write: Rule = {"call": "twinserve tag --check", "files": {"$GITHUB_OUTPUT": "tag=true\n"}}
    run = push(workflows, to_write)
    assert run.succeeded, run.output
    assert of_job(run, "tag") == ["twinserve tag"]
    lines = run.lines()
    assert lines.index("twinserve release --from-build") < lines.index("twinserve tag")
    assert "tag" not in push(workflows, to_write, failing("twinserve release")).jobs


def test_version_that_its_tag_would_not_match_is_not_built(workflows: Workflows) -> None:
    """Nothing is reproduced, submitted or released."""
    run = push(workflows, failing("twinserve tag --check"))
    assert run.jobs["build"] == "failure"
    assert of_job(run, "build") == ["twinserve tag --check"]
    assert not {"release", "tag"} & set(run.jobs)


def test_private_repository_is_released_unsigned_and_told_so(workflows: Workflows) -> None:
    """Where GitHub cannot sign, nothing is attested; the release knows, and all goes on."""
    run = push(workflows, private=True)
    assert run.succeeded, run.output
    assert run.jobs == dict.fromkeys(
        ("verify", "build", "release", "measure", "switches"), "success"
    )
    assert not [line for line in run.lines() if line.startswith("attest")]
    (released,) = [call for call in run.calls if "release" in call.words]
    assert released.environment["ATTESTED"] == "false"
    assert "Not signed" in run.summary


@pytest.mark.nightly
def test_private_repository_whose_plan_signs_says_so_by_a_variable(workflows: Workflows) -> None:
    """On Enterprise Cloud a variable has private repositories attested as public ones are."""
    run = push(workflows, private=True, ATTESTATIONS="true")
    assert run.succeeded, run.output
    assert len([line for line in run.lines() if line.startswith("attest")]) == 4
    (released,) = [call for call in run.calls if "release" in call.words]
    assert released.environment["ATTESTED"] == "true"


def test_nothing_is_released_that_fails_to_verify(workflows: Workflows) -> None:
    """The image that was built meanwhile gets no traffic, and nothing is measured."""
    run = push(workflows, failing("make test-model"))
    assert not run.succeeded
    assert run.jobs["verify"] == "failure"
    assert run.jobs["build"] == "success"
    assert not {"release", "measure"} & set(run.jobs)


@pytest.mark.parametrize(
    ("call", "job"),
    [
        *(
            pytest.param(call, "build", marks=pytest.mark.nightly)
            for call in ("auth", "twinserve submit", "attest reports/function")
        ),
        (f"attest  {IMAGE} {DIGEST}", "build"),
        ("twinserve release", "release"),
    ],
)
def test_nothing_goes_on_after_a_failure(workflows: Workflows, call: str, job: str) -> None:
    """What could not be built or signed is not released; what was not released is not measured."""
    run = push(workflows, failing(call))
    assert not run.succeeded
    assert run.jobs[job] == "failure"
    assert "measure" not in run.jobs
    assert ("release" in run.jobs) is (job == "release")


def test_model_that_is_not_what_was_built_is_not_attested(workflows: Workflows) -> None:
    """Reproduction that differs from the lock signs nothing of it, and is red."""
    run = push(workflows, failing("twinserve repro --locked"))
    assert run.jobs["describe"] == "failure"
    assert of_job(run, "describe") == ["twinserve repro --locked"]


def test_failed_release_shows_what_serves(workflows: Workflows) -> None:
    """Whoever looks at a red release sees where things stand."""
    run = push(workflows, failing("twinserve release"))
    assert run.jobs["release"] == "failure"
    assert "both in step" in run.summary


def test_fork_without_a_project_verifies_and_deploys_nowhere(workflows: Workflows) -> None:
    """Where no project is set, main is tested all the same, and the summary says what is off."""
    told: Rule = {"call": "twinserve schedules", "prints": "- No Google Cloud project is named\n"}
    run = workflows.run("deploy.yml", "push", events.push(), rules=[told, *RELEASED, *MEASURED])
    assert run.succeeded
    assert run.jobs == {"verify": "success", "switches": "success"}
    assert not [line for line in run.lines() if line.startswith("twinserve")]
    assert run.summary.strip() == "- No Google Cloud project is named"
