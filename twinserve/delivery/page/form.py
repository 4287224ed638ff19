"""The page's form: a field for each column, and what its script has to know of them."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from twinserve.config.card import Card, Feature
from twinserve.config.params import Params
from twinserve.delivery.page.columns import examples_of, left_out
from twinserve.delivery.page.drawings import spread

# Closed lists with more values are typed, with suggestions, rather than chosen.
_MOST_CHOICES = 30
# With more columns the form is a long one, and goes without drawings.
_MOST_DRAWN = 40
# Of the values that are known where others are taken too.
_MOST_SHOWN = 6
_BOOLEANS = ("true", "false")


def fields(columns: Sequence[Feature]) -> str:
    """The fields, each with its label, a hint and a place for what is wrong with its value."""
    drawn = len(columns) <= _MOST_DRAWN
    return "\n".join(_field(place, column, drawn=drawn) for place, column in enumerate(columns))


def examples(card: Card, columns: Sequence[Feature]) -> str:
    """A button for each row that can be filled in."""
    return "\n".join(
        f'<button type="button" class="chip" data-example="{place}">{escape(name)}</button>'
        for place, (name, _) in enumerate(examples_of(card, columns))
    )


def script_data(card: Card, columns: Sequence[Feature], params: Params) -> str:
    """What the script knows of the model, as JSON that may stand within a script element."""
    data = params.data
    content: dict[str, Any] = {
        "version": card.version,
        "classes": card.classes,
        "unit": "" if card.target is None else card.target.unit,
        "label": data.label,
        "columns": [_known(column, out=column.name in left_out(card)) for column in columns],
        "examples": [row for _, row in examples_of(card, columns)],
        "named": "before" in card.steps,
        "include": included(card),
        "limits": {"rows": params.serving.max_rows, "bytes": params.serving.max_batch_bytes},
        "table": {
            "separator": data.separator,
            "decimal": data.decimal,
            "thousands": data.thousands,
            "gaps": data.missing_values,
            "encoding": data.encoding,
        },
    }
    if card.target is not None:
        content["target"] = [card.target.minimum, card.target.maximum]
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")


def included(card: Card) -> list[str]:
    """The words to ask for beside the prediction: the label, and probabilities if there are any."""
    if not card.classes:
        return []
    # Only of an estimator that tells probabilities is there such a figure.
    return ["label", "probabilities"] if "log_loss" in card.metrics else ["label"]


def _known(column: Feature, *, out: bool) -> dict[str, Any]:
    known: dict[str, Any] = {"name": column.name, "type": column.type}
    if out:
        known["out"] = True
    if column.missing:
        known["missing"] = True
    if column.type == "number" and column.maximum > column.minimum:
        known["range"] = [column.minimum, column.maximum]
    if column.values:
        known["values"] = list(column.values)
    if column.unknown:
        known["unknown"] = True
    return known


def _field(place: int, column: Feature, *, drawn: bool) -> str:
    unit = f' <span class="unit">{escape(column.unit)}</span>' if column.unit else ""
    drawing = spread(column) if drawn and column.type == "number" else ""
    hint = hint_of(column)
    return (
        f'<div class="field"><label for="f{place}">{escape(column.name)}{unit}</label>\n'
        f"{_control(place, column)}{drawing}\n"
        f'<p class="hint" id="h{place}">{escape(hint)}</p><p class="wrong" id="e{place}"></p></div>'
    )


def _control(place: int, column: Feature) -> str:
    attributes = f'id="f{place}" data-place="{place}" aria-describedby="h{place} e{place}"'
    if not column.missing:
        attributes += ' aria-required="true"'
    choices = _BOOLEANS if column.type == "boolean" else [str(value) for value in column.values]
    if choices and not column.unknown and len(choices) <= _MOST_CHOICES:
        none = "no value" if column.missing else "choose"
        names = map(escape, choices)
        options = "".join(f'<option value="{name}">{name}</option>' for name in names)
        return f'<select {attributes}><option value="">{none}</option>{options}</select>'
    attributes += ' autocomplete="off" spellcheck="false"'
    if column.missing:
        attributes += ' placeholder="no value"'
    if column.type == "text":
        # A text may have lines.
        return f'<textarea {attributes} rows="2"></textarea>'
    if column.type == "number" and column.minimum >= 0:
        # Of the keys of a telephone these have no minus.
        attributes += ' inputmode="decimal"'
    if choices:
        options = "".join(f'<option value="{escape(choice)}"></option>' for choice in choices)
        return f'<input {attributes} list="l{place}"><datalist id="l{place}">{options}</datalist>'
    return f"<input {attributes}>"


def hint_of(column: Feature) -> str:
    """What may be given, in a few words."""
    gap = ", or nothing" if column.missing else ""
    match column.type:
        case "number":
            if column.maximum > column.minimum:
                return f"{column.minimum:g} to {column.maximum:g} in the table{gap}"
            return f"a number{gap}"
        case "boolean":
            return f"true or false{gap}"
        case "text":
            return f"any text{gap}"
    if not column.unknown:
        return f"one of {len(column.values)}{gap}"
    shown = ", ".join(str(value) for value in column.values[:_MOST_SHOWN])
    more = ", …" * (len(column.values) > _MOST_SHOWN)
    return f"{shown}{more}; others are taken too{gap}"
