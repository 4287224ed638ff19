"""A fetch that is interrupted goes on where it was."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.delivery.data.projects import TABLE
from tests.pipeline.remotes.attempts import LARGE, LIMIT_S, Remote, pushed
from tests.pipeline.remotes.http_store import kept
from tests.pipeline.remotes.servers import of_files


@pytest.mark.nightly
def test_objects_that_came_whole_are_not_fetched_again(tmp_path: Path) -> None:
    """Ctrl-C in the middle of the large table: afterwards it is asked for, and nothing else."""
    with kept(tmp_path / "server") as store:
        server, python = of_files(store), Path(sys.executable)
        remote = Remote("http", server, python, pushed(server, python, tmp_path / "made"))
        large = f"/data/{remote.name_of(LARGE)}"
        store.stuck.add(large)
        clone = remote.clone(tmp_path / "two")
        attempt = remote.fetch(clone)
        cached = clone.object_of(TABLE, clone.path(".dvc/cache"))
        deadline = time.monotonic() + LIMIT_S
        while not (cached.exists() and large in store.given):
            assert time.monotonic() < deadline, store.given
            time.sleep(0.05)
        os.killpg(attempt.process.pid, signal.SIGINT)
        code, told = attempt.ended()
        assert (code, told.splitlines()[-1]) == (130, "interrupted")
        assert not clone.path(LARGE).exists()
        store.stuck.clear()
        store.given.clear()
        assert remote.fetch(clone).ended()[0] == 0
    assert set(store.given) == {large}
    assert clone.path(LARGE).read_bytes() == remote.made.path(LARGE).read_bytes()
