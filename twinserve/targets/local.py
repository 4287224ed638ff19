"""Both targets as local processes, from their bundles, as Google's platforms start them."""

import subprocess
from pathlib import Path
from typing import IO

from twinserve.config.errors import UserError
from twinserve.config.layout import REQUIREMENTS_NAME
from twinserve.config.variables import tool_environment
from twinserve.targets.check_headers import check_headers
from twinserve.targets.environment import ensure_environment
from twinserve.targets.native import native_environment
from twinserve.targets.process import ProcessTarget


def local_service(
    bundle: Path,
    *,
    port: int = 0,
    output: IO[bytes] | None = None,
    interpreter: Path | None = None,
) -> ProcessTarget:
    """The service: the command of its container; by this Python, or by another ``interpreter``.

    Raises:
        UserError: the bundle or its environment cannot be made ready.
    """
    python = _ready(bundle, interpreter)
    command = (str(python), "-m", "service")
    environment = environment_for(python) | native_environment(bundle)
    headers = check_headers()
    return ProcessTarget("service", command, bundle, environment, port, output, headers=headers)


def local_function(
    bundle: Path,
    *,
    port: int = 0,
    output: IO[bytes] | None = None,
    interpreter: Path | None = None,
) -> ProcessTarget:
    """The function: the command and the variables of Google's Python buildpack.

    Raises:
        UserError: the bundle or its environment cannot be made ready.
    """
    python = _ready(bundle, interpreter)
    environment = environment_for(python) | native_environment(bundle)
    environment |= {"FUNCTION_TARGET": "predict", "FUNCTION_USE_ASGI": "true"}
    command = (str(python.parent / "functions-framework"),)
    headers = check_headers()
    return ProcessTarget("function", command, bundle, environment, port, output, headers=headers)


def local_target(name: str, bundle: Path, interpreter: Path | None = None) -> ProcessTarget:
    """The target of this name: ``service`` or ``function``.

    Raises:
        UserError: the bundle or its environment cannot be made ready.
    """
    start = local_service if name == "service" else local_function
    return start(bundle, interpreter=interpreter)


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


def _ready(bundle: Path, interpreter: Path | None) -> Path:
    if not bundle.is_dir():
        raise UserError(f"{bundle}: no bundle there; make it with `dvc repro`")
    python = ensure_environment(bundle / REQUIREMENTS_NAME, interpreter)
    compile_bytecode(python, bundle)
    return python
