"""YAML as DVC reads it: version 1.2, in which ``1e2`` is a number and ``yes`` is a word.

DVC hashes what it reads. Were it read here in another way, a stage would run with other values than
``dvc.lock`` names.
"""

import re
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import CollectionNode, Node

from twinserve.config.card import read_file
from twinserve.config.errors import UserError

_FAULTS = (YAMLError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_MOST_BYTES = 2**18
# A few aliases of aliases stand for more values than a machine can hold.
_MOST_VALUES = 100_000
_MOST_LEVELS = 50
# Some of which may stand in texts.
_MOST_OPEN = 1_000


def read_yaml(path: Path, remedy: str) -> Any:  # noqa: ANN401 - whatever YAML can hold
    """What a YAML file holds.

    Raises:
        UserError: it cannot be read or is not YAML, or holds more or deeper than can be meant.
    """
    return parse_yaml(read_file(path, remedy, _MOST_BYTES), str(path))


def parse_yaml(content: bytes, source: str) -> Any:  # noqa: ANN401 - whatever YAML can hold
    """What a YAML text holds; see ``read_yaml``."""
    return deepcopy(_parse(content, source))


# A command reads params.yaml in several places, for a fiftieth of a second each.
@lru_cache(maxsize=8)
def _parse(content: bytes, source: str) -> Any:  # noqa: ANN401 - whatever YAML can hold
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{content[error.start]:02x}"
        raise UserError(f"{source}: line {line}: found {byte}, expected UTF-8 text") from None
    try:
        _check_brackets(text)
        # Pure Python, as DVC has it too: a parser in C nests on the stack of the machine.
        yaml = YAML(typ="safe", pure=True)
        root = yaml.compose(text)
        if root is None:
            return None
        _check_size(root, source)
        return yaml.constructor.construct_document(root)
    except RecursionError:
        raise UserError(f"{source}: nested deeper than {_MOST_LEVELS} levels") from None
    except _FAULTS as error:
        # Not YAML's own only: a number, say, may have more digits than Python takes.
        raise UserError(f"{source}: not YAML: {' '.join(str(error).split())[:500]}") from None


def _check_brackets(text: str) -> None:
    """Refuse what the parser would take minutes to refuse.

    Raises:
        RecursionError: more lists and mappings than can be meant are open at once.
    """
    depth = 0
    for bracket in re.findall(r"[][{}]", text):
        depth += 1 if bracket in "[{" else -1
        if depth > _MOST_OPEN:
            raise RecursionError


def _check_size(root: Node, source: str) -> None:
    """Count values and levels as if each alias were written out; nothing is written out for it.

    Raises:
        UserError: there are too many, or an alias stands for what it is a part of.
    """
    # By node: values and levels of what it stands for; None while that is being counted.
    known: dict[int, tuple[int, int] | None] = {}

    def measure(part: Node) -> tuple[int, int]:
        if id(part) not in known:
            known[id(part)] = None
            inner = [measure(child) for child in _children(part)]
            values = 1 + sum(count for count, _ in inner)
            known[id(part)] = values, 1 + max((depth for _, depth in inner), default=0)
        size = known[id(part)]
        if size is None:
            line = part.start_mark.line + 1
            raise UserError(f"{source}: line {line}: an alias stands for what it is a part of")
        if size[0] > _MOST_VALUES:
            raise UserError(
                f"{source}: holds more than {_MOST_VALUES:,} values, its aliases written out"
            )
        if size[1] > _MOST_LEVELS:
            raise UserError(f"{source}: nested deeper than {_MOST_LEVELS} levels")
        return size

    measure(root)


def _children(node: Node) -> list[Node]:
    if not isinstance(node, CollectionNode):
        return []
    # A mapping's are pairs.
    return [
        child for item in node.value for child in (item if isinstance(item, tuple) else (item,))
    ]
