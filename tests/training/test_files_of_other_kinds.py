"""What a stage reads may be anything by now: a pipe that nobody writes to holds no stage."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tree import PROJECT, ROOT
from twinserve.config.errors import UserError
from twinserve.training.outputs import read_output

LIMIT_S = 120.0
READ = """
import sys
from pathlib import Path
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.training.fitting.pickled import read_pickled
from twinserve.training.table import read_table
data = load_params().data
for read in (lambda: read_pickled(Path(sys.argv[1])), lambda: read_table(data)):
    try:
        read()
    except UserError as error:
        print(error)
"""


def test_pipe_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    """A model or a table that is a pipe: one line each, and no stage waits for who might write."""
    (tmp_path / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    (tmp_path / "data").mkdir()
    for name in ("model.pkl", "data/iris.csv"):
        os.mkfifo(tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-c", READ, "model.pkl"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "model.pkl: not a file; make it with `dvc repro`",
        "data/iris.csv: not a file; expected the table that data.table in params.yaml names",
    ]


def test_output_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    """An earlier stage has not run."""
    with pytest.raises(UserError, match="No such file or directory; make it with `dvc repro`"):
        read_output(tmp_path / "model.pkl")
