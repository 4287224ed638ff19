"""Bootstrap makes a project ready, once or often, without a key."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.google import FakeGoogle, Instances
from tests.pipeline.project import Project, make_tree
from tests.tools import require

REPOSITORY = "someone/twin"


@pytest.fixture
def empty(dist: Path, instances: Instances, tmp_path: Path) -> Iterator[Project]:
    """A project in which there is nothing yet."""
    require("gcloud")
    with FakeGoogle(tmp_path, instances=instances) as google:
        google.state.enabled.clear()
        yield Project(google, make_tree(dist, tmp_path / "tree"))


def test_bootstrap_makes_what_is_missing_and_nothing_twice(empty: Project) -> None:
    """The second run creates nothing and tells the same variables."""
    done = empty.run("bootstrap", "--github", REPOSITORY, "--json")
    assert done.returncode == 0, done.stderr
    state = empty.google.state
    assert "run.googleapis.com" in state.enabled
    assert {"ml-models"} == state.repositories.keys()
    assert len(state.buckets) == 2
    assert len(state.accounts) == 2
    (provider,) = state.providers.values()
    condition = "assertion.repository=='someone/twin' && assertion.ref=='refs/heads/main'"
    assert provider["attributeCondition"] == condition
    said = json.loads(done.stdout)["variables"]
    assert said["DEPLOYER"] == "twinserve-deployer@twin-project.iam.gserviceaccount.com"
    assert said["WORKLOAD_IDENTITY_PROVIDER"].endswith("/providers/github-actions")
    before = (set(state.accounts), set(state.pools), set(state.buckets))
    again = empty.run("bootstrap", "--github", REPOSITORY, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["variables"] == said
    assert before == (set(state.accounts), set(state.pools), set(state.buckets))


def test_bootstrap_grants_the_deployer_no_more_than_it_uses(empty: Project) -> None:
    """No owner, no editor, no key; the runtime account has no role at all."""
    done = empty.run("bootstrap", "--github", REPOSITORY)
    assert done.returncode == 0, done.stderr
    roles: dict[str, set[str]] = {}
    for policy in empty.google.state.policies.values():
        for binding in policy.bindings:
            for member in binding["members"]:
                roles.setdefault(member, set()).add(binding["role"])
    deployer = "serviceAccount:twinserve-deployer@twin-project.iam.gserviceaccount.com"
    assert not {"roles/owner", "roles/editor", "roles/iam.serviceAccountKeyAdmin"} & roles[deployer]
    # `monitor` reads the targets' logs.
    assert "roles/logging.viewer" in roles[deployer]
    assert not [member for member in roles if "twinserve-runtime" in member]
    (principal,) = [member for member in roles if member.startswith("principalSet://")]
    assert principal.endswith(f"/attribute.repository/{REPOSITORY}")
    assert roles[principal] == {"roles/iam.workloadIdentityUser"}
    assert not [call for call in empty.google.calls if call.path.endswith("/keys")]
    assert not [call for call in empty.google.calls if "/triggers" in call.path]


def test_variables_are_set_where_gh_is(empty: Project, tmp_path: Path) -> None:
    """With gh on the PATH each variable is set in the repository."""
    log = tmp_path / "gh.log"
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    gh.chmod(0o755)
    path = f"{gh.parent}:{empty.google.environment['PATH']}"
    done = empty.run("bootstrap", "--github", REPOSITORY, environment={"PATH": path})
    assert done.returncode == 0, done.stderr
    assert "variable set DEPLOYER --body twinserve-deployer@" in log.read_text()
    assert log.read_text().count(f"--repo {REPOSITORY}") == 4
    gh.write_text("#!/bin/sh\necho not logged in >&2\nexit 4\n")
    failed = empty.run("bootstrap", "--github", REPOSITORY, environment={"PATH": path})
    assert failed.returncode == 1
    assert "gh could not set GOOGLE_CLOUD_PROJECT: not logged in" in failed.stderr


def test_repository_without_an_owner_is_refused(empty: Project) -> None:
    """The line says what is expected; nothing was called."""
    done = empty.run("bootstrap", "--github", "twin")
    assert done.returncode == 1
    assert "error: --github: expected OWNER/REPO, found 'twin'" in done.stderr
    assert not empty.google.calls


def test_dry_run_of_bootstrap_makes_nothing(empty: Project) -> None:
    """The commands are printed; the project stays empty."""
    empty.google.state.enabled |= {"run.googleapis.com"}
    done = empty.run("bootstrap", "--github", REPOSITORY, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "gcloud artifacts repositories create ml-models" in done.stdout
    assert not empty.google.state.buckets
    assert not empty.google.state.accounts
