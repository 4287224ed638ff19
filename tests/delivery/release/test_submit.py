"""`submit`: one build as the deployer, then what serves is told to a workflow's later steps."""

import argparse
import shlex
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.bundle.identity import Identity
from twinserve.delivery.data.sources import Source
from twinserve.delivery.project import Cloud
from twinserve.delivery.release import submit
from twinserve.delivery.release.builds import BuildRecord
from twinserve.targets.google.gcloud import Gcloud

NAME = "v1.0-0123456789ab"
IMAGE = "us-central1-docker.pkg.dev/a-project/ml-models/fastapi-ml-service"
IDENTITY = Identity(NAME, "v1.0", "c" * 40, "", "", "0123456789ab")
BUILD = BuildRecord(NAME, f"{IMAGE}@sha256:{'1' * 64}", "c" * 40, "", "", function="2" * 64)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The commands that would change something, as gcloud would get them."""
    commands: list[str] = []
    monkeypatch.setattr(
        "twinserve.targets.google.gcloud.run_gcloud",
        lambda words, *_, **__: _keep(commands, words),
    )
    monkeypatch.setattr(submit, "read_build_of_commit", lambda *_: BUILD)
    monkeypatch.setattr(submit, "read_archive", lambda *_: b"an archive")
    monkeypatch.setattr(submit, "FUNCTION", tmp_path / "reports" / "function.tar.gz")
    monkeypatch.setattr(submit, "LINKS", ())
    monkeypatch.setattr(submit, "read_identity", lambda _: IDENTITY)
    monkeypatch.setattr(submit, "find_sources", list)
    monkeypatch.setattr(submit, "run_tests", lambda: commands.append("make test-model"))
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    return commands


def _keep(commands: list[str], words: list[str]) -> str:
    commands.append(shlex.join(words))
    return ""


def cloud(**options: Any) -> Cloud:  # noqa: ANN401 - Gcloud's own
    return Cloud(Gcloud("a-project", **options), load_params(), Console(), as_json=False)


def test_build_runs_as_the_deployer_with_the_commit(sent: list[str]) -> None:
    """The file, the region, the commit, the account, and a bucket that the account may write."""
    submit.submit(cloud(), "c" * 40, untested=True)
    (command,) = sent
    assert command.startswith("builds submit . --config=")
    assert "/cloudbuild.json --ignore-file=" in command
    assert " --region=us-central1 " in command
    words = shlex.split(command)
    account = "twinserve-deployer@a-project.iam.gserviceaccount.com"
    assert f"--substitutions=_COMMIT={'c' * 40}" in words
    assert f"--service-account=projects/a-project/serviceAccounts/{account}" in words
    assert "--gcs-source-staging-dir=gs://a-project-twinserve-releases/source" in words
    assert "--project=a-project" in words


def test_what_was_built_is_given_to_later_steps(
    sent: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Image and digest apart, and the function's source as a file, as attestations want them."""
    output = tmp_path / "output"
    output.write_text("before=1\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    submit.submit(cloud(), "c" * 40)
    assert sent
    function = tmp_path / "reports" / "function.tar.gz"
    assert output.read_text().splitlines() == [
        "before=1",
        f"release={NAME}",
        f"image={IMAGE}",
        f"digest=sha256:{'1' * 64}",
        f"function={function}",
        f"function-digest=sha256:{'2' * 64}",
    ]
    assert function.read_bytes() == b"an archive"


def test_dry_run_prints_the_command_and_sends_nothing(sent: list[str]) -> None:
    """The exact line, and no build."""
    shown: list[str] = []
    submit.submit(cloud(dry_run=True, on_change=shown.append), "c" * 40, untested=True)
    assert not sent
    assert shown[0].startswith("gcloud builds submit . --config=")


def test_commit_is_the_workflows(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Given none, the commit is the one that GitHub names."""
    monkeypatch.setenv("GITHUB_SHA", "d" * 40)
    monkeypatch.delenv("COMMIT_SHA", raising=False)
    parser = argparse.ArgumentParser()
    submit.add_arguments(parser)
    submit.run(parser.parse_args(["--project", "a-project", "--untested"]))
    assert f"_COMMIT={'d' * 40}" in sent[0]


def test_what_is_handed_in_was_tested_and_verified_here(
    sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests run before, unless the caller has them run; what does not hold is not handed in."""
    submit.submit(cloud(), "c" * 40)
    assert sent[0] == "make test-model"
    assert sent[1].startswith("builds submit ")
    sent.clear()

    def fail() -> None:
        raise UserError("not as in dvc.lock: train")

    monkeypatch.setattr(submit, "LINKS", (("a link", fail),))
    with pytest.raises(UserError, match=r"not as in dvc\.lock"):
        submit.submit(cloud(), "c" * 40)
    assert not sent


def test_sources_are_not_uploaded_wherever_they_lie(
    sent: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What gcloud is given is an ignore file that names each, after the project's own patterns."""
    source = Source(Path("own/t.csv.dvc"), Path("own/t.csv"), "0" * 32, 5, cached=True)
    opened = cloud()
    monkeypatch.chdir(tmp_path)
    Path("cloudbuild.yaml").write_text("steps: []\n")
    Path(".gcloudignore").write_text("/data\n")
    monkeypatch.setattr(submit, "find_sources", lambda: [source])
    kept: list[str] = []
    monkeypatch.setattr(
        "twinserve.targets.google.gcloud.run_gcloud",
        lambda words, *_, **__: _keep(kept, [Path(_option(words, "ignore-file")).read_text()]),
    )
    submit.submit(opened, "c" * 40, untested=True)
    assert not sent
    assert shlex.split(kept[0])[0] == "/data\n/own/t.csv\n"


def _option(words: list[str], name: str) -> str:
    (value,) = [word.partition("=")[2] for word in words if word.startswith(f"--{name}=")]
    return value


def test_another_build_of_the_commit_is_not_taken(
    sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was built must be what was handed in."""
    other = BuildRecord("v1.0-aaaaaaaaaaaa", BUILD.image, BUILD.commit, "", "", function="2" * 64)
    monkeypatch.setattr(submit, "read_build_of_commit", lambda *_: other)
    with pytest.raises(UserError, match=r"v1\.0-0123456789ab was handed in"):
        submit.submit(cloud(), "c" * 40, untested=True)
    assert sent
