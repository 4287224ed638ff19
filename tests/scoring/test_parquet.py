"""Files of Parquet: the same rows with the results as columns."""

import os
import signal
from pathlib import Path

import fastparquet
import pandas as pd
import pytest

from tests.scoring.bundles import Endpoint
from tests.scoring.conftest import HEADER
from twinserve.config.errors import UserError
from twinserve.scoring import partial
from twinserve.scoring.files import OnProgress, Summary, Task
from twinserve.scoring.options import Options
from twinserve.scoring.parquet import score_parquet


@pytest.fixture
def put(tmp_path: Path, rows: list[list[float]]) -> Path:
    """The rows as Parquet, in groups of 100, with columns that no model reads."""
    frame = pd.DataFrame(rows, columns=HEADER.split(","))
    frame["name"] = [None if number % 7 == 0 else f"n{number}" for number in range(len(rows))]
    frame["when"] = pd.date_range("2026-01-01", periods=len(rows))
    path = tmp_path / "in.parquet"
    fastparquet.write(str(path), frame, row_group_offsets=100)
    return path


def scored(
    path: Path,
    bundle: Path,
    *include: str,
    on_error: str = "stop",
    processes: int = 1,
    on_progress: OnProgress = lambda _rows, _share: None,
) -> Summary:
    options = Options(include or None, on_error)
    target = path.with_name("out.parquet")
    return score_parquet(Task(path, target, bundle, options, processes, on_progress))


@pytest.mark.parametrize("processes", [1, 2])
def test_columns_stay_and_results_stand_behind_them(
    put: Path, service: Path, rows: list[list[float]], processes: int
) -> None:
    """Of each row what the endpoint answers, in their order, with the types of the columns."""
    summary = scored(put, service, "label", "probabilities", processes=processes)
    given, result = pd.read_parquet(put), pd.read_parquet(put.with_name("out.parquet"))
    assert result[list(given.columns)].equals(given)
    assert Endpoint(service).predictions(rows) == result["prediction"].tolist()
    names = ["setosa", "versicolor", "virginica"]
    assert [names[number] for number in result["prediction"]] == result["label"].tolist()
    shares = result[[f"probability_{name}" for name in names]]
    assert shares.sum(axis="columns").between(1 - 1e-9, 1 + 1e-9).all()
    assert (summary.rows, summary.wrong) == (300, 0)


def test_wrong_rows_are_marked(put: Path, service: Path) -> None:
    """They have no prediction, and the line of the contract's refusal; the others have theirs."""
    frame = pd.read_parquet(put)
    frame.loc[[0, 150], "petal_width"] = None
    fastparquet.write(str(put), frame, row_group_offsets=100)
    with pytest.raises(UserError, match=r"in.parquet: row 1: petal_width: expected a finite"):
        scored(put, service)
    assert [path.name for path in put.parent.iterdir()] == ["in.parquet"]
    assert scored(put, service, "label", on_error="mark").wrong == 2
    result = pd.read_parquet(put.with_name("out.parquet"))
    assert result["prediction"].isna().to_numpy().nonzero()[0].tolist() == [0, 150]
    assert result["error"].notna().to_numpy().nonzero()[0].tolist() == [0, 150]
    assert result["error"][150].startswith("petal_width: expected a finite number")


def test_killed_run_goes_on_where_it_was(
    put: Path, service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the end of the file was written over when it was killed."""
    scored(put, service)
    target = put.with_name("out.parquet")
    whole = target.read_bytes()
    target.unlink()
    monkeypatch.setattr(partial, "RECORD_EVERY_S", 0.0)
    pid = os.fork()
    if not pid:
        scored(put, service, on_progress=lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    unfinished = put.with_name(".out.parquet.partial")
    unfinished.write_bytes(unfinished.read_bytes()[:-50] + b"the next group" * 20)
    summary = scored(put, service)
    assert (summary.resumed, summary.rows) == (100, 300)
    assert whole == target.read_bytes()


def test_file_that_is_none_says_so(put: Path, service: Path) -> None:
    """One line, and nothing is left behind."""
    put.write_bytes(b"PAR1 and no more")
    with pytest.raises(UserError, match="found Parquet that cannot be read"):
        scored(put, service)
    assert [path.name for path in put.parent.iterdir()] == ["in.parquet"]


def test_file_without_rows_has_a_result_without_rows(put: Path, service: Path) -> None:
    """With the columns of results."""
    fastparquet.write(str(put), pd.read_parquet(put).iloc[:0])
    assert scored(put, service).rows == 0
    assert "prediction" in pd.read_parquet(put.with_name("out.parquet"))
