"""``twinserve support``: what goes out of support soon, or was looked up too long ago.

Nothing is asked of anybody: the dates are those of ``support.json`` beside this and of the price
table, each with its day and source; `twinserve renew tools` looks them up anew.
"""

import argparse
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.params import Params, load_params
from twinserve.delivery.cloud.doctor.ends import Ends, Support, read_support
from twinserve.delivery.cloud.doctor.finding import Finding, fine, warn
from twinserve.targets.github.issue import Issue

DOCKERFILE = Path("service/Dockerfile")
AHEAD = timedelta(days=90)
LABEL = "support"
MARKER = "<!-- twinserve: support -->"
TITLE = "Something goes out of support"
_BASE = re.compile(r"^ARG BASE_IMAGE=python:(\d+\.\d+)", re.MULTILINE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take whether GitHub is to be told."""
    parser.add_argument("--tell", action="store_true", help="keep one issue, in a workflow")


def run(arguments: argparse.Namespace) -> None:
    """Say each finding; tell GitHub if that was asked for.

    Raises:
        UserError: GitHub refuses.
    """
    findings = supported()
    for finding in findings:
        print(finding.line)
    if arguments.tell:
        print(_tell([finding for finding in findings if finding.cure]))


def supported(today: date | None = None) -> list[Finding]:
    """Python, the function's runtime, and the age of what was looked up."""
    day = today or datetime.now(UTC).date()
    findings = list(_findings(load_params(), read_support(), day))
    return findings or [fine("support", "everything has more than 90 days")]


def _findings(params: Params, support: Support, today: date) -> Iterator[Finding]:
    base = _BASE.search(DOCKERFILE.read_text(encoding="utf-8"))
    runtime = params.deployment.function.base_image
    asked: Mapping[str, tuple[str, Ends, str]] = {
        "the service's Python": (
            base.group(1) if base else "", support.python, "docs/renewing.md, Another Python",
        ),
        "the function's runtime": (
            runtime, support.runtimes, "deployment.function.base_image in params.yaml",
        ),
    }  # fmt: skip
    for subject, (version, ends, cure) in asked.items():
        last = ends.ends.get(version)
        if last is None:
            told = f"{version or 'unknown'}: {ends.source} had no date for it"
            yield warn(subject, f"{told} on {support.as_of}", "twinserve renew tools")
        elif last <= today:
            yield warn(subject, f"{version} is out of support since {last} ({ends.source})", cure)
        elif last - today <= AHEAD:
            told = f"{version} goes out of support on {last} ({ends.source})"
            yield warn(subject, told, cure)
    oldest = timedelta(days=params.renewal.max_age_days)
    prices = params.prices
    looked = {
        "prices": (date.fromisoformat(prices.as_of), prices.source),
        "dates of support": (support.as_of, support.python.source),
    }
    for subject, (day, source) in looked.items():
        if today - day > oldest:
            told = f"looked up on {day}, more than {oldest.days} days ago ({source})"
            yield warn(subject, told, "twinserve renew tools")


def _tell(findings: list[Finding]) -> str:
    repository = os.environ.get("GITHUB_REPOSITORY")
    if not repository or not os.environ.get("GH_TOKEN"):
        raise UserError("set GITHUB_REPOSITORY and GH_TOKEN, as nightly.yml does")
    issue = Issue(repository, LABEL, MARKER)
    if findings:
        lines = "\n".join(
            f"- {finding.subject}: {finding.told}: {finding.cure}" for finding in findings
        )
        return issue.say(TITLE, f"{lines}\n")
    number = issue.find()
    return "no issue is open" if number is None else issue.close(number, "All is supported.")
