"""Programs that tests run: those that a machine may not have, those they play, and ours; cases."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

# Of what hangs; nothing is judged by how long it takes.
PATIENCE_S = 900.0
# A case that the night alone takes, of a test whose other cases are quick.
NIGHTLY_CASE = partial(pytest.param, marks=pytest.mark.nightly)


def require(program: str) -> str:
    """The program's path; without it the test is skipped, or fails where ``REQUIRE_TOOLS`` is 1."""
    path = shutil.which(program)
    if path is None:
        do_without(f"{program} is not on the PATH")
    return path


def do_without(reason: str) -> NoReturn:
    """Skip the test for this reason, or fail it where ``REQUIRE_TOOLS`` is 1."""
    if os.environ.get("REQUIRE_TOOLS") == "1":
        pytest.fail(f"{reason}, and REQUIRE_TOOLS=1 asks for it")
    pytest.skip(reason)


def write_program(path: Path, text: str) -> None:
    """Put a program there; a text that names no interpreter is run by this Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if text.startswith("#!") else f"#!{sys.executable}\n{text}")
    path.chmod(0o755)


def covered() -> dict[str, str]:
    """The variables that have a subprocess's coverage counted too."""
    return {name: text for name, text in os.environ.items() if "COVERAGE" in name}


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    code: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command that reads nothing; what it prints is kept, and its exit code may be asked for.

    Its coverage is counted, whatever else its environment is. The rest is as ``subprocess`` has it.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        env=None if env is None else {**covered(), **env},
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert code in {None, done.returncode}, f"{command}\n{done.stdout}{done.stderr}"
    return done


def twinserve(
    *words: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    code: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the project's own command, likewise."""
    return run([sys.executable, "-m", "twinserve", *words], cwd=cwd, env=env, code=code)


def wait_until(condition: Callable[[], object]) -> None:
    """Ask until the condition holds; fails where it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether a process is there, and not only its number, of which nobody has taken note yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
    except OSError:
        return False
    return state[0] != "Z"
