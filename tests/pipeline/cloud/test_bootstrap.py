"""Bootstrap makes a project and its repository ready, once or often, without a key."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.google import FakeGoogle, Instances
from tests.google.resources.permissions import ROLES
from tests.google.state import PROJECT
from tests.pipeline.cloud.repository import ID, NAME, OWNER_ID, GitHub, describe, make_fork
from tests.pipeline.releases.project import (
    BUILDER,
    DEPLOYER,
    READER,
    RENEWER,
    Project,
    make_tree,
)
from tests.tools import require

READING_CONDITION = (
    f"assertion.repository_id=='{ID}' && assertion.repository_owner_id=='{OWNER_ID}'"
)
CONDITION = (
    f"assertion.repository_id=='{ID}' && assertion.repository_owner_id=='{OWNER_ID}' && "
    "assertion.ref=='refs/heads/main' && "
    "!assertion.job_workflow_ref.contains('/.github/workflows/pr.yml@') && "
    "!assertion.job_workflow_ref.contains('/.github/workflows/full-check.yml@')"
)


@pytest.fixture
def empty(dist: Path, instances: Instances, tmp_path: Path) -> Iterator[Project]:
    """A project in which there is nothing yet, and a public repository."""
    require("gcloud")
    with FakeGoogle(tmp_path, instances=instances) as google:
        google.state.enabled.clear()
        google.state.github[NAME] = describe()
        yield Project(google, make_tree(dist, tmp_path / "tree"))


@pytest.fixture
def fork(tmp_path: Path) -> GitHub:
    """A fork, and gh."""
    return make_fork(tmp_path / "github")


def bootstrap(
    project: Project, github: GitHub | None = None, *options: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """The command, with gh where a repository is given."""
    environment = github.environment(project.google) if github else None
    words = ("--github", NAME, *options)
    return project.run("bootstrap", *words, environment=environment, code=code)


def test_bootstrap_makes_what_is_missing_and_nothing_twice(empty: Project) -> None:
    """The second run creates and grants nothing, and tells the same variables."""
    done = bootstrap(empty, None, "--json")
    assert done.stderr.startswith("[1/6] APIs of twin-project\n")
    state = empty.google.state
    assert "run.googleapis.com" in state.enabled
    assert {"ml-models"} == state.repositories.keys()
    assert len(state.buckets) == 3
    for bucket in state.buckets.values():
        sources, environments = bucket.resource["lifecycle"]["rule"]
        assert sources["condition"] == {"age": 1, "matchesPrefix": ["source/", "services/"]}
        assert environments["condition"] == {"age": 30, "matchesPrefix": ["environments/"]}
    assert len(state.accounts) == 5
    conditions = {
        name.split("/")[5]: provider["attributeCondition"]
        for name, provider in state.providers.items()
    }
    assert conditions == {"github": CONDITION, "github-reading": READING_CONDITION}
    said = json.loads(done.stdout)["variables"]
    assert said["DEPLOYER"] == "twinserve-deployer@twin-project.iam.gserviceaccount.com"
    assert said["RENEWER"] == RENEWER
    assert said["WORKLOAD_IDENTITY_PROVIDER"].endswith("/providers/github-actions")
    before = (set(state.accounts), set(state.pools), set(state.buckets))
    calls = len(empty.google.calls)
    again = bootstrap(empty, None, "--json")
    assert json.loads(again.stdout)["variables"] == said
    assert before == (set(state.accounts), set(state.pools), set(state.buckets))
    given = [call for call in empty.google.calls[calls:] if call.path.endswith("setIamPolicy")]
    assert not given


@pytest.mark.nightly
def test_bootstrap_grants_no_account_more_than_it_uses(empty: Project) -> None:
    """No owner, no editor, no key; the runtime account has no role at all."""
    bootstrap(empty)
    roles: dict[str, set[str]] = {}
    for policy in empty.google.state.policies.values():
        for binding in policy.bindings:
            for member in binding["members"]:
                roles.setdefault(member, set()).add(binding["role"])
    deployer = roles[f"serviceAccount:{DEPLOYER}"]
    assert not {"roles/owner", "roles/editor", "roles/iam.serviceAccountKeyAdmin"} & deployer
    # `monitor` reads the targets' logs.
    assert "roles/logging.viewer" in deployer
    assert roles[f"serviceAccount:{BUILDER}"] == {"roles/run.builder"}
    assert not [member for member in roles if "twinserve-runtime" in member]
    # It reads DVC's bucket, and nothing else.
    assert roles[f"serviceAccount:{READER}"] == {"roles/storage.objectViewer"}
    # It adds to that bucket, and can neither delete nor replace what is there.
    assert roles[f"serviceAccount:{RENEWER}"] == {
        "roles/storage.objectCreator",
        "roles/storage.objectViewer",
    }
    held = frozenset().union(*(ROLES[role] for role in roles[f"serviceAccount:{RENEWER}"]))
    assert "storage.objects.create" in held
    assert not {"storage.objects.delete", "storage.objects.update"} & held
    principals = [member for member in roles if member.startswith("principalSet://")]
    assert {name.split("/")[8] for name in principals} == {"github", "github-reading"}
    for principal in principals:
        assert principal.endswith(f"/attribute.repository_id/{ID}")
        assert roles[principal] == {"roles/iam.workloadIdentityUser"}
    assert not [call for call in empty.google.calls if call.path.endswith("/keys")]
    assert not [call for call in empty.google.calls if "/triggers" in call.path]


@pytest.mark.nightly
def test_another_repository_takes_the_first_ones_place(empty: Project) -> None:
    """Run again for another name, both providers let in that repository, and no more the first."""
    bootstrap(empty)
    empty.google.state.github["someone/else"] = describe("someone/else", 1, 2)
    empty.run("bootstrap", "--github", "someone/else")
    conditions = [each["attributeCondition"] for each in empty.google.state.providers.values()]
    assert len(conditions) == 2
    assert all("repository_id=='1'" in condition for condition in conditions)
    assert not any(str(ID) in condition for condition in conditions)


@pytest.mark.nightly
def test_what_is_not_known_everywhere_yet_is_waited_for(empty: Project) -> None:
    """APIs, accounts and roles that take seconds to be known: bootstrap says so and goes on."""
    empty.google.state.lag_s = 3.0
    done = bootstrap(empty)
    assert "not known everywhere yet (API disabled)" in done.stdout
    assert len(empty.google.state.accounts) == 5


def test_project_without_billing_is_a_line_that_says_so(empty: Project) -> None:
    """Nothing is made; the line names billing and where it is linked."""
    empty.google.state.billing = False
    done = bootstrap(empty, code=1)
    assert "Billing must be enabled" in done.stderr
    assert "https://console.cloud.google.com/billing/projects" in done.stderr


@pytest.mark.nightly
def test_repository_is_set_up_where_gh_is(empty: Project, fork: GitHub) -> None:
    """Variables, environment for main only, schedules, issues, the rule; the doctor is content."""
    done = bootstrap(empty, fork)
    state = fork.state
    assert state["variables"].keys() >= {"GOOGLE_CLOUD_PROJECT", "DEPLOYER"}
    assert state["variables"]["GOOGLE_CLOUD_PROJECT"] == PROJECT
    assert state["environments"]["production"]["branches"] == ["main"]
    assert {workflow["state"] for workflow in state["workflows"]} == {"active"}
    assert state["repository"]["has_issues"]
    (ruleset,) = state["rulesets"]
    assert ruleset["name"] == "All green"
    assert "fine    GitHub: someone/twin is as the workflows need it" in done.stdout
    assert "fine    renewal: off: " in done.stdout
    bootstrap(empty, fork)
    assert fork.state == state


@pytest.mark.nightly
def test_what_github_refuses_is_told_and_the_rest_is_done(empty: Project, fork: GitHub) -> None:
    """A plan without rules for private repositories costs the rule only."""
    fork.change(refused=["rulesets"])
    done = bootstrap(empty, fork)
    assert "not done: rule 'All green'" in done.stdout
    assert fork.state["environments"]["production"]["branches"] == ["main"]


def test_who_is_not_logged_in_at_github_is_told(empty: Project, fork: GitHub) -> None:
    """One line with the cure; nothing was made at Google."""
    fork.change(logged_in=False)
    done = bootstrap(empty, fork, code=1)
    assert "gh auth login" in done.stderr


def test_private_repository_cannot_be_named_without_gh(empty: Project) -> None:
    """GitHub shows nobody its id: the line says what to install."""
    empty.google.state.github.clear()
    done = bootstrap(empty, code=1)
    assert "GitHub shows no repository someone/twin" in done.stderr
    assert "gh auth login" in done.stderr


def test_repository_without_an_owner_is_refused(empty: Project) -> None:
    """The line says what is expected; nothing was called."""
    done = empty.run("bootstrap", "--github", "twin", code=1)
    assert "error: --github: expected OWNER/REPO, found 'twin'" in done.stderr
    assert not empty.google.calls


def test_dry_run_of_bootstrap_makes_nothing(empty: Project) -> None:
    """The commands are printed; the project stays empty."""
    empty.google.state.enabled |= {"run.googleapis.com"}
    done = bootstrap(empty, None, "--dry-run")
    assert "gcloud artifacts repositories create ml-models" in done.stdout
    assert not empty.google.state.buckets
    assert not empty.google.state.accounts
