"""A program that we run ends with us, however we end."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.tools import is_running, wait_until
from tests.tree import ROOT

PATIENCE_S = 60.0
CALLER = """
import os, sys
from twinserve.targets.child import Children
program = "import os, sys, time; print(os.getpid(), file=sys.stderr, flush=True); time.sleep(999)"
Children().run(
    [sys.executable, "-c", program],
    environment=os.environ,
    content=None,
    limit_s=999,
    on_line=lambda line: print(line, flush=True),
)
"""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="util-linux's setpriv is not here")
def test_program_ends_with_a_caller_that_is_killed() -> None:
    """SIGKILL leaves nobody the time to end what runs: the kernel does."""
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with caller:
        assert caller.stdout
        program = int(caller.stdout.readline())
        assert is_running(program)
        os.kill(caller.pid, signal.SIGKILL)
    try:
        wait_until(lambda: not is_running(program))
    finally:
        if is_running(program):
            os.kill(program, signal.SIGKILL)
