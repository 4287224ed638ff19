"""Small changes of the pipeline's files, one at a time, over every line.

A change that leaves the parsed file as it was (a comment, a text that only people read) is none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

# Read by people alone: what they say changes nothing that runs.
TEXTS = {"name", "description"}
NUMBER = re.compile(r"(?<![\w.-])\d+(?![\w.-])")
HEX = re.compile(r"[0-9a-f]{40,64}")
VERSION = re.compile(r"(# v\d+\.\d+\.)(\d+)")
FLAG = re.compile(r"(?<![\w-])--?[a-z][\w-]*")
WORD = re.compile(r"[A-Za-z][\w/-]{2,}")
SWAPS = (
    ("true", "false"),
    ("false", "true"),
    (": read", ": write"),
    (": write", ": read"),
    ("==", "!="),
    ("!=", "=="),
    ("&&", "||"),
    ("||", "&&"),
    ("always()", "success()"),
    ("permissions: {}", "permissions: write-all"),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one file.

    Attributes:
        line: where it is, from 1.
        kind: of change.
        text: of the whole file, changed.
    """

    path: str
    line: int
    kind: str
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        """A line for a table."""
        return f"{self.path}:{self.line}: {self.kind}: {self.before!r} -> {self.after!r}"


def mutants(path: str, text: str) -> Iterator[Mutant]:
    """Every change of one file that makes a difference, each once."""
    lines = text.splitlines()
    seen = {_fingerprint(text)}
    for kind, number, changed in _changes(lines):
        new = "\n".join(changed) + "\n"
        fingerprint = _fingerprint(new)
        if fingerprint is None or fingerprint in seen:
            continue
        seen.add(fingerprint)
        before = lines[number].strip()
        same_length = len(changed) == len(lines)
        after = changed[number].strip() if same_length else ""
        yield Mutant(path, number + 1, kind, before, after, new)


def _changes(lines: list[str]) -> Iterator[tuple[str, int, list[str]]]:
    for number, line in enumerate(lines):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        yield "drop a line", number, lines[:number] + lines[number + 1 :]
        end = _end_of_block(lines, number)
        if end > number + 1:
            yield "drop a block", number, lines[:number] + lines[end:]
        for kind, changed in _line_changes(line):
            yield kind, number, [*lines[:number], changed, *lines[number + 1 :]]


def _end_of_block(lines: list[str], start: int) -> int:
    """Where what belongs to a line ends: a step, a job, a mapping."""
    indent = len(lines[start]) - len(lines[start].lstrip())
    end = start + 1
    while end < len(lines):
        line = lines[end]
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        end += 1
    return end


def _line_changes(line: str) -> Iterator[tuple[str, str]]:
    """Changes within a line; of its comment only the version beside a pin."""
    yield from _pin_changes(line)
    code = line.partition(" # ")[0]
    rest = line[len(code) :]
    yield from ((kind, changed + rest) for kind, changed in _code_changes(code))


def _pin_changes(line: str) -> Iterator[tuple[str, str]]:
    for match in HEX.finditer(line):
        digit = "1" if match[0][-1] == "0" else "0"
        yield "move a pin", line[: match.end() - 1] + digit + line[match.end() :]
        yield "loosen a pin", line[: match.start()] + "main" + line[match.end() :]
    for match in VERSION.finditer(line):
        yield "change a version", line[: match.start(2)] + "99" + line[match.end(2) :]


def _code_changes(code: str) -> Iterator[tuple[str, str]]:
    for old, new in SWAPS:
        if old in code:
            yield f"{old} to {new}", code.replace(old, new, 1)
    for match in NUMBER.finditer(code):
        yield "ten times a number", f"{code[: match.end()]}0{code[match.end() :]}"
    for match in FLAG.finditer(code):
        yield "drop a flag", code[: match.start()] + code[match.end() :]
        yield "change a flag", f"{code[: match.end()]}x{code[match.end() :]}"
    key, colon, value = code.partition(": ")
    if colon and key.strip("- ") in TEXTS:
        return
    for match in WORD.finditer(code, len(key) + len(colon) if colon else 0):
        yield "change a word", f"{code[: match.end()]}x{code[match.end() :]}"
    if value.startswith("[") and "," in value:
        items = value.strip("[]").split(", ")
        for item in items:
            yield "cut from a list", f"{key}: [{', '.join(kept for kept in items if kept != item)}]"


def _fingerprint(text: str) -> str | None:
    """The file as it is understood, pins' versions included; None if it is no YAML any more."""
    try:
        content = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        return None
    if not isinstance(content, Mapping):
        return None
    return repr((_without_texts(content), VERSION.findall(text)))


def _without_texts(content: Any) -> Any:  # noqa: ANN401 - YAML
    if isinstance(content, Mapping):
        return {
            key: _without_texts(value)
            for key, value in content.items()
            if not (key in TEXTS and isinstance(value, str))
        }
    if isinstance(content, list):
        return [_without_texts(member) for member in content]
    return content
