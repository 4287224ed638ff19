"""A run that is ended leaves what the next one goes on from, and never half a result."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scoring.bundles import scored
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.scoring import partial as partials
from twinserve.scoring.options import Format

# Small blocks, each recorded; killed as a machine kills, at the third.
KILLED = """
import os, signal, sys
from pathlib import Path
from twinserve.scoring import blocks, partial
from twinserve.scoring.files import Task, score_csv
from twinserve.scoring import partial as partials
from twinserve.scoring.options import Format, Options

blocks.BLOCK_BYTES, partial.RECORD_EVERY_S = 1000, 0.0
source, target, bundle, encoding, processes = sys.argv[1:]
seen = []

def die(rows, share):
    seen.append(rows)
    if len(seen) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

options = Options((), "stop", Format(encoding=encoding))
score_csv(Task(Path(source), Path(target), Path(bundle), options, int(processes), die))
"""


def kill_halfway(source: Path, bundle: Path, encoding: str = "utf-8", processes: int = 1) -> None:
    """Score into ``out.csv`` until the kill."""
    target = source.with_name("out.csv")
    words = [str(source), str(target), str(bundle), encoding, str(processes)]
    command = [sys.executable, "-c", KILLED, *words]
    done = subprocess.run(command, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not target.exists()


@pytest.fixture
def whole(source: Path, service: Path) -> bytes:
    """The result of a run that nothing ended."""
    scored(source, service)
    target = source.with_name("out.csv")
    content = target.read_bytes()
    target.unlink()
    return content


@pytest.mark.parametrize(("encoding", "processes"), [("utf-8", 1), ("utf-8", 2), ("utf-16", 1)])
def test_killed_run_goes_on_where_it_was(
    source: Path, service: Path, whole: bytes, encoding: str, processes: int
) -> None:
    """What was scored before is not scored again, and the result is the very same."""
    source.write_bytes(source.read_text().encode(encoding))
    kill_halfway(source, service, encoding, processes)
    with source.with_name(".out.csv.partial").open("ab") as file:
        file.write(b"what was written after the last record")
    summary = scored(source, service, marks=Format(encoding=encoding))
    assert whole == source.with_name("out.csv").read_bytes()
    assert 0 < summary.resumed < summary.rows == 300
    assert sorted(path.name for path in source.parent.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("changed", ["source", "include"])
def test_unfinished_result_of_something_else_is_begun_anew(
    source: Path, service: Path, changed: str
) -> None:
    """Another file, or another form of results, has nothing to go on with."""
    kill_halfway(source, service)
    if changed == "source":
        source.write_text(source.read_text() + "5.1,3.5,1.4,0.2\n")
    summary = scored(source, service, *(["label"] if changed == "include" else []))
    assert summary.resumed == 0
    assert len(source.with_name("out.csv").read_text().splitlines()) == summary.rows + 1


def test_two_runs_do_not_write_one_result(
    source: Path, service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is refused, and the first one's file is left alone."""
    monkeypatch.setattr(partials, "_RELEASED_WITHIN_S", 0.0)
    partial = source.with_name(".out.csv.partial")
    with partial.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another process is writing it"):
            scored(source, service)
    assert partial.exists()


def test_result_that_cannot_be_written_says_so(
    source: Path, service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is one line, and what was written stays for the next run."""
    from twinserve.scoring.partial import Partial

    opened = Partial.__init__

    def full(self: Partial, *arguments: object) -> None:
        opened(self, *arguments)  # type: ignore[arg-type]
        self.file.close()
        self.file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - closed by `leave`

    monkeypatch.setattr(Partial, "__init__", full)
    with pytest.raises(UserError, match=r"out\.csv: cannot be written: No space left on device"):
        scored(source, service)
    assert source.with_name(".out.csv.partial").exists()


def test_process_that_is_ended_is_one_line(
    source: Path, service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where memory runs out: the line says how to go on."""
    from twinserve.scoring import rows

    monkeypatch.setattr(rows, "score_block", lambda *_a, **_k: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(UserError, match="goes on where it stopped"):
        scored(source, service, processes=2)
