"""Bundles of the same model for the runtimes that were not chosen, to be measured beside it."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from twinserve.config.errors import UserError
from twinserve.config.variables import tool_environment
from twinserve.config.yaml_file import parse_yaml, read_yaml
from twinserve.inference.custom import CUSTOM

TREES = Path(".cache/runtimes")
# What the two last stages of the pipeline read, by their names in the working tree.
_READ = (
    "custom",
    "data",
    "evaluation",
    "function",
    "locks",
    "service",
    "twinserve",
)
_EXPORT, _BUNDLE = ("twinserve.training.export",), ("twinserve", "bundle")


def dist_of(runtime: str) -> Path:
    """Folder with both bundles of the trained model under ``serving.runtime: <runtime>``.

    Raises:
        UserError: the model is not trained yet, or that runtime cannot have it.
    """
    return _made(Path.cwd(), runtime, f"runtime: {runtime}")


def dist_unmonitored() -> Path:
    """Folder with both bundles as they are, but for their monitoring, which is off.

    Raises:
        UserError: the model is not trained yet.
    """
    return _made(Path.cwd(), "unmonitored", "monitoring: {enabled: false}", export=False)


def dist_with(own: Path) -> Path:
    """Folder with both bundles as they are, but with the code of this folder for the user's own.

    Raises:
        UserError: the model is not trained yet, or that code cannot be bundled.
    """
    return _made(Path.cwd(), own.name, "{}", export=False, own=own)


@cache
def _made(
    here: Path, name: str, setting: str, *, export: bool = True, own: Path | None = None
) -> Path:
    """Bundles made beside the working tree, with another setting under ``serving``.

    Without ``export`` they hold what the working tree's export has made. ``own`` is what stands in
    for the folder of the user's own code.
    """
    tree = here / TREES / name
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "models").mkdir(parents=True)
    for room in _READ:
        (tree / room).symlink_to(here / room if own is None or room != CUSTOM else own)
    for artifact in ("model.pkl", "model.pkl.sha256") if export else ("model.json", "served"):
        (tree / "models" / artifact).symlink_to(here / "models" / artifact)
    params = read_yaml(here / "params.yaml", "run this from the top of the repository")
    params.setdefault("serving", {}).update(parse_yaml(setting.encode(), "serving"))
    with (tree / "params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(params, file)
    for stage in (_EXPORT, _BUNDLE) if export else (_BUNDLE,):
        done = subprocess.run(
            [sys.executable, "-m", *stage],
            cwd=tree,
            env=tool_environment() | {"PYTHONPATH": str(here)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["it failed"])[-1]
            raise UserError(f"serving.{setting}: {why.removeprefix('error: ')}")
    return tree / "dist"
