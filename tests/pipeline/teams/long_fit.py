"""An estimator whose fit takes as long as a test says, and a clone that it is fitted in."""

from tests.pipeline.teams.clones import Clone

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


def slowed(clone: Clone) -> Clone:
    """The clone, whose estimator it is, reproduced by night, fitted and pushed once."""
    clone.path("custom/mine.py").write_text(ESTIMATOR)
    path = clone.path("params.yaml")
    text = path.read_text()
    text = text.replace("sklearn.ensemble.RandomForestClassifier", "custom.mine.SlowTree")
    text = text.replace("arguments:\n    n_estimators: 100\n", "arguments: {}\n")
    path.write_text(f"{text}\ntraining: {{reproduce: nightly}}\n")
    clone.run("twinserve", "repro", "--push")
    assert fits(clone) == 1
    clone.commit("A tree that takes its time")
    return clone
