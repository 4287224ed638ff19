"""What a stage reads may be anything by now: a pipe that nobody writes to holds no stage."""

import os
from pathlib import Path

import pytest

from twinserve.config.errors import UserError
from twinserve.training.outputs import read_output
from twinserve.training.pickled import read_pickled
from twinserve.training.table import read_table


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A FIFO."""
    path = tmp_path / "model.pkl"
    os.mkfifo(path)
    return path


@pytest.mark.timeout(60)
def test_pipe_in_place_of_a_stages_output_is_refused(pipe: Path) -> None:
    """One line says that it is no file, and how to have one."""
    with pytest.raises(UserError, match="not a file; make it with `dvc repro`"):
        read_output(pipe)
    with pytest.raises(UserError, match="not a file"):
        read_pickled(pipe)


def test_output_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    """An earlier stage has not run."""
    with pytest.raises(UserError, match="No such file or directory; make it with `dvc repro`"):
        read_output(tmp_path / "model.pkl")
