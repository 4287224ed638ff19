"""Which columns a model is given of a table that nobody has described."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinserve.config.training import Data, Feature
from twinserve.training.reading.cells import Cells
from twinserve.training.reading.records import Records
from twinserve.training.reading.rule import cells_of, inferred


@dataclass(frozen=True, slots=True)
class Columns:
    """The features, and each column that is left out with the reason."""

    features: Sequence[Feature]
    left_out: Sequence[tuple[str, str]]


def chosen_columns(data: Data, records: Records) -> Columns:
    """Every column but the label and those from which nothing can be learnt, or served compiled."""
    features, left_out = [], []
    for name in records.header:
        if name == data.label:
            continue
        if not name:
            left_out.append(("a column without a name", "an index"))
            continue
        cells = cells_of(data, records, name)
        feature = inferred(cells)
        reason = _useless(cells, feature)
        if reason is None:
            features.append(feature)
        else:
            left_out.append((name, reason))
    return Columns(features, left_out)


def _useless(cells: Cells, feature: Feature) -> str | None:
    present = [text for _, text in cells.present()]
    if not present:
        return "empty in each row"
    if len(set(present)) == 1 and not feature.missing:
        return "the same in each row"
    if feature.type == "text":
        return "free text, another in most rows"
    if len(present) == len(cells.texts) and _counts_on(present):
        return "the number of the row"
    return None


def _counts_on(texts: Sequence[str]) -> bool:
    """Whether each is the whole number after the one before."""
    if not texts[0].isascii() or not texts[0].isdigit():
        return False
    first = int(texts[0])
    return all(text == str(number) for number, text in enumerate(texts, start=first))
