"""The Pythons that the project is for, as ``pyproject.toml`` says.

``requires-python`` names the oldest, which every lock is for and which builds, images and the
function run; the classifiers name all that it is tried on. Needs nothing installed.
"""

import re
import tomllib
from pathlib import Path

from twinserve.config.errors import UserError

PROJECT = Path("pyproject.toml")
_OLDEST = re.compile(r">=\s*(3\.\d+)")
_TRIED = re.compile(r"Programming Language :: Python :: (3\.\d+)")


def oldest_python(tree: Path = Path()) -> str:
    """The oldest, such as 3.11.

    Raises:
        UserError: it is written otherwise.
    """
    written = str(_project(tree).get("requires-python"))
    match = _OLDEST.fullmatch(written)
    if match is None:
        raise UserError(f'{PROJECT}: requires-python is {written!r}; expected such as ">=3.11"')
    return match[1]


def tried_pythons(tree: Path = Path()) -> tuple[str, ...]:
    """All that the classifiers name, in their order."""
    listed = _project(tree).get("classifiers")
    matches = [_TRIED.fullmatch(str(text)) for text in listed] if isinstance(listed, list) else []
    return tuple(match[1] for match in matches if match)


def _project(tree: Path) -> dict[str, object]:
    content = tomllib.loads((tree / PROJECT).read_text(encoding="utf-8"))
    project: dict[str, object] = content.get("project", {})
    return project
