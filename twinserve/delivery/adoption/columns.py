"""Which columns a model is given of a table that nobody has described."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from twinserve.config.cells import as_number
from twinserve.config.training import Data, Feature
from twinserve.training.reading.cells import Cells, shown
from twinserve.training.reading.records import Records
from twinserve.training.reading.rule import cells_of, inferred

_DIGITS = re.compile(r"\d+", re.ASCII)
_IDENTIFIER = re.compile(r"(?i:(^|[\W_])(id|key|uuid)$)|[a-z]I[dD]$")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?|\d\d?[./-]\d\d?[./-]\d{2,4}", re.ASCII)
# A currency's sign or code in front of digits, or a unit behind them.
_AFFIXED = re.compile(r"([^\w\s]{1,2}|[A-Z]{3})?\s?[+-]?\d[\d.,' ]*\s?(\D{1,12})?", re.ASCII)
FREE_TEXT = "free text, another in most rows"
_MOST, _FEW_UNITS = 0.8, 3


@dataclass(frozen=True, slots=True)
class Columns:
    """The features, and each column that is left out with the reason."""

    features: Sequence[Feature]
    left_out: Sequence[tuple[str, str]]


def chosen_columns(data: Data, records: Records, *, texts: bool = False) -> Columns:
    """Every column but the label and those from which nothing can be learnt, or served compiled.

    With ``texts`` free text stays, which is not compiled.
    """
    features, left_out = [], []
    for name in records.header:
        if name == data.label:
            continue
        if not name:
            left_out.append(("a column without a name", "an index"))
            continue
        cells = cells_of(data, records, name)
        feature = inferred(cells)
        reason = _useless(cells, feature, texts=texts)
        if reason is None:
            features.append(feature)
        else:
            left_out.append((name, reason))
    return Columns(features, left_out)


def _useless(cells: Cells, feature: Feature, *, texts: bool) -> str | None:
    present = [text for _, text in cells.present()]
    if not present:
        return "empty in each row"
    if len(set(present)) == 1 and not feature.missing:
        return "the same in each row"
    if feature.type == "text":
        kept = texts and not feature.missing
        return _of_text(cells, present) or (None if kept else FREE_TEXT)
    if len(present) == len(cells.texts) and _counts_on(present):
        return "the number of the row"
    if _IDENTIFIER.search(cells.name) and _each_once(present):
        return "an identifier, another in each row"
    return None


def _of_text(cells: Cells, present: Sequence[str]) -> str | None:
    """Why cells of other kinds of text are left out."""
    if all(_DATE.match(text) for text in present):
        return "dates, which are not read as such; a column of the year, say, would be"
    if is_affixed(cells):
        example = shown(next(text for text in present if as_number(cells.data, text) is None))
        return f"numbers with other text ({example}); write the number alone to have it read"
    return None


def is_affixed(cells: Cells) -> bool:
    """Whether most cells are a number with a unit, a currency or a percent sign around it."""
    present = [text for _, text in cells.present()]
    units = [match.groups() for text in present if (match := _AFFIXED.fullmatch(text))]
    return len(units) > _MOST * len(present) and len(set(units)) <= _FEW_UNITS


def _each_once(texts: Sequence[str]) -> bool:
    return len(set(texts)) == len(texts) and all(map(_DIGITS.fullmatch, texts))


def _counts_on(texts: Sequence[str]) -> bool:
    """Whether each is the whole number after the one before."""
    if not texts[0].isascii() or not texts[0].isdigit():
        return False
    first = int(texts[0])
    return all(text == str(number) for number, text in enumerate(texts, start=first))
