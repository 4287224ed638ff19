"""accept: which pickles become the model, and which stay what they are."""

import subprocess
from pathlib import Path

import pytest

from tests.tools import require
from tests.training.project import Project
from twinserve.training.fitting.digest import digest_of, digest_path, write_model
from twinserve.training.fitting.known import FITS
from twinserve.training.paths import FITTED_PATH, MODEL_PATH

FOREIGN = b"a pickle that somebody else has put there"


def git(tree: Path, *words: str) -> None:
    """A command of git's."""
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([require("git"), "-C", str(tree), *who, *words], check=True)


@pytest.fixture
def foreign(evaluated: Project) -> Project:
    """A project with a model, whose fitted pickle is from DVC's run cache: nobody's."""
    (evaluated.root / FITTED_PATH).write_bytes(FOREIGN)
    return evaluated


def test_pickle_that_nobody_here_knows_is_refused(foreign: Project) -> None:
    """In a line with the ways out; the earlier model stays, and nothing is unpickled."""
    before = foreign.files()
    line = foreign.refused("accept")
    assert line.startswith(
        f"{FITTED_PATH}: SHA-256 is {digest_of(FOREIGN)[:12]}…, it was not fitted"
    )
    assert "`git fetch` the branch" in line
    assert "`twinserve repro --afresh`" in line
    assert foreign.files() == before


def test_pickle_that_was_fitted_here_is_taken(foreign: Project) -> None:
    """In an earlier run, say: its record is kept apart from DVC's cache."""
    (foreign.root / FITS / digest_of(FOREIGN)).touch()
    foreign.run("accept")
    assert (foreign.root / MODEL_PATH).read_bytes() == FOREIGN
    assert digest_of(FOREIGN) in (foreign.root / digest_path()).read_text()


def test_pickle_that_a_commit_names_is_taken(foreign: Project) -> None:
    """On whichever branch: whoever has fitted it has committed its digest."""
    tree = foreign.root
    git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "add", str(digest_path()))
    git(tree, "commit", "--quiet", "--message", "Ours")
    foreign.refused("accept")
    ours = (tree / digest_path()).read_bytes()
    git(tree, "checkout", "--quiet", "-b", "theirs")
    write_model(FOREIGN, tree / MODEL_PATH)
    git(tree, "commit", "--quiet", "--all", "--message", "Theirs")
    git(tree, "checkout", "--quiet", "main")
    assert (tree / digest_path()).read_bytes() == ours
    foreign.run("accept")
    assert (tree / MODEL_PATH).read_bytes() == FOREIGN


def test_experiment_of_a_queue_knows_the_fits_of_its_tree(foreign: Project) -> None:
    """DVC runs it in a folder below the tree, with the tree's cache."""
    (foreign.root / FITS / digest_of(FOREIGN)).touch()
    aside = foreign.copy(foreign.root / ".dvc/tmp/exps/one")
    aside.run("accept")
    assert (aside.root / MODEL_PATH).read_bytes() == FOREIGN
    assert (foreign.root / MODEL_PATH).read_bytes() != FOREIGN
