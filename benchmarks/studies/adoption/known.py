"""Tables that packages ship, as their files are: nobody has prepared them."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sklearn.datasets import load_diabetes, load_digits

from twinserve.config.variables import tool_environment
from twinserve.targets.environment import ensure_environment

# Beside this package, in no environment of the project's own.
LOCK = Path(__file__).parents[3] / "locks/tables.txt"
_WHERE = "import bokeh_sampledata as data; print(*data.__path__, end='')"


@dataclass(frozen=True, slots=True)
class Known:
    """A table.

    Attributes:
        label: its column that is predicted.
        write: puts its file to a path.
        about: what is in it, in words.
    """

    label: str
    write: Callable[[Path], object]
    about: str


def _shipped(name: str, path: Path) -> None:
    """A file of bokeh-sampledata's."""
    python = ensure_environment(LOCK)
    folder = subprocess.run(
        [python, "-c", _WHERE], env=tool_environment(), capture_output=True, text=True, check=True
    ).stdout
    shutil.copy(Path(folder, "_data", name), path)


def _loaded(load: Callable[..., Any], path: Path) -> None:
    """One of scikit-learn's, whose own files have no names of columns."""
    load(as_frame=True).frame.to_csv(path, index=False)


TABLES: Mapping[str, Known] = {
    "penguins": Known(
        "species",
        partial(_shipped, "penguins.csv"),
        "3 species, categories and gaps",
    ),
    "titanic": Known(
        "survived",
        partial(_shipped, "titanic_all.csv"),
        "yes or no, names, gaps",
    ),
    "cars": Known("mpg", partial(_shipped, "auto-mpg.csv"), "a number, names"),
    "glass": Known("type", partial(_shipped, "forensic_glass.csv"), "6 kinds, one of 9 rows"),
    "diabetes": Known("target", partial(_loaded, load_diabetes), "a number"),
    "digits": Known("target", partial(_loaded, load_digits), "10 digits, 64 columns"),
}
