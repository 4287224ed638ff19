"""Changes of single values in a YAML text; every other byte, comments too, stays as it is."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node

# A key that is to go.
ABSENT = object()
_STEP = 2


def edited(text: str, changes: Mapping[Sequence[str], Any]) -> str:
    """The text with values put in the places of dotted keys; a new key goes to its section's end.

    A list of mappings is written a line an item, everything else in one line.

    Raises:
        KeyError: the section of a key is not there, or is no mapping.
    """
    for path, value in changes.items():
        text = _edited(text, path, value)
    return text


def _edited(text: str, path: Sequence[str], value: Any) -> str:  # noqa: ANN401 - YAML's
    *sections, last = path
    node = YAML(typ="safe", pure=True).compose(text)
    for place, name in enumerate(sections, start=1):
        node = _member(node, name)[1]
        if isinstance(node, MappingNode) and node.flow_style:
            return _edited_in_line(text, node, path[place:], value)
    if not isinstance(node, MappingNode) or not node.value:
        raise KeyError(".".join(path))
    indent = node.value[0][0].start_mark.column
    pair = next(((key, child) for key, child in node.value if key.value == last), None)
    if value is ABSENT:
        if pair is None:
            return text
        start = pair[0].start_mark.index - indent
        return text[:start] + text[_line_end(text, _end(pair[1])) :]
    written = f"{' ' * indent}{last}:{_written(value, indent)}"
    if pair is None:
        at = _line_end(text, _end(node))
        return f"{text[:at]}{written}\n{text[at:]}"
    # What follows on the line, a comment, is of the key and stays.
    return text[: pair[0].start_mark.index - indent] + written + text[_end(pair[1]) :]


def _edited_in_line(text: str, node: MappingNode, path: Sequence[str], value: Any) -> str:  # noqa: ANN401 - YAML's
    """The text with one member of ``{…}`` changed, which is written anew in its place."""
    start, end = node.start_mark.index, node.end_mark.index
    whole = YAML(typ="safe", pure=True).load(text[start:end])
    *sections, last = path
    section = whole
    for name in sections:
        section = section[name]
        if not isinstance(section, dict):
            raise KeyError(name)
    if value is ABSENT:
        section.pop(last, None)
    else:
        section[last] = value
    return f"{text[:start]}{_in_a_line(whole)}{text[end:]}"


def _member(node: Node | None, name: str) -> tuple[Node, Node]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == name:
                return key, value
    raise KeyError(name)


def _end(node: Node) -> int:
    """Where the node's text ends, without the comments and blank lines that follow a block."""
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    return end


def _line_end(text: str, at: int) -> int:
    """Behind the end of the line."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _written(value: Any, indent: int) -> str:  # noqa: ANN401 - YAML's
    """A value behind its key."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        lines = [f"\n{' ' * (indent + _STEP)}- {_in_a_line(item)}" for item in value]
        return "".join(lines)
    return f" {_in_a_line(value)}"


def _in_a_line(value: Any) -> str:  # noqa: ANN401 - YAML's
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 2**20
    yaml.allow_unicode = True
    text = io.StringIO()
    # A scalar of its own would be followed by the document's end.
    yaml.dump(_flowing([value]), text)
    return text.getvalue().strip()[1:-1]


def _flowing(value: Any) -> Any:  # noqa: ANN401 - YAML's
    made: CommentedMap | CommentedSeq
    if isinstance(value, dict):
        made = CommentedMap({key: _flowing(item) for key, item in value.items()})
    elif isinstance(value, list | tuple):
        made = CommentedSeq([_flowing(item) for item in value])
    else:
        return value
    made.fa.set_flow_style()
    return made
