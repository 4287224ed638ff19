"""What docs/renewing.md shows is what is printed: stopped, planted, without rights."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pipeline.teams.transcripts import steps
from tests.pipeline.workflows.commands import fault
from tests.renewal.fake_osv import FakeOsv, serve_osv
from tests.renewal.interruption import LONGEST_S, has_begun, wait_for
from tests.renewal.package_index import PackageIndex
from tests.renewal.proposal.hub import Hub
from tests.renewal.proposal.test_opening import FORBIDDEN
from tests.renewal.shown import DOCUMENT, PEOPLE, hold, shown, type_in, type_in_shell, words_of
from tests.renewal.small_project import command, environment, make_small_project
from tests.review.reports import sample

PINS = {name: f"{name}==1.0 --hash=sha256:{'0' * 64}\n" for name in ("alpha", "beta")}
SERVED = "locks/service-compiled.txt"
HOLE, OTHER = "PYSEC-2026-1", "PYSEC-2026-2"


def test_commands_of_the_transcripts_are_the_projects() -> None:
    """Each `twinserve` with its options; and all that there have to be are there."""
    typed = steps(*PEOPLE, document=DOCUMENT)
    assert {step.who for step in typed} == set(PEOPLE)
    lines = [line for step in typed for line in re.findall(r"twinserve [^&|;]+", step.command)]
    assert [said for line in lines if (said := fault(f".venv/bin/{line.strip()}"))] == []


@pytest.mark.nightly
def test_interrupt(tmp_path: Path, index: PackageIndex) -> None:
    """Ctrl-C while the pipeline runs, and what is left then."""
    project = make_small_project(tmp_path / "project", index, "repro beta 2.0 wait")
    index.publish("beta", "2.0")
    renew, look = shown("stopped")
    process = subprocess.Popen(
        command(*words_of(renew)),
        cwd=project.directory,
        env=environment(index),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for(lambda: has_begun(project), process)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=LONGEST_S)
    # A terminal shows the key too.
    hold(replace(renew, output=renew.output.replace("^C", "")), printed)
    type_in_shell(look, project.directory)


@pytest.fixture
def osv(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOsv]:
    """A pull request that serves a package more than its base, and what is known of both."""
    hub.checkout.write(f".base/{SERVED}", PINS["alpha"])
    hub.checkout.write(SERVED, PINS["alpha"])
    hub.checkout.write("beta.txt", PINS["beta"])
    monkeypatch.setenv("HOME", str(hub.checkout.directory))
    with serve_osv() as osv:
        osv.publish("alpha", ["1.0"], HOLE, fixed="1.1")
        osv.publish("beta", ["1.0"], OTHER)
        yield osv


def test_vulnerability_of_base_and_of_pull_request(
    hub: Hub, osv: FakeOsv, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the base has stops nobody; what is brought does."""
    of_base, bring, brought = shown("pull")
    type_in(of_base, capsys, "--osv-url", osv.url)
    type_in_shell(bring, hub.checkout.directory)
    type_in(brought, capsys, "--osv-url", osv.url)


def test_vulnerability_found_by_night(
    hub: Hub,
    osv: FakeOsv,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mended version's renewal is started; an issue has the rest."""
    hub.checkout.write(SERVED, "".join(PINS.values()))
    monkeypatch.setenv("RENEWAL", "true")
    (night,) = shown("night")
    type_in(night, capsys, "--osv-url", osv.url)
    (started,) = hub.read()["dispatches"]
    assert started["inputs"] == {"kind": "packages", "names": "alpha"}


def test_token_without_rights(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may open no pull request, post no status, push nothing: a line each."""
    opening, telling, pushing = shown("token")
    commit = hub.renew()
    left = hub.checkout.path(words_of(opening)[-1])
    left.parent.mkdir()
    left.symlink_to(hub.left)
    hub.refuse("POST pulls", FORBIDDEN)
    type_in(opening, capsys)
    told = {"HEAD_SHA": commit, "NUMBER": "1", "RESULT": "success", "GITHUB_RUN_ID": "4711"}
    for name, text in told.items():
        monkeypatch.setenv(name, text)
    figures = hub.checkout.path(words_of(telling)[-1])
    figures.parent.mkdir(parents=True)
    figures.write_text(json.dumps(sample()))
    hub.refuse("POST statuses", "Resource not accessible by integration (HTTP 403)")
    type_in(telling, capsys)
    hook = hub.origin.path(".git/hooks/pre-receive")
    hook.write_text("#!/bin/sh\necho 'Permission to owner/twinserve.git denied' >&2\nexit 1\n")
    hook.chmod(0o755)
    hub.renew(text="alpha==2.1\n")
    type_in(pushing, capsys)
