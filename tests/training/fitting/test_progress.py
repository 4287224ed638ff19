"""What long stages say meanwhile."""

import time

import pytest

from twinserve.training.fitting import progress


def test_what_takes_long_is_said_until_it_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line now and then, none afterwards."""
    monkeypatch.setattr(progress, "EVERY_S", 0.01)
    said = ""
    with progress.said_while("train: a forest"):
        while said.count("\n") < 2:
            time.sleep(0.01)
            said += capsys.readouterr().out
    assert said.splitlines()[0] == "train: a forest: 0 s so far"
    capsys.readouterr()
    time.sleep(0.05)
    assert capsys.readouterr().out == ""


def test_what_is_quick_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """No line that nobody needs."""
    with progress.said_while("train: a tree"):
        pass
    assert capsys.readouterr().out == ""
