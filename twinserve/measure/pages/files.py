"""The files of a report: JSON for programs, Markdown to quote, HTML to look at."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twinserve.measure.pages.render import render


def write_files(
    directory: Path,
    name: str,
    document: Any,  # noqa: ANN401 - any dataclass
    content: Mapping[str, Any],
    *,
    template: str | None = None,
) -> Path:
    """Write ``name.json`` from the document, ``name.md`` and ``name.html`` from their templates.

    Returns the HTML page's path. ``template`` is the templates' name where it is not the files'.
    """
    write_json(directory, name, document)
    for suffix in ("md", "html"):
        text = render(f"{template or name}.{suffix}.j2", content)
        (directory / f"{name}.{suffix}").write_text(text, encoding="utf-8")
    return directory / f"{name}.html"


def write_json(directory: Path, name: str, document: Any) -> Path:  # noqa: ANN401 - any dataclass
    """Write ``name.json``; its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.json"
    path.write_text(to_json(document), encoding="utf-8")
    return path


def to_json(document: Any) -> str:  # noqa: ANN401 - any dataclass
    """A dataclass as JSON; numbers to the microsecond, beyond which is noise."""
    return json.dumps(rounded(asdict(document)), indent=2, allow_nan=False) + "\n"


def rounded(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The same with every number to three places."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: rounded(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(member) for member in value]
    return value
