"""Which metrics and parameters two trees have, as committed, and where they differ."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinserve.config.yaml_file import parse_yaml
from twinserve.review.report import MOST_ROWS, ModelChange, ValueChange

METRICS = Path("evaluation/metrics.json")
PARAMS = Path("params.yaml")
CARD = Path("models/model.json")
LONGEST = 200
LONGEST_NAME = 120
# What a name in a report may not hold: a class or a column may be called anything.
UNUSUAL = re.compile(r"[^A-Za-z0-9_.:/\[\] -]|^[^A-Za-z0-9_]")


def metric_changes(base: Path, head: Path) -> tuple[ValueChange, ...]:
    """The metrics that differ; both trees have been reproduced."""
    return _changes(*(json.loads(_text(tree / METRICS, "{}")) for tree in (base, head)))


def param_changes(base: Path, head: Path) -> tuple[ValueChange, ...]:
    """The parameters that differ."""
    return _changes(*(_params(tree / PARAMS) for tree in (base, head)))


def model_change(base: Path, head: Path) -> ModelChange:
    """Which artifacts differ; both trees have been reproduced.

    Cards are read as they are: the base's may be of another version of the engine.
    """
    old, new = (json.loads(_text(tree / CARD, "{}")) for tree in (base, head))
    before, after = old.get("artifacts", {}), new.get("artifacts", {})
    differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return ModelChange(
        base_version=old.get("version"),
        head_version=str(new.get("version", "")),
        artifacts=tuple(sorted(differing)) if old else (),
    )


def _params(path: Path) -> Any:  # noqa: ANN401 - whatever YAML can hold
    return parse_yaml(_text(path, "{}").encode(), str(PARAMS))


def _text(path: Path, default: str) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else default


def _changes(base: Mapping[str, Any], head: Mapping[str, Any]) -> tuple[ValueChange, ...]:
    old, new = _flat(base), _flat(head)
    names = list(dict.fromkeys([*old, *new]))
    differing = [name for name in names if old.get(name) != new.get(name)]
    return tuple(
        ValueChange(name=name, base=old.get(name), head=new.get(name))
        for name in differing[:MOST_ROWS]
    )


def _flat(content: object, prefix: str = "") -> dict[str, str]:
    """Leaves by their path, ``a.b[0]``, as JSON text."""
    if isinstance(content, Mapping) and content:
        flat: dict[str, str] = {}
        for key, value in content.items():
            flat |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
        return flat
    if isinstance(content, list) and content:
        return {
            name: text
            for place, value in enumerate(content)
            for name, text in _flat(value, f"{prefix}[{place}]").items()
        }
    if not prefix:
        return {}
    prefix = UNUSUAL.sub("_", prefix)[:LONGEST_NAME]
    text = content if isinstance(content, str) else json.dumps(content)
    return {prefix: text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"}
