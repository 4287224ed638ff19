"""A fit of ten minutes: what of it a pull request and a push wait for, and what the night does."""

from pathlib import Path

import pytest

from tests.pipeline.teams.clones import Clone
from tests.pipeline.teams.test_team import stages_of

# A tree whose fit takes as long as a file of the home says, and leaves a line there.
ESTIMATOR = '''\
"""A tree that takes its time."""

import time
from pathlib import Path

from sklearn.tree import DecisionTreeClassifier


class SlowTree(DecisionTreeClassifier):
    """Once fitted, it is a tree as any other."""

    def fit(self, rows, labels):
        with (Path.home() / "fits").open("a") as file:
            file.write("fit\\n")
        seconds = Path.home() / "seconds"
        time.sleep(float(seconds.read_text()) if seconds.exists() else 0)
        if (Path.home() / "shallow").exists():
            self.max_depth = 1
        super().fit(rows, labels)
        self.__class__ = DecisionTreeClassifier
        return self
'''
TEN_MINUTES = "600"


def fits(clone: Clone) -> int:
    """How often the estimator was fitted there; its folds are of the tree that it has become."""
    path = clone.directory.parent / "fits"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture
def slow(first: Clone) -> Clone:
    """A clone whose estimator it is, reproduced by night, fitted and pushed once."""
    first.path("custom/mine.py").write_text(ESTIMATOR)
    path = first.path("params.yaml")
    text = path.read_text()
    text = text.replace("sklearn.ensemble.RandomForestClassifier", "custom.mine.SlowTree")
    text = text.replace("arguments:\n    n_estimators: 100\n", "arguments: {}\n")
    path.write_text(f"{text}\ntraining: {{reproduce: nightly}}\n")
    first.run("twinserve", "repro", "--push")
    assert fits(first) == 1
    first.commit("A tree that takes its time")
    return first


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
