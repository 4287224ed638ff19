"""All cells in an environment that has every optional library of estimators."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.studies.served.cells import Cell
from benchmarks.studies.served.families import FAMILIES
from twinserve.config.errors import UserError
from twinserve.config.serving import LIBRARIES, LOCKS
from twinserve.config.variables import tool_environment
from twinserve.targets.environment import ensure_environment

_MODULE = "benchmarks.studies.served.cells"
_BASE = "dev"


def cells_with_libraries(families: Sequence[str]) -> Iterator[Cell]:
    """The cells of the families that are named, or of all, as each is made.

    Raises:
        UserError: a family is not known, the environment cannot be made, or a cell ends otherwise
            than by a refusal.
    """
    if unknown := [name for name in families if name not in FAMILIES]:
        raise UserError(f"found {unknown[0]!r}, expected one of: {', '.join(FAMILIES)}")
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        texts = [(LOCKS / f"{name}.txt").read_text("utf-8") for name in (_BASE, *LIBRARIES)]
        requirements.write_text("\n".join(texts), encoding="utf-8")
        python = ensure_environment(requirements)
        command = [str(python), "-m", _MODULE, *families]
        # No locale but C's, as in the endpoints' images: ONNX Runtime asks for one to lower texts.
        environment = tool_environment() | {"LOCPATH": folder}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            for line in process.stdout:
                yield Cell(**json.loads(line))
    if process.returncode:
        raise UserError(f"`python -m {_MODULE}` failed; its own lines above say why")
