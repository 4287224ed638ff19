"""`submit`: one build as the deployer, then what serves is told to a workflow's later steps."""

import argparse
import shlex
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from config.errors import UserError
from config.params import load_params
from delivery import submit
from delivery.cloud import Cloud
from targets.gcloud import Gcloud

IMAGE = "us-central1-docker.pkg.dev/a-project/ml-models/fastapi-ml-service"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that would change something, as gcloud would get them."""
    commands: list[str] = []
    monkeypatch.setattr(
        "targets.gcloud.run_gcloud",
        lambda words, *_, **__: _keep(commands, words),
    )
    monkeypatch.setattr(submit, "read_services", lambda *_: {})
    monkeypatch.setattr(submit, "release_of", lambda *_: "v1.0-0123456789ab")
    monkeypatch.setattr(submit, "read_image", lambda *_: f"{IMAGE}@sha256:{'1' * 64}")
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    return commands


def _keep(commands: list[str], words: list[str]) -> str:
    commands.append(shlex.join(words))
    return ""


def cloud(**options: Any) -> Cloud:  # noqa: ANN401 - Gcloud's own
    return Cloud(Gcloud("a-project", **options), load_params(), Console(), as_json=False)


def test_build_runs_as_the_deployer_with_the_commit(sent: list[str]) -> None:
    """The file, the region, the commit, the account, and a bucket that the account may write."""
    submit.submit(cloud(), "c" * 40)
    (command,) = sent
    assert command.startswith("builds submit . --config=cloudbuild.yaml --region=us-central1 ")
    words = shlex.split(command)
    account = "twinserve-deployer@a-project.iam.gserviceaccount.com"
    assert f"--substitutions=_COMMIT={'c' * 40}" in words
    assert f"--service-account=projects/a-project/serviceAccounts/{account}" in words
    assert "--gcs-source-staging-dir=gs://a-project-twinserve-releases/source" in words
    assert "--project=a-project" in words


def test_what_serves_is_given_to_later_steps(
    sent: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Image and digest apart, as an attestation wants them; what stood in the file stays."""
    output = tmp_path / "output"
    output.write_text("before=1\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    submit.submit(cloud(), "c" * 40)
    assert sent
    assert output.read_text() == (
        f"before=1\nrelease=v1.0-0123456789ab\nimage={IMAGE}\ndigest=sha256:{'1' * 64}\n"
    )


def test_targets_that_are_not_in_step_afterwards_are_an_error(
    sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that says it is done is not believed: what serves is looked at."""
    monkeypatch.setattr(submit, "release_of", lambda *_: None)
    with pytest.raises(UserError, match="not in step"):
        submit.submit(cloud(), "c" * 40)
    assert sent


def test_dry_run_prints_the_command_and_sends_nothing(sent: list[str]) -> None:
    """The exact line, and no build."""
    shown: list[str] = []
    submit.submit(cloud(dry_run=True, on_change=shown.append), "c" * 40)
    assert not sent
    assert shown[0].startswith("gcloud builds submit . --config=cloudbuild.yaml")


def test_commit_is_the_workflows(
    sent: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Given none, the commit is the one that GitHub names."""
    monkeypatch.setenv("GITHUB_SHA", "d" * 40)
    monkeypatch.delenv("COMMIT_SHA", raising=False)
    parser = argparse.ArgumentParser()
    submit.add_arguments(parser)
    submit.run(parser.parse_args(["--project", "a-project"]))
    assert f"_COMMIT={'d' * 40}" in sent[0]
    assert not list(tmp_path.iterdir())
