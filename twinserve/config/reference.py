"""The JSON Schema of ``params.yaml`` and the page of its keys, both made from the types."""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from twinserve.config.params import Params

SCHEMA = Path("docs/schema/params.json")
PAGE = Path("docs/parameters.md")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_INTRODUCTION = """\
# Parameters

Every key of `params.yaml`. One that is not required may be left out, and then has its default.
[schema/params.json](schema/params.json) is the same as a JSON Schema; the first line of
`params.yaml` names it to editors, which then complete and check keys. `twinserve reference` makes
both from `twinserve/config/`.
"""
_HEAD = "| key | type | default | meaning |\n| --- | --- | --- | --- |\n"

# JSON's types where YAML has other words for them.
_WORDS = {"object": "mapping", "string": "text", "null": "`null`", "boolean": "`true` or `false`"}

Node = Mapping[str, Any]


class _Key(NamedTuple):
    """A key by its dotted name, what the schema says of it, and its default, if it has one."""

    name: str
    node: Node
    default: tuple[Any, ...]


def run(_arguments: argparse.Namespace) -> None:
    """Write both."""
    for path, content in ((SCHEMA, json_schema()), (PAGE, page())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        sys.stdout.write(f"written: {path}\n")


def json_schema() -> str:
    """The JSON Schema of the file."""
    schema = {"$schema": _DIALECT, **_in_lines(Params.model_json_schema())}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """All keys, a table for each section."""
    schema = Params.model_json_schema()
    parts = [_INTRODUCTION]
    for key in _keys(schema, schema, "", ()):
        if "." not in key.name:
            section = _inner(schema, key.node)
            about = f"{_in_a_line(section['description'])}\n\n" if _is_section(section) else ""
            parts.append(f"\n## {key.name}\n\n{about}{_HEAD}")
        if "." in key.name or not _is_section(_inner(schema, key.node)):
            parts.append(_row(schema, key))
    return "".join(parts)


def _in_lines(node: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """The same without line breaks in descriptions, which stand where the source is folded."""
    if isinstance(node, dict):
        return {
            name: _in_a_line(value)
            if name == "description" and isinstance(value, str)
            else _in_lines(value)
            for name, value in node.items()
        }
    return [_in_lines(value) for value in node] if isinstance(node, list) else node


def _keys(schema: Node, section: Node, before: str, given: tuple[Any, ...]) -> Iterator[_Key]:
    """All keys of a section and below it; ``given`` is the section's own default."""
    for name, node in section["properties"].items():
        default = (node["default"],) if "default" in node else ()
        if given and isinstance(given[0], dict) and name in given[0]:
            default = (given[0][name],)
        yield _Key(f"{before}{name}", node, default)
        inner = _inner(schema, node)
        item = _inner(schema, inner.get("items", {}))
        if _is_section(inner):
            yield from _keys(schema, inner, f"{before}{name}.", default)
        elif _is_section(item):
            yield from _keys(schema, item, f"{before}{name}[].", ())


def _inner(schema: Node, node: Node) -> Node:
    """What a reference stands for, and everything else itself."""
    return schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def _is_section(node: Node) -> bool:
    return "properties" in node


def _row(schema: Node, key: _Key) -> str:
    inner = _inner(schema, key.node)
    if _is_section(inner):
        shown = ""
    elif key.default:
        shown = f"`{_value(key.default[0])}`"
    else:
        shown = "required"
    cells = (f"`{key.name}`", _type(schema, key.node), shown, _meaning(schema, key))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _meaning(schema: Node, key: _Key) -> str:
    """A key's own text; the schema leaves it out where the section's is the same."""
    return _in_a_line(key.node.get("description") or _inner(schema, key.node)["description"])


def _in_a_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _type(schema: Node, node: Node) -> str:
    """What a value is, in words."""
    node = _inner(schema, node)
    if "anyOf" in node:
        return " or ".join(_type(schema, branch) for branch in node["anyOf"])
    if "enum" in node:
        return "one of " + ", ".join(f"`{_value(value)}`" for value in node["enum"])
    if node["type"] == "array":
        return f"list of: {_type(schema, node['items'])}"
    kind = "section" if _is_section(node) else _WORDS.get(node["type"], node["type"])
    return f"{kind}{_bounds(node)}"


def _bounds(node: Node) -> str:
    words = {
        "exclusiveMinimum": "over",
        "minimum": "from",
        "exclusiveMaximum": "under",
        "maximum": "to",
    }
    return "".join(f" {word} {_value(node[name])}" for name, word in words.items() if name in node)


def _value(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """A value as one writes it into YAML: no number in powers of ten."""
    if isinstance(value, str):
        return value if re.fullmatch(r"\w[\w./:-]*", value) else json.dumps(value)
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_value(inner)}' for name, inner in value.items())}}}"
    return json.dumps(value)
