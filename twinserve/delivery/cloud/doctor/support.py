"""``twinserve support``: what goes out of support soon, is old, or was taken back by its makers.

The dates are those of ``support.json`` beside this and of the price table, each with its day and
source; `twinserve renew tools` looks them up anew. Of packages the index is asked.
"""

import argparse
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from twinserve.config.params import Params, load_params
from twinserve.delivery.bundle.yanked import find_yanked
from twinserve.delivery.cloud.doctor.ends import Ends, Support, read_support
from twinserve.delivery.cloud.doctor.finding import Finding, asked, fine, warn
from twinserve.targets.github.issue import Issue
from twinserve.targets.github.workflow import repository_to_tell

DOCKERFILE = Path("service/Dockerfile")
AHEAD = timedelta(days=90)
LABEL = "support"
MARKER = "<!-- twinserve: support -->"
TITLE = "Something goes out of support"
RENEW = "twinserve renew tools"
MOST_ROOMS = 3
_BASE = re.compile(r"^ARG BASE_IMAGE=(\S+)$", re.MULTILINE)
_PYTHON = re.compile(r"python:(\d+\.\d+)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take whether GitHub is to be told."""
    parser.add_argument("--tell", action="store_true", help="keep one issue, in a workflow")


def run(arguments: argparse.Namespace) -> None:
    """Say each finding; tell GitHub if that was asked for.

    Raises:
        UserError: GitHub refuses.
    """
    findings = [*supported(), *asked("packages", kept)]
    for finding in findings:
        print(finding.line)
    if arguments.tell:
        print(_tell([finding for finding in findings if finding.cure]))


def supported(today: date | None = None) -> list[Finding]:
    """Python, the function's runtime, the base image, and the age of what was looked up."""
    day = today or datetime.now(UTC).date()
    params, support = load_params(), read_support()
    findings = [*_ending(params, support, day), *_old(params, support, day)]
    return findings or [fine("support", "everything has more than 90 days")]


def kept() -> list[Finding]:
    """Whether the index still stands by every version that is locked.

    Raises:
        UserError: it cannot be asked.
    """
    findings = []
    for pin in find_yanked(Path()):
        rooms = ", ".join(pin.rooms[:MOST_ROOMS]) + (" and more" if pin.rooms[MOST_ROOMS:] else "")
        why = f": {pin.why}" if pin.why else ""
        told = f"{pin.name} {pin.version} was taken back by its makers{why} (locks: {rooms})"
        findings.append(warn("packages", told, f"twinserve renew packages {pin.name}"))
    return findings or [fine("packages", "none that is locked was taken back by its makers")]


def _ending(params: Params, support: Support, today: date) -> Iterator[Finding]:
    base = _PYTHON.match(_base_image())
    asked_of: Mapping[str, tuple[str, Ends]] = {
        "the service's Python": (base[1] if base else "", support.python),
        "the function's runtime": (params.deployment.function.base_image, support.runtimes),
    }
    for subject, (version, ends) in asked_of.items():
        last, cure = ends.ends.get(version), "twinserve renew python VERSION"
        if last is None:
            told = f"{version or 'unknown'}: {ends.source} had no date for it on {ends.as_of}"
            yield warn(subject, told, RENEW)
        elif last <= today:
            yield warn(subject, f"{version} is out of support since {last} ({ends.source})", cure)
        elif last - today <= AHEAD:
            told = f"{version} goes out of support on {last} ({ends.source})"
            yield warn(subject, told, cure)


def _old(params: Params, support: Support, today: date) -> Iterator[Finding]:
    oldest = timedelta(days=params.renewal.max_age_days)
    base, known = _base_image(), support.base_image
    if base != known.name:
        told = f"nobody has looked up when {base or 'it'} was built"
        yield warn("the base image", told, RENEW)
    elif today - known.created > oldest:
        told = f"built on {known.created}, more than {oldest.days} days ago ({known.source})"
        yield warn("the base image", told, RENEW)
    prices = params.prices
    looked = {
        "prices": (date.fromisoformat(prices.as_of), prices.source),
        "the ends of Python": (support.python.as_of, support.python.source),
        "the ends of runtimes": (support.runtimes.as_of, support.runtimes.source),
    }
    for subject, (day, source) in looked.items():
        if today - day > oldest:
            told = f"looked up on {day}, more than {oldest.days} days ago ({source})"
            yield warn(subject, told, RENEW)


def _base_image() -> str:
    """As the Dockerfile names it; empty where somebody has rewritten it."""
    line = _BASE.search(DOCKERFILE.read_text(encoding="utf-8"))
    return line[1] if line else ""


def _tell(findings: list[Finding]) -> str:
    issue = Issue(repository_to_tell(), LABEL, MARKER)
    if findings:
        lines = "\n".join(
            f"- {finding.subject}: {finding.told}: {finding.cure}" for finding in findings
        )
        return issue.say(TITLE, f"{lines}\n")
    number = issue.find()
    return "no issue is open" if number is None else issue.close(number, "All is supported.")
