"""Make ``docs/comparison.md`` and its page: service and function, from figures and nothing else."""

import argparse
from pathlib import Path
from typing import Any

from twinserve.comparison import facts as known
from twinserve.comparison.advice import billing, choices
from twinserve.comparison.bills import assumptions, idle_table, month_table, price_facts
from twinserve.comparison.facts import Facts
from twinserve.comparison.lifecycle import LIFE
from twinserve.comparison.table import targets_table
from twinserve.config.params import Params, load_params
from twinserve.measure.pages.render import readable_time, render

PAGE = Path("docs/comparison.md")
HTML = Path("reports/comparison.html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take whether to take the facts anew."""
    parser.add_argument(
        "--take",
        action="store_true",
        help=f"from the last measurement and the bundles, into {known.SNAPSHOT}",
    )


def run(arguments: argparse.Namespace) -> None:
    """Make both pages.

    Raises:
        UserError: there are no facts, or what they are taken from is not there.
    """
    if arguments.take:
        known.save(known.take())
        print(known.SNAPSHOT)
    facts, params = known.load(), load_params()
    for path, content in ((PAGE, markdown(facts, params)), (HTML, html(facts, params))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        print(path)


def markdown(facts: Facts, params: Params) -> str:
    """The page for the repository."""
    return render("comparison.md.j2", _content(facts, params))


def html(facts: Facts, params: Params) -> str:
    """The page for a browser."""
    return render("comparison.html.j2", _content(facts, params))


def _content(facts: Facts, params: Params) -> dict[str, Any]:
    return {
        "title": "Service or function",
        "facts": facts,
        "taken_at": readable_time(facts.taken_at),
        "prices": params.prices,
        "model": f"{facts.model} {facts.version}, {facts.estimator}, served as {facts.served}",
        "targets": targets_table(facts, params),
        "choices": choices(facts, params),
        "billing": billing(facts, params),
        "months": [month_table(side, params) for side in facts.sides],
        "idle": idle_table(facts, params),
        "price_facts": price_facts(params.prices),
        "assumptions": assumptions(facts, params),
        "life": LIFE,
        "snapshot": known.SNAPSHOT,
    }
