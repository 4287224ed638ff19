"""A release goes out on both targets or on neither, by the real gcloud against the fake."""

import json
import re

import pytest

from tests.pipeline.releases.candidates import golden_only
from tests.pipeline.releases.project import FUNCTION, SERVICE, Project
from twinserve.contract.calls import HttpCaller
from twinserve.contract.check import CheckError
from twinserve.delivery.release.transaction import release
from twinserve.targets.google.access import status_without_token


def edit(project: Project, old: str, new: str, *, count: int = -1) -> None:
    """Change params.yaml."""
    path = project.tree / "params.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))


def test_first_and_second_release_answer_at_both_urls(project: Project) -> None:
    """Each ends with all traffic of both on it, a record, no tag and no lock; the first is said."""
    first = project.bundle("v1.0")
    done = project.run("release", "--json")
    assert json.loads(done.stdout) == {"release": first.name, "changed": True}
    assert "its first revision cannot be without traffic" in done.stderr
    assert project.releases() == {SERVICE: {first.name}, FUNCTION: {first.name}}
    second = project.bundle("v1.1")
    done = project.run("release")
    assert "cases of the contract passed" in done.stdout
    assert "first revision" not in done.stdout
    assert project.releases() == {SERVICE: {second.name}, FUNCTION: {second.name}}
    assert project.leftovers() == set()
    record = json.loads(project.objects()[f"releases/{second.name}.json"])
    assert record["bundle"] == second.bundle
    for target, service in (("service", SERVICE), ("function", FUNCTION)):
        known = project.google.state.services[service]
        assert known.serving() == {record["revisions"][target]: 100}
        assert record["digests"][target].startswith("sha256:")
    url = project.google.state.services[SERVICE].url
    shown = json.loads(HttpCaller(url).call("GET", "/model").body)["release"]
    assert shown["name"] == second.name
    assert shown["bundle"] == second.bundle


@pytest.mark.nightly
def test_candidate_gets_traffic_only_after_its_check(project: Project) -> None:
    """While the candidates are checked, everyone is still answered by the release before."""
    first = project.release("v1.0")
    second = project.bundle("v1.1")
    seen = []

    def look(*arguments: object) -> None:
        golden_only(*arguments)  # type: ignore[arg-type]
        seen.append((project.releases(), project.tags()))

    release(project.cloud(), second, check=look)
    assert seen == [({SERVICE: {first.name}, FUNCTION: {first.name}}, {"candidate"})]


@pytest.mark.nightly
def test_what_serves_already_is_not_deployed_again(project: Project) -> None:
    """A second release of the same moves nothing; another size is a new revision of it."""
    first = project.release("v1.0")
    before = project.serving()
    done = project.run("release")
    assert "nothing to do" in done.stdout
    assert project.serving() == before
    edit(project, "memory: 512Mi\n", "memory: 1Gi\n", count=1)
    project.release("v1.0")
    after = project.serving()
    assert after[SERVICE] != before[SERVICE]
    assert after[FUNCTION] == before[FUNCTION]
    assert project.releases() == {SERVICE: {first.name}, FUNCTION: {first.name}}


@pytest.mark.nightly
def test_function_that_fails_its_check_keeps_both_back(project: Project) -> None:
    """Wrong answers of one candidate: exit code 4, the failing case, and traffic as it was."""
    project.release("v1.0")
    before = project.serving()
    project.bundle("v1.1")
    with project.google.start_fault(FUNCTION, "wrong-answers"):
        done = project.run("release", code=4)
    assert re.search(r"error: \d+ cases of the contract fail", done.stderr)
    assert "Traceback" not in done.stderr.partition("error: ")[2]
    assert project.serving() == before
    assert project.leftovers() == set()


def test_first_release_that_fails_its_check_leaves_nothing(project: Project) -> None:
    """Services that were not there before are deleted again."""
    identity = project.bundle("v1.0")
    with (
        project.google.start_fault(FUNCTION, "wrong-answers"),
        pytest.raises(CheckError),
    ):
        release(project.cloud(), identity, check=_not_patient)
    assert project.serving() == {}
    assert {name.partition("/")[0] for name in project.objects()} == {"builds", "functions"}


def _not_patient(*_: object) -> None:
    raise CheckError("the candidate is wrong")


@pytest.mark.nightly
def test_slow_candidate_is_kept_back(project: Project) -> None:
    """A warm p99 over deployment.check.warm_p99_ms names the figure and the limit."""
    project.release("v1.0")
    before = project.serving()
    project.bundle("v1.1")
    edit(
        project,
        "    warm_rate: 50\n    warm_p99_ms: 60000",
        "    warm_rate: 50\n    warm_p99_ms: 0.001",
    )
    done = project.run("release", code=4)
    assert "over deployment.check.warm_p99_ms (0.001)" in done.stderr
    assert project.serving() == before


def test_dry_run_prints_every_command_and_changes_nothing(project: Project) -> None:
    """The commands are gcloud's own, whole; the project is as it was."""
    project.bundle("v1.0")
    before = project.objects()
    calls = len(project.changes())
    done = project.run("release", "--dry-run")
    printed = [line.split()[:4] for line in done.stdout.splitlines() if line.startswith("  gcloud")]
    deploys = [line for line in printed if line[1:3] == ["run", "deploy"]]
    assert [line[3] for line in deploys] == [SERVICE, FUNCTION]
    assert ["gcloud", "run", "services", "update-traffic"] in printed
    assert project.objects() == before
    assert project.serving() == {}
    assert len(project.changes()) == calls


@pytest.mark.nightly
def test_private_endpoints_are_checked_with_a_token(project: Project) -> None:
    """Nobody gets past Google's 403 without one; the contract is held with one."""
    edit(project, "public: true", "public: false")
    project.bundle("v1.0")
    done = project.run("release")
    assert "cases of the contract passed" in done.stdout
    for service in project.google.state.services.values():
        assert status_without_token(service.url) == 403


@pytest.mark.nightly
def test_access_follows_the_parameter(project: Project) -> None:
    """`public: false` on what was public closes it, and back, once the release has the traffic."""
    project.release("v1.0")
    edit(project, "public: true", "public: false", count=1)
    project.release("v1.1")
    url = project.google.state.services[SERVICE].url
    assert status_without_token(url) == 403
    edit(project, "public: false", "public: true", count=1)
    project.release("v1.2")
    assert status_without_token(url) == 200
