"""Cloud Build as the real gcloud sees it."""

from pathlib import Path

import pytest

from tests.google.api import Json
from tests.google.commands import fail, succeed
from tests.google.fake import FakeGoogle

CONFIGURATION = """
steps: [{name: python, args: [--version]}]
options: {logging: CLOUD_LOGGING_ONLY}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a build in it."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "cloudbuild.yaml").write_text(CONFIGURATION)
    return folder


def submit(source: Path) -> list[str]:
    return ["builds", "submit", str(source), f"--config={source / 'cloudbuild.yaml'}"]


def test_build_is_carried_out_on_the_uploaded_source(google: FakeGoogle, source: Path) -> None:
    """The callable has the build's steps and the files, and may itself call the fake."""
    seen: list[tuple[Json, str]] = []

    def run(build: Json, unpacked: Path) -> bool:
        seen.append((build["steps"], (unpacked / "cloudbuild.yaml").read_text()))
        return google.gcloud("services", "list").returncode == 0

    google.on_build(run)
    assert succeed(google, *submit(source))["status"] == "SUCCESS"
    assert seen == [([{"name": "python", "args": ["--version"]}], CONFIGURATION)]


def test_build_can_fail(google: FakeGoogle, source: Path) -> None:
    """By the callable's word, or because a test said so before."""
    google.build_failures.append(True)
    assert 'completed with status "FAILURE"' in fail(google, *submit(source))
    google.on_build(lambda _build, _source: False)
    assert 'completed with status "FAILURE"' in fail(google, *submit(source))


def test_logs_are_what_the_test_put_there(google: FakeGoogle) -> None:
    """Entries as they are."""
    google.state.logs.append({"textPayload": "hello", "logName": "projects/twin-project/logs/run"})
    (entry,) = succeed(google, "logging", "read", "severity>=DEFAULT", "--limit=5")
    assert entry["textPayload"] == "hello"
