"""Putting both back: in a hurry after an interrupt, and disturbed by no second one."""

import io
import os
import signal

import pytest
from rich.console import Console

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.project import HURRY_S, Cloud
from twinserve.delivery.release import traffic
from twinserve.delivery.release.lease import LockedError, Positions, StopAskedError
from twinserve.delivery.release.traffic import both_or_neither
from twinserve.targets.google.gcloud import Gcloud

BEFORE = {"a": {"a-1": 100}}


@pytest.fixture
def restored(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The limits of the calls that put back, each of which two more signals come in."""
    limits: list[float] = []

    def restore(cloud: Cloud, before: Positions) -> None:
        assert before == BEFORE
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
        limits.append(cloud.gcloud.most_s)

    monkeypatch.setattr(traffic, "restore", restore)
    return limits


@pytest.fixture
def cloud() -> Cloud:
    console = Console(file=io.StringIO(), width=200)
    return Cloud(Gcloud("p"), load_params(), console, as_json=False)


@pytest.mark.parametrize(
    ("fault", "limit", "word"),
    [
        (KeyboardInterrupt(), HURRY_S, "interrupted"),
        (UserError("no"), float("inf"), "failed"),
        (StopAskedError("stop"), float("inf"), "stopped"),
    ],
)
def test_both_are_put_back_whatever_ends_it(
    cloud: Cloud, restored: list[float], fault: BaseException, limit: float, word: str
) -> None:
    """Once, to its end, whoever asks meanwhile; then what ended it goes on, and signals count."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(type(fault)), both_or_neither(cloud, BEFORE):
        raise fault
    assert restored == [limit]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    file = cloud.console.file
    assert isinstance(file, io.StringIO)
    assert file.getvalue() == f"{word}: both go back to where they were\n"


def test_who_has_lost_the_lock_puts_nothing_back(cloud: Cloud, restored: list[float]) -> None:
    """Whoever has it decides about the traffic."""
    with pytest.raises(LockedError), both_or_neither(cloud, BEFORE):
        raise LockedError("taken over")
    assert restored == []
