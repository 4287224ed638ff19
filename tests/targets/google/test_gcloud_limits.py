"""A call that hangs is ended when its time is over, or when whoever waits for it is."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.tools import PATIENCE_S, is_running, wait_until, write_program
from tests.tree import ROOT
from twinserve.targets.child import Children, EndedError
from twinserve.targets.google import limits
from twinserve.targets.google.gcloud import Gcloud, GcloudError, Reason, run_gcloud
from twinserve.targets.google.limits import Kind, kind_of

# Leaves a child of its own behind, and ends at no one's request but the system's.
HANGS = """#!/bin/sh
trap '' TERM INT
sleep 1000 &
echo $! > {folder}/child
echo $$ > {folder}/self.new
mv {folder}/self.new {folder}/self
while :; do sleep 1; done
"""
# Of what would hang; nothing is judged by how long it takes.


@pytest.fixture
def hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gcloud that never ends; the folder where it says that it runs."""
    write_program(tmp_path / "gcloud", HANGS.format(folder=tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def is_left(path: Path) -> bool:
    """Whether the process whose number a file holds is still there."""
    return is_running(int(path.read_text()))


@pytest.mark.parametrize("kind", [Kind.READ, Kind.WRITE])
def test_call_that_hangs_is_ended_with_all_that_it_started(
    hung: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its kind's limit: one line, and neither the program nor its children are left."""
    monkeypatch.setitem(limits.LIMITS_S, kind, 0.5)
    gcloud = Gcloud("p")
    with pytest.raises(GcloudError, match=r"gcloud run x: no end after 0\.5 s") as failure:
        _ = gcloud.read("run", "x") if kind is Kind.READ else gcloud.change("run", "x")
    assert "\n" not in str(failure.value)
    assert failure.value.reason is Reason.EXPIRED
    assert not is_left(hung / "self")
    wait_until(lambda: not is_left(hung / "child"))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("run", "deploy", "s"), Kind.DEPLOY),
        (("run", "services", "replace", "f"), Kind.DEPLOY),
        (("run", "services", "update-traffic", "s"), Kind.WRITE),
        (("storage", "cp", "-", "gs://b/o"), Kind.WRITE),
        (("builds", "submit", "."), Kind.BUILD),
    ],
)
def test_limit_is_by_what_a_call_does(words: tuple[str, ...], kind: Kind) -> None:
    """A deployment may take longer than a write, and a build longer than that."""
    assert kind_of(words) is kind
    ordered = [
        limits.LIMITS_S[slower] for slower in (Kind.READ, Kind.WRITE, Kind.DEPLOY, Kind.BUILD)
    ]
    assert ordered == sorted(set(ordered))


def test_no_call_of_a_hurried_one_takes_longer(hung: Path) -> None:
    """Whatever the kind, the caller's own limit holds."""
    assert hung.is_dir()
    with pytest.raises(GcloudError, match=r"no end after 0\.5 s"):
        Gcloud("p", most_s=0.5).change("builds", "submit")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_ends_at_a_signal_though_its_call_hangs(hung: Path, number: signal.Signals) -> None:
    """Exit code 130, one line, and nothing of the call is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "twinserve", "status", "--project=p"],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until((hung / "self").exists)
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, errors) == (130, "interrupted\n")
    assert not is_left(hung / "self")
    wait_until(lambda: not is_left(hung / "child"))


def test_children_that_were_ended_end_and_start_nothing_more(hung: Path) -> None:
    """From another thread: the running call ends, the next is refused."""
    children = Children()
    faults: list[BaseException] = []

    def call() -> None:
        try:
            run_gcloud(["run", "x"], children=children, limit_s=PATIENCE_S)
        except BaseException as fault:  # noqa: BLE001 - looked at below
            faults.append(fault)

    thread = threading.Thread(target=call)
    thread.start()
    wait_until((hung / "self").exists)
    children.end()
    thread.join(PATIENCE_S)
    assert [type(line) for line in faults] == [EndedError]
    assert not is_left(hung / "self")
    with pytest.raises(EndedError):
        run_gcloud(["run", "x"], children=children)


def test_output_that_is_no_text_is_read(hung: Path) -> None:
    """An object that somebody has damaged is given as far as it can be read."""
    (hung / "gcloud").write_text("#!/bin/sh\nprintf '{\\377'\n")
    assert Gcloud("p").read_text("storage", "cat", "gs://b/o") == "{\ufffd"
