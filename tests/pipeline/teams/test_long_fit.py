"""A fit of ten minutes: what of it a pull request and a push wait for, and what the night does."""

from pathlib import Path

import pytest

from tests.pipeline.teams.clones import Clone
from tests.pipeline.teams.long_fit import TEN_MINUTES, fits
from tests.pipeline.teams.test_team import stages_of


@pytest.mark.nightly
def test_nobody_but_the_night_waits_for_it(slow: Clone, tmp_path: Path) -> None:
    """A pull request's jobs and a push's run the stages that they would, and fit nothing."""
    second = slow.clone(tmp_path / "two" / "clone")
    home = second.directory.parent
    (home / "seconds").write_text(TEN_MINUTES)
    second.run("twinserve", "fetch")
    for words in ((), ("--pull", "--locked", "--push"), ("--locked",)):
        second.run("twinserve", "repro", *words)
        assert fits(second) == 0, words
    done = second.run("twinserve", "repro", "--locked")
    assert stages_of(done) == ["engine", "evaluate", "export", "bundle"]
    second.run("twinserve", "verify")
    assert second.git("status", "--porcelain") == ""
    assert fits(second) == 0
    (home / "seconds").write_text("0")
    done = second.run("twinserve", "night")
    assert fits(second) == fits(slow)
    assert "every byte came out as in dvc.lock" in done.stdout
    assert second.git("status", "--porcelain") == ""


@pytest.mark.nightly
def test_night_finds_the_byte_that_differs(slow: Clone) -> None:
    """A fit that depends on what is not in git: the lines of the lock, the stage, exit code 1."""
    (slow.directory.parent / "shallow").touch()
    done = slow.run("twinserve", "night", check=False)
    assert done.returncode == 1
    assert "dvc.lock is not what this tree gives: " in done.stderr
    assert "train" in done.stderr.rpartition("gives: ")[2]
    assert "+++ dvc.lock as reproduced" in done.stdout
