"""Small tables of each kind, drawn from a seed."""

import csv
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ROWS = 180
CLASSES = ("low", "middle", "high")
LABEL = "label"
_WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord")
_ISLANDS = {"Biscoe": 0.0, "Dream": 1.0, "Torgersen": 2.0}
_ZONES = {10: 0.0, 20: 0.5, 40: 1.5}
_GAPS = 0.15


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of table.

    Attributes:
        about: as the head of a column says it.
        columns: what it has besides two columns of numbers.
        gaps: whether cells are empty, in columns of every kind.
    """

    about: str
    columns: Sequence[str] = ()
    gaps: bool = False


KINDS: Mapping[str, Kind] = {
    "numbers": Kind("numbers"),
    "gaps": Kind("numbers with gaps", gaps=True),
    "categories": Kind("categories", ("island", "zone", "tame")),
    "category-gaps": Kind("categories with gaps", ("island", "zone", "tame"), gaps=True),
    "text": Kind("text", ("words",)),
}
_TYPES: Mapping[str, Mapping[str, Any]] = {
    "island": {"type": "category", "values": [*_ISLANDS]},
    "zone": {"type": "category", "values": [*_ZONES]},
    "tame": {"type": "boolean"},
    "words": {"type": "text"},
}


def features(kind: Kind) -> list[dict[str, Any]]:
    """The columns, as ``data.features`` of params.yaml has them."""
    gaps = {"missing": True} if kind.gaps else {}
    names = ("width", "depth", *kind.columns)
    return [{"name": name, **_TYPES.get(name, {}), **gaps} for name in names]


def drawn(kind: Kind, *, regression: bool) -> str:
    """The table as CSV; its label is a class, or a number."""
    draw = random.Random(5)  # noqa: S311 - a table, not a secret
    rows, sums = [], []
    for _ in range(ROWS):
        cells, total = _row(kind, draw)
        rows.append(["" if kind.gaps and draw.random() < _GAPS else cell for cell in cells])
        sums.append(total + draw.gauss(0, 0.4))
    ends = [sorted(sums)[ROWS // 3], sorted(sums)[2 * ROWS // 3]]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(feature["name"] for feature in features(kind)), LABEL])
    for cells, total in zip(rows, sums, strict=True):
        label = f"{total:.3f}" if regression else CLASSES[sum(total > end for end in ends)]
        writer.writerow([*cells, label])
    return text.getvalue()


def _row(kind: Kind, draw: random.Random) -> tuple[list[str], float]:
    """The cells of a row, and what they add up to."""
    width, depth = round(draw.gauss(3, 1), 2), round(draw.gauss(0, 1), 2)
    cells, total = [str(width), str(depth)], width + depth
    for name in kind.columns:
        match name:
            case "island":
                value, weight = draw.choice([*_ISLANDS.items()])
            case "zone":
                number, weight = draw.choice([*_ZONES.items()])
                value = str(number)
            case "tame":
                value, weight = draw.choice([("yes", 0.5), ("no", 0.0)])
            case _:
                words = draw.sample(_WORDS, 3)
                value, weight = " ".join(words), 1.0 * ("amber" in words)
        cells.append(value)
        total += weight
    return cells, total
