"""A renewal that is interrupted in any of its phases leaves the tree as it was."""

import signal
from pathlib import Path

import pytest

from tests.renewal.interruption import PHASES, cases, has_begun, interrupt, mend
from tests.renewal.package_index import PackageIndex
from tests.renewal.small_project import call, make_small_project, pins_of

# Versions are looked for first.
RESOLVE = "resolve"


@pytest.mark.parametrize(
    ("phase", "number"), cases(RESOLVE, *PHASES, quick=("repro", signal.SIGTERM))
)
def test_interrupt_leaves_all_as_it_was(
    tmp_path: Path, index: PackageIndex, phase: str, number: signal.Signals
) -> None:
    """No process goes on; what a kill has left is cleared by the next run, which goes through."""
    project = make_small_project(tmp_path / "project", index, f"{phase} beta 2.0 wait")
    index.publish("beta", "2.0")
    index.stalled = "beta" if phase == RESOLVE else ""
    begun = index.asked.is_set if phase == RESOLVE else lambda: has_begun(project)
    interrupt(project, index, "packages", number, begun)
    index.stalled = ""
    mend(project)
    done = call(project.directory, index, "renew", "packages", "--engine")
    assert done.returncode == 0, done.stdout + done.stderr
    assert pins_of(project, "renew/packages")["beta"] == "2.0"
