"""The doctor: a healthy project is fine; whatever would stop a push is a line with its cure."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.google.api import timestamp
from tests.google.buckets import Bucket
from tests.google.state import PROJECT, PROJECT_NUMBER, REGION, Repository
from tests.pipeline.cloud.locked_index import serve_locked
from tests.pipeline.cloud.repository import ID, NAME, OWNER_ID, GitHub, make_fork
from tests.pipeline.releases.project import BUILDER, DEPLOYER, Project
from tests.renewal.shown import hold, shown
from twinserve.delivery.cloud import federation
from twinserve.delivery.cloud.apis import APIS
from twinserve.delivery.cloud.grants import of_repository
from twinserve.delivery.names import data_bucket, releases_bucket, sources_bucket
from twinserve.targets.github.api import Identity

IDENTITY = Identity(ID, OWNER_ID)
Break = Callable[[Project, GitHub], None]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """An index that stands by all that is locked, by the variables that name it."""
    with serve_locked(tmp_path_factory.mktemp("uv")) as variables:
        yield variables


@pytest.fixture
def github(project: Project, index: Mapping[str, str], tmp_path: Path) -> GitHub:
    """A project and its repository as bootstrap leaves them."""
    project.google.environment.update(index)
    state = project.google.state
    state.enabled |= set(APIS)
    state.repositories["ml-models"] = Repository("ml-models", {"format": "DOCKER"})
    for name in (data_bucket(PROJECT), releases_bucket(PROJECT), sources_bucket(PROJECT, REGION)):
        state.buckets.setdefault(name, Bucket(name, {"timeCreated": timestamp()}))
    for wanted in (federation.provider_for(IDENTITY), federation.reading_provider_for(IDENTITY)):
        pool = federation.pool_path(PROJECT_NUMBER, wanted.pool)
        state.pools[pool] = {"name": pool, "state": "ACTIVE"}
        state.providers[f"{pool}/providers/{wanted.name}"] = {
            "state": "ACTIVE",
            "oidc": {"issuerUri": wanted.issuer},
            "attributeMapping": dict(wanted.mapping),
            "attributeCondition": wanted.condition,
        }
    for entrance in of_repository(project.cloud(), PROJECT_NUMBER, IDENTITY):
        binding = {"role": entrance.role, "members": [entrance.member]}
        state.policy(f"serviceAccounts/{entrance.resource}").bindings.append(binding)
    fork = make_fork(tmp_path / "github")
    cloud = project.cloud()
    workflows = [{**workflow, "state": "active"} for workflow in fork.state["workflows"]]
    policy = {"protected_branches": False, "custom_branch_policies": True}
    check = {"required_status_checks": [{"context": "All green"}]}
    fork.change(
        workflows=workflows,
        repository={**fork.state["repository"], "has_issues": True},
        variables=federation.variables(
            PROJECT,
            REGION,
            PROJECT_NUMBER,
            federation.Accounts(DEPLOYER, cloud.reader, cloud.renewer),
        ),
        environments={"production": {"policy": policy, "branches": ["main"]}},
        rulesets=[{"rules": [{"type": "required_status_checks", "parameters": check}]}],
    )
    return fork


def doctor(
    project: Project, github: GitHub, *options: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """The command, with gh at hand."""
    environment = github.environment(project.google)
    return project.run("doctor", "--github", NAME, *options, environment=environment, code=code)


def test_healthy_project_is_told_fine(project: Project, github: GitHub) -> None:
    """Each line begins with fine; exit code 0; nothing was changed at Google."""
    done = doctor(project, github)
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines[:-1]} == {"fine"}, done.stdout
    assert lines[-1] == "nothing that can be asked for would stop a push"
    (typed,) = shown("fork")
    hold(typed, done.stdout)
    subjects = {line.split(":")[0].removeprefix("fine").strip() for line in lines[:-1]}
    assert subjects >= {
        "billing",
        "APIs",
        "accounts",
        "roles",
        "provider",
        "build quota",
        "GitHub",
        "support",
        "packages",
        "renewal",
    }
    asked = [call for call in project.changes() if "getIamPolicy" not in call]
    assert not asked


def no_billing(project: Project, _: GitHub) -> None:
    project.google.state.billing = False


def api_off(project: Project, _: GitHub) -> None:
    project.google.state.enabled.discard("sts.googleapis.com")


def builder_without_its_role(project: Project, _: GitHub) -> None:
    policy = project.google.state.policy(f"projects/{PROJECT}")
    policy.bindings = [
        binding for binding in policy.bindings if binding["role"] != "roles/run.builder"
    ]


def account_switched_off(project: Project, _: GitHub) -> None:
    project.google.state.accounts[BUILDER]["disabled"] = True


def other_repository_is_let_in(project: Project, _: GitHub) -> None:
    for name, provider in project.google.state.providers.items():
        if "/github/" in name:
            provider["attributeCondition"] = "assertion.repository=='someone/before'"


def small_quota(project: Project, _: GitHub) -> None:
    project.google.state.build_cpus = 2


def tokens_of_github_forbidden(project: Project, _: GitHub) -> None:
    rules = [{"values": {"allowedValues": ["https://idp.example.com"]}}]
    project.google.state.constraints["iam.workloadIdentityPoolProviders"] = rules


def region_forbidden(project: Project, _: GitHub) -> None:
    rules = [{"values": {"allowedValues": ["europe-west1"]}}]
    project.google.state.constraints["gcp.resourceLocations"] = rules


def bucket_gone(project: Project, _: GitHub) -> None:
    del project.google.state.buckets[releases_bucket(PROJECT)]


def variables_of_another_project(_: Project, github: GitHub) -> None:
    variables = {**github.state["variables"], "GOOGLE_CLOUD_PROJECT": "another"}
    github.change(variables=variables)


def no_variables(_: Project, github: GitHub) -> None:
    github.change(variables={})


def actions_off(_: Project, github: GitHub) -> None:
    github.change(permissions={"enabled": False})


def workflows_never_enabled(_: Project, github: GitHub) -> None:
    github.change(workflows=[])


def environment_of_another_branch(_: Project, github: GitHub) -> None:
    policy = {"protected_branches": False, "custom_branch_policies": True}
    github.change(environments={"production": {"policy": policy, "branches": ["release/*"]}})


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("breaks", "line"),
    [
        (no_billing, "stop    billing: no billing account is linked Fix: link a billing"),
        (
            api_off,
            "stop    APIs: off: sts.googleapis.com Fix: twinserve bootstrap",
        ),
        (
            builder_without_its_role,
            f"stop    roles: missing {BUILDER}: roles/run.builder on {PROJECT} Fix: ",
        ),
        (account_switched_off, f"stop    accounts: {BUILDER} is switched off Fix: gcloud"),
        (
            other_repository_is_let_in,
            "stop    provider: it lets in another repository, branch or workflow",
        ),
        (
            small_quota,
            "stop    build quota: 2 CPUs in us-central1, but a push builds with 4 at once",
        ),
        (tokens_of_github_forbidden, "stop    iam.workloadIdentityPoolProviders: GitHub's tokens"),
        (region_forbidden, "stop    gcp.resourceLocations: allows only europe-west1; us-central1"),
        (bucket_gone, f"stop    names: bucket {releases_bucket(PROJECT)} does not exist"),
        (variables_of_another_project, "stop    variables: of another project or account: GOOGLE_"),
        (no_variables, "stop    variables: not set: GOOGLE_CLOUD_PROJECT, "),
        (actions_off, "stop    Actions: switched off Fix: Settings, Actions, General"),
        (workflows_never_enabled, "stop    workflows: GitHub knows no deploy.yml: a fork's workfl"),
        (environment_of_another_branch, "stop    environment production: it is for release/*, no"),
    ],
)
def test_what_would_stop_a_push_is_a_line_with_its_cure(
    project: Project, github: GitHub, breaks: Break, line: str
) -> None:
    """One thing is broken: one line stops, it names the cure, and the exit code is 1."""
    breaks(project, github)
    done = doctor(project, github, code=1)
    stops = [told for told in done.stdout.splitlines() if told.startswith("stop")]
    assert [stop for stop in stops if stop.startswith(line) and " Fix: " in stop], done.stdout
    assert done.stdout.splitlines()[-1].startswith("something would stop a push")


@pytest.mark.nightly
def test_fork_as_github_makes_it_loses_schedules_and_issues(
    project: Project, github: GitHub
) -> None:
    """Neither stops a push, and both are told with the command that switches them on."""
    workflows = github.state["workflows"]
    for workflow in workflows:
        if workflow["name"] in {"measure", "monitor"}:
            workflow["state"] = "disabled_fork"
    github.change(
        workflows=workflows, repository={**github.state["repository"], "has_issues": False}
    )
    done = doctor(project, github)
    assert "warning workflows: measure.yml is disabled_fork Fix: gh workflow" in done.stdout
    assert "warning issues: issues are off, as in every fork" in done.stdout


@pytest.mark.nightly
def test_renewals_that_could_do_too_much_or_too_little_are_told(
    project: Project, github: GitHub
) -> None:
    """The account that may delete; the variable, and the right to merge, that are not there."""
    member = f"serviceAccount:{project.cloud().renewer}"
    binding = {"role": "roles/storage.objectAdmin", "members": [member]}
    project.google.state.policy(f"buckets/{data_bucket(PROJECT)}").bindings.append(binding)
    variables = {**github.state["variables"], "RENEWAL": "true", "RENEWAL_APP": "Iv1.a"}
    del variables["RENEWER"]
    github.change(variables=variables)
    params = project.tree / "params.yaml"
    params.write_text(params.read_text() + "\nrenewal: {merge: [packages]}\n")
    done = doctor(project, github)
    lines = done.stdout
    assert "has roles/storage.objectAdmin on gs://twin-project-twinserve-dvc: a renewal" in lines
    assert "warning variables: not set: RENEWER; a renewal adds no rows to DVC's bucket" in lines
    assert "warning renewal: renewal.merge names packages, but GitHub may merge nothing" in lines


@pytest.mark.nightly
def test_endpoints_that_cannot_be_public_are_told_beforehand(
    project: Project, github: GitHub
) -> None:
    """Domain-restricted sharing leaves the way without a check; with that forbidden too, none."""
    rules = [{"values": {"allowedValues": ["is:C03xgje4y"]}}]
    constraints = project.google.state.constraints
    constraints["iam.allowedPolicyMemberDomains"] = rules
    done = doctor(project, github)
    assert "will be public: Cloud Run asks nobody who calls (iam.allowedPolicyMember" in done.stdout
    constraints["run.managed.requireInvokerIam"] = [{"enforce": True}]
    done = doctor(project, github)
    assert "warning access: fastapi-ml-service and predict-ml will be private" in done.stdout


@pytest.mark.nightly
def test_trial_deploys_and_deletes(project: Project, github: GitHub) -> None:
    """A function is built as the build account, asked, and gone again; so for programs too."""
    done = doctor(project, github, "--try", "--json")
    findings = json.loads(done.stdout)["findings"]
    assert findings[-1]["subject"] == "trial"
    assert findings[-1]["weight"] == "fine"
    assert not project.google.state.services
    (build,) = project.google.state.builds.values()
    assert build["serviceAccount"].endswith(f"/serviceAccounts/{BUILDER}")


@pytest.mark.nightly
def test_trial_finds_a_builder_that_may_not_build(project: Project, github: GitHub) -> None:
    """What Google says is the line; no service is left behind."""
    builder_without_its_role(project, github)
    done = doctor(project, github, "--try", code=1)
    assert "stop    trial: " in done.stdout
    assert "does not have storage.objects.get access" in done.stdout
    assert not project.google.state.services
