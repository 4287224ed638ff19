"""A submitted build is watched: its steps are told, and what the failing one printed is shown."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import twinserve.targets.google.build
from twinserve.config.errors import UserError
from twinserve.targets.google.build import Build, submit_build
from twinserve.targets.google.gcloud import Gcloud, GcloudError, Reason

BUILD = Build("us-central1", "c" * 40, "deployer@p.iam.gserviceaccount.com", "gs://b/source")
STEPS = ("environment", "test", "release")
Calls = list[list[str]]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Calls]:
    """In gcloud's place: answers to `describe` one after another, and one to `logging read`."""
    (tmp_path / twinserve.targets.google.build.FILE).write_text(
        "steps: [{id: a, name: i, waitFor: ['-']}]\n"
    )
    monkeypatch.chdir(tmp_path)

    def begin(*described: Any, lines: tuple[str, ...] = ()) -> Calls:  # noqa: ANN401 - JSON
        calls: Calls = []
        answers: Iterator[Any] = iter(described)

        def run(words: list[str], *_: object, **__: object) -> str:
            calls.append(list(words))
            if words[:2] == ["builds", "submit"]:
                return json.dumps({"id": "b-1", "status": "QUEUED", "logUrl": "https://log"})
            if words[:2] == ["builds", "describe"]:
                answer = next(answers)
                if isinstance(answer, BaseException):
                    raise answer
                return json.dumps(answer)
            return json.dumps([{"textPayload": line} for line in reversed(lines)])

        monkeypatch.setattr("twinserve.targets.google.gcloud.run_gcloud", run)
        monkeypatch.setattr(twinserve.targets.google.build, "LOG_WITHIN_S", 0.0)
        monkeypatch.setattr(twinserve.targets.google.build, "POLL_S", 0.0)
        return calls

    return begin


def state(status: str, *steps: str) -> dict[str, Any]:
    """A build whose steps have these statuses; the later ones wait."""
    statuses = [*steps, *("QUEUED",) * (len(STEPS) - len(steps))]
    pairs = zip(STEPS, statuses, strict=True)
    listed = [{"id": name, "status": step_status} for name, step_status in pairs]
    return {"id": "b-1", "status": status, "steps": listed, "logUrl": "https://log"}


def test_each_step_is_told_once_when_it_ends(play: Callable[..., Calls]) -> None:
    """In the order in which they end, and nothing of the log where all is well."""
    calls = play(
        state("WORKING", "SUCCESS"),
        state("WORKING", "SUCCESS", "SUCCESS"),
        state("SUCCESS", "SUCCESS", "SUCCESS", "SUCCESS"),
    )
    told: list[str] = []
    submit_build(Gcloud("p"), BUILD, told.append, poll_s=0)
    assert told == [
        "build b-1: https://log",
        "  environment: success",
        "  test: success",
        "  release: success",
    ]
    assert "--async" in calls[0]
    assert not [call for call in calls if call[0] == "logging"]


def test_failing_step_shows_what_it_printed(play: Callable[..., Calls]) -> None:
    """Its own lines, the oldest first, and none of the steps that ended well."""
    play(
        state("FAILURE", "SUCCESS", "FAILURE"),
        lines=(
            'Step #0 - "environment": installing',
            'Step #1 - "test": E   assert 1 == 2',
            'Step #1 - "test": 1 failed',
        ),
    )
    told: list[str] = []
    with pytest.raises(UserError, match="ended as FAILURE: step test failed, its output is above"):
        submit_build(Gcloud("p"), BUILD, told.append, poll_s=0)
    assert told[-2:] == [
        '  | Step #1 - "test": E   assert 1 == 2',
        '  | Step #1 - "test": 1 failed',
    ]


def test_build_that_finds_no_machine_names_the_quota(play: Callable[..., Calls]) -> None:
    """One that waited until it expired ran no step: the line says whose quota to look at."""
    play(state("EXPIRED"))
    with pytest.raises(UserError, match=r"found no free CPUs .* doctor"):
        submit_build(Gcloud("p"), BUILD, print, poll_s=0)


def test_question_that_fails_now_and_then_loses_no_build(play: Callable[..., Calls]) -> None:
    """A dropped connection is asked again; one that stays away is told."""
    lost = GcloudError("no route", Reason.OTHER)
    play(lost, state("SUCCESS", "SUCCESS", "SUCCESS", "SUCCESS"))
    submit_build(Gcloud("p"), BUILD, print, poll_s=0)
    play(*(lost for _ in range(6)))
    with pytest.raises(GcloudError, match="no route"):
        submit_build(Gcloud("p"), BUILD, print, poll_s=0)


def test_interrupt_cancels_the_build(play: Callable[..., Calls]) -> None:
    """Nobody would look at it any more."""
    calls = play(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        submit_build(Gcloud("p"), BUILD, print, poll_s=0)
    assert calls[-1][:3] == ["builds", "cancel", "b-1"]


@pytest.mark.parametrize(("machine", "flags"), [(None, 0), ("E2_HIGHCPU_8", 1)])
def test_machine_is_cloud_builds_own_unless_it_is_set(
    play: Callable[..., Calls], machine: str | None, flags: int
) -> None:
    """A bigger one only for who says so: the default pool's quota may not have it."""
    calls = play(state("SUCCESS", "SUCCESS", "SUCCESS", "SUCCESS"))
    build = Build(BUILD.region, BUILD.commit, BUILD.account, BUILD.staging, machine)
    submit_build(Gcloud("p"), build, print, poll_s=0)
    options = [word for word in calls[0] if word.startswith("--machine-type")]
    assert options == ["--machine-type=e2-highcpu-8"] * flags
