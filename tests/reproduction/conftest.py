"""The user's model, reproduced from nothing in a folder of its own.

Where ``training.reproduce`` is ``nightly``, the fit is taken by hash as a push takes it, and all
that judges it runs anew; the night fits it from nothing (``twinserve repro --afresh --locked``).
"""

import shutil
from pathlib import Path

import pytest

from tests.tools import twinserve
from tests.tree import CACHE, ROOT, alone, fetch_table
from twinserve.config.params import PARAMS_PATH, load_params

# What git does not have, or what is made.
MADE = shutil.ignore_patterns(
    ".git", ".venv", ".cache", "prepared", "tmp", "config.local", "__pycache__", ".*_cache",
    ".coverage*", ".hypothesis",
)  # fmt: skip
# Likewise; the engine has folders of the same names.
MADE_AT_TOP = {
    "dist", "engine.json", "reports", "history", "models", "evaluation", "dvc_plots",
}  # fmt: skip


@pytest.fixture(scope="session")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the user's tree without anything that was made, after `delivery repro`."""
    with alone():
        fetch_table()
    tree = tmp_path_factory.mktemp("remade") / "tree"
    shutil.copytree(ROOT, tree, ignore=_ignored, symlinks=True)
    (tree / ".cache").symlink_to(CACHE)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tree), "PYTHONHASHSEED": "1"}
    option = "--locked" if _is_taken() else "--afresh"
    twinserve("repro", option, cwd=tree, env=environment, code=0)
    return tree


def _ignored(folder: str, names: list[str]) -> set[str]:
    made = set(MADE(folder, names))
    if Path(folder) == ROOT:
        made |= MADE_AT_TOP & set(names)
    # DVC's own cache would let it skip every stage; the folder's name is used elsewhere too.
    skipped = Path(folder).name == ".dvc" and not _is_taken()
    return made | ({"cache"} & set(names) if skipped else set())


def _is_taken() -> bool:
    return load_params(ROOT / PARAMS_PATH).training.reproduce == "nightly"
