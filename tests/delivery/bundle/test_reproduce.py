"""`repro --locked`: a tree whose lock is not what it gives is told so."""

import pytest

from twinserve.config.errors import UserError
from twinserve.delivery.bundle.reproduce import check_unchanged

LOCK = """\
schema: '2.0'
stages:
  train:
    cmd: python -m twinserve.training.train
    outs:
    - path: models/model.pkl
      md5: {}
"""


def test_same_lock_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is said."""
    check_unchanged(LOCK.format("a"), LOCK.format("a"))
    assert not capsys.readouterr().out


def test_other_lock_names_the_stage(capsys: pytest.CaptureFixture[str]) -> None:
    """The stage in the error's line, both hashes above it."""
    with pytest.raises(UserError, match="gives: train; run `make repro`"):
        check_unchanged(LOCK.format("a"), LOCK.format("b"))
    shown = capsys.readouterr().out
    assert "-      md5: a" in shown
    assert "+      md5: b" in shown


def test_missing_lock_names_every_stage() -> None:
    """A tree without a lock has nothing to be held to."""
    with pytest.raises(UserError, match="gives: train"):
        check_unchanged("", LOCK.format("a"))
