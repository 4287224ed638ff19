"""The main job on this machine: reproduce, serve both bundles, check, measure, report."""

import argparse
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from twinserve.config.card import Card, load_card
from twinserve.config.layout import CARD_NAME
from twinserve.config.params import load_params
from twinserve.contract.check import check_contract
from twinserve.delivery.bundle.assembly import DIST, read_bundle_hash
from twinserve.delivery.bundle.identity import current_commit
from twinserve.delivery.bundle.reproduce import reproduce
from twinserve.delivery.console import say_step
from twinserve.delivery.probe.measurement import judge, take_measurement
from twinserve.measure.history.document import measurement_of
from twinserve.measure.history.places import open_history
from twinserve.measure.run.report import Checked, write_report
from twinserve.measure.run.results import Origin
from twinserve.measure.run.terminal import cost_line, summary_table
from twinserve.targets.local import local_function, local_service
from twinserve.targets.protocol import Target
from twinserve.targets.ready import wait_until_predicting

REPORTS = Path("reports")
STEPS = 5
# Tables are made for the narrowest terminal that people use.
WIDTH = 80


def run(_arguments: argparse.Namespace) -> None:
    """See ``rehearse``."""
    rehearse()


def rehearse() -> None:
    """Do all of it; stops at the first step that fails.

    Raises:
        UserError: a stage, a case of the contract or a latency budget failed.
    """
    console = Console(highlight=False)
    began = time.monotonic()
    say_step(console, 1, STEPS, "reproduce the model and both bundles (dvc repro)")
    reproduce()
    card = load_card(DIST / "service" / CARD_NAME)
    bundle = read_bundle_hash(DIST / "service")
    say_step(console, 2, STEPS, f"install what bundle {bundle[:12]} locks, each target for itself")
    targets = (local_service(DIST / "service"), local_function(DIST / "function"))
    say_step(console, 3, STEPS, "start both and hold them to the contract, over HTTP")
    checked = _check(console, targets, card)
    say_step(console, 4, STEPS, "measure: cold starts, latency at a fixed rate, throughput, memory")
    params = load_params()
    origin = Origin("local", current_commit())
    results = take_measurement(console, targets, card, bundle, params.measurement, origin)
    say_step(console, 5, STEPS, "write the report")
    page = write_report(results, card, [checked], REPORTS)
    console.print()
    console.print(summary_table(results), width=min(console.width, WIDTH))
    console.print(cost_line(card, results), markup=False, soft_wrap=True)
    console.print(f"report: {page} (and .md, .json)")
    kept = open_history(params.history.local).append(measurement_of(results))
    console.print(f"kept: {kept}; `make history` draws what is kept over time")
    console.print(f"done in {time.monotonic() - began:.0f} s")
    judge(results)


def _check(console: Console, targets: Sequence[Target], card: Card) -> Checked:
    with ExitStack() as stack:
        endpoints = [stack.enter_context(target.start()) for target in targets]
        body = json.dumps({"features": card.golden[0].features}).encode()
        for endpoint in endpoints:
            wait_until_predicting(endpoint, body)
            console.print(f"      {endpoint.name:<9} {endpoint.url}")
        check = check_contract(endpoints, DIST / "service" / CARD_NAME)
    console.print(f"      {check.passed} cases passed")
    return Checked("Cases of the contract, on both targets", check.passed)
