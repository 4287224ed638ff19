"""gcloud by the fork server and gcloud as it is: the same, only sooner."""

import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.google import Fault
from tests.google.buckets import Bucket
from tests.google.commands import HERE, SERVICE
from tests.google.fake import FakeGoogle
from tests.google.gcloud.environment import search_path
from tests.tools import run


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "services", "list", HERE, "--format=json"],
        ["run", "services", "describe", SERVICE, HERE],
        ["run", "services", "lisst"],
        ["storage", "buckets", "create", "gs://existing"],
        ["auth", "print-access-token"],
        ["config", "list"],
        ["version", "--format=json"],
        [],
    ],
    ids=" ".join,
)
def test_both_ways_do_the_same(google: FakeGoogle, arguments: list[str]) -> None:
    """Exit code, both outputs, and the calls to the API."""
    google.state.buckets["existing"] = Bucket("existing", {})
    outcomes = []
    for path in (google.environment["PATH"], search_path()):
        google.calls.clear()
        environment = google.environment | {"PATH": path}
        done = run(["gcloud", *arguments], env=environment)
        calls = [str(call) for call in google.calls]
        outcomes.append((done.returncode, done.stdout, done.stderr, calls))
    forked, direct = outcomes
    assert forked == direct


def test_server_answers_rather_than_a_plain_gcloud(google: FakeGoogle) -> None:
    """The first gcloud on the PATH is the client's."""
    assert google.environment["PATH"] != search_path()
    assert google.environment["PATH"].endswith(search_path())


def test_client_passes_on_directory_input_and_environment(
    google: FakeGoogle, tmp_path: Path
) -> None:
    """A relative path, the standard input and a property from the environment arrive."""
    environment = google.environment | {"CLOUDSDK_CORE_PROJECT": "another"}
    command = ["gcloud", "config", "get-value", "project"]
    done = run(command, env=environment, code=0)
    assert done.stdout == "another\n"
    google.gcloud("storage", "buckets", "create", "gs://some-bucket")
    (tmp_path / "here.txt").write_text("here")
    copy = ["gcloud", "storage", "cp", "here.txt", "gs://some-bucket/there.txt"]
    subprocess.run(copy, cwd=tmp_path, env=google.environment, capture_output=True, check=True)
    assert google.state.buckets["some-bucket"].objects["there.txt"].content == b"here"
    assert google.gcloud("storage", "cp", "-", "gs://some-bucket/in", stdin="x").returncode == 0
    assert google.state.buckets["some-bucket"].objects["in"].content == b"x"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_client_takes_its_call_along(google: FakeGoogle, number: signal.Signals) -> None:
    """The second of the command's calls never comes, and the client died of the signal."""
    arrived, killed = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        arrived.set()
        killed.wait(300)

    command = ["gcloud", "storage", "cp", "-", "gs://some-bucket/in"]
    google.gcloud("storage", "buckets", "create", "gs://some-bucket")
    with (
        google.fault(Fault("GET .*/o/in", action=hold)),
        subprocess.Popen(command, env=google.environment, stdin=subprocess.PIPE) as client,
    ):
        assert arrived.wait(300)
        before = len(google.calls)
        client.send_signal(number)
        assert client.wait(300) == -number
        assert google.wait_until_idle()
        killed.set()
    assert len(google.calls) == before
