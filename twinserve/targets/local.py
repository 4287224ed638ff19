"""Both targets as local processes, from their bundles, as Google's platforms start them."""

import subprocess
from functools import partial
from pathlib import Path
from typing import IO

from twinserve.config.errors import UserError
from twinserve.config.layout import REQUIREMENTS_NAME
from twinserve.config.variables import tool_environment
from twinserve.targets.check_headers import check_headers
from twinserve.targets.environment import ensure_environment
from twinserve.targets.native import native_environment
from twinserve.targets.process import ProcessTarget


def local_target(
    name: str,
    bundle: Path,
    interpreter: Path | None = None,
    *,
    port: int = 0,
    output: IO[bytes] | None = None,
) -> ProcessTarget:
    """The target of this name; by this Python, or by another ``interpreter``.

    ``service`` is started by the command of its container, ``function`` by the command and the
    variables of Google's Python buildpack.

    Raises:
        UserError: the bundle or its environment cannot be made ready.
    """
    if not bundle.is_dir():
        raise UserError(f"{bundle}: no bundle there; make it with `dvc repro`")
    python = ensure_environment(bundle / REQUIREMENTS_NAME, interpreter)
    compile_bytecode(python, bundle)
    command: tuple[str, ...] = (str(python), "-m", "service")
    environment = environment_for(python) | native_environment(bundle)
    if name == "function":
        command = (str(python.parent / "functions-framework"),)
        environment |= {"FUNCTION_TARGET": "predict", "FUNCTION_USE_ASGI": "true"}
    headers = check_headers()
    return ProcessTarget(name, command, bundle, environment, port, output, headers=headers)


local_service = partial(local_target, "service")
local_function = partial(local_target, "function")


def environment_for(python: Path) -> dict[str, str]:
    """The variables that a local process gets; none of ours reach it."""
    return {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def compile_bytecode(python: Path, directory: Path) -> None:
    """Compile every module below ``directory``: a container does so too when it is built.

    Raises:
        UserError: with what the compiler said.
    """
    command = [str(python), "-m", "compileall", "-q", str(directory)]
    done = subprocess.run(
        command, env=tool_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UserError(f"{directory}: cannot compile: {' '.join(done.stdout.split())[:500]}")
