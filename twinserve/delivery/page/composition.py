"""One HTML file from the card, the template, the style and the scripts."""

import re
from html import escape
from pathlib import Path
from string import Template

from twinserve.config.card import Card
from twinserve.config.params import Params
from twinserve.delivery.page import card_sections, form
from twinserve.delivery.page.columns import columns_of
from twinserve.delivery.page.drawings import spread
from twinserve.delivery.page.evaluation import Evaluation

SOURCES = Path(__file__).parent / "sources"
# In the order in which each uses those before it.
SCRIPTS = (
    "document.js",
    "values.js",
    "asking.js",
    "answer.js",
    "timing.js",
    "snippets.js",
    "csv.js",
    "batch.js",
    "start.js",
)


def compose(card: Card, params: Params, evaluation: Evaluation) -> bytes:
    """The page: the same bytes for the same card, parameters and evaluation."""
    columns = columns_of(card)
    target = card.target
    filled = Template(_source("page.html")).substitute(
        name=escape(card.name),
        version=escape(card.version),
        sentence=escape(_sentence(card, params, len(columns))),
        label=escape(params.data.label),
        fields=form.fields(columns),
        examples=form.examples(card, columns),
        answered=spread(target) if target is not None else "",
        figures=card_sections.figures(card),
        classes=card_sections.classes(card),
        judged=card_sections.judged(card, evaluation),
        features=card_sections.features(card, evaluation),
        lineage=card_sections.lineage(card),
        data=form.script_data(card, columns, params),
        style=_style(),
        script=_script(),
    )
    return filled.encode()


def _sentence(card: Card, params: Params, width: int) -> str:
    predicted = params.data.label
    if card.classes:
        named = card.classes[:5]
        more = f" and {len(card.classes) - len(named)} more" * (len(card.classes) > len(named))
        predicted += f" ({', '.join(named)}{more})"
    columns = "1 column" if width == 1 else f"{width} columns"
    return f"Predicts {predicted} from {columns}."


def _style() -> str:
    """The style without the spaces that say nothing, in its lines and around its marks."""
    lines = "".join(line.strip() for line in _source("page.css").splitlines())
    return re.sub(r"\s*([{};,]|:(?= ))\s*", r"\1", lines).replace(";}", "}")


def _script() -> str:
    """All scripts as one, in a scope of their own, without comments and indentation.

    So a text in them ends in the line in which it begins.
    """
    lines = [line.strip() for name in SCRIPTS for line in _source(name).splitlines()]
    kept = "\n".join(line for line in lines if line and not line.startswith(("//", "/**")))
    return f'(() => {{\n"use strict";\n{kept}\n}})();'


def _source(name: str) -> str:
    return (SOURCES / name).read_text(encoding="utf-8")
