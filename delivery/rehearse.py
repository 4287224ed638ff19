"""The main job on this machine: reproduce, serve both bundles, check, measure, report."""

import json
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from benchmarks.measure import Progress, measure
from benchmarks.report import Checked, write_report
from benchmarks.results import Subject
from benchmarks.terminal import summary_table
from config.card import load_card
from config.layout import CARD_NAME
from config.params import load_params
from delivery.bundle import DIST, read_bundle_hash
from delivery.check import check_contract
from delivery.console import progress
from delivery.reproduce import reproduce
from targets.local import local_function, local_service
from targets.ready import wait_until_answering

REPORTS = Path("reports")
STEPS = 5


def rehearse() -> None:
    """Do all of it; stops at the first step that fails.

    Raises:
        UserError: a stage, a case of the contract or a latency budget failed.
    """
    console = Console(highlight=False)
    began = time.monotonic()
    _say(console, 1, "reproduce the model and both bundles (dvc repro)")
    reproduce()
    card_path = DIST / "service" / CARD_NAME
    card = load_card(card_path)
    bundle = read_bundle_hash(DIST / "service")
    _say(console, 2, f"install what bundle {bundle[:12]} locks, for each target by itself")
    targets = (local_service(DIST / "service"), local_function(DIST / "function"))
    _say(console, 3, "start both and hold them to the contract, over HTTP")
    with ExitStack() as stack:
        endpoints = [stack.enter_context(target.start()) for target in targets]
        for endpoint in endpoints:
            wait_until_answering(endpoint)
            console.print(f"      {endpoint.name:<9} {endpoint.url}")
        check = check_contract(endpoints, card_path)
    console.print(f"      {check.passed} cases pass")
    _say(console, 4, "measure cold starts, latency at a fixed rate, throughput and memory")
    body = json.dumps({"features": card.golden[0].features}).encode()
    subject = Subject(card.name, card.version, (("service", bundle), ("function", bundle)))
    with _progress(console) as progress:
        results = measure(targets, body, load_params().measurement, subject, progress)
    _say(console, 5, "write the report")
    print(card, results, check, Checked, write_report, summary_table, time.monotonic() - began)


def _say(console: Console, number: int, what: str) -> None:
    console.print(f"[bold]\\[{number}/{STEPS}][/bold] {what}")
