"""``twinserve audit``: known vulnerabilities of what is served.

A pull request answers for what it brings; what was published since is found at night, when the
renewal of that very package is started at once, and an issue tells of what no version mends yet,
and where renewals are off of the rest.
"""

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.renewal.vulnerabilities import (
    EXCEPTIONS,
    Vulnerability,
    ask,
    audited,
    read_exemptions,
    without_exempt,
)
from twinserve.targets.github.api import api
from twinserve.targets.github.issue import Issue
from twinserve.targets.github.workflow import repository_to_tell

LABEL = "audit"
MARKER = "<!-- twinserve: audit -->"
TITLE = "A known vulnerability of what is served"
RENEW = "renew.yml"
BRANCH = "main"
# The repository's variable that switches renewals on.
SWITCH = "RENEWAL"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to compare with, whom to ask and whom to tell."""
    parser.add_argument("--base", type=Path, help="fail only for what this checkout does not have")
    parser.add_argument("--osv-url", help="OSV's API there, instead of PyPI's")
    parser.add_argument(
        "--tell", action="store_true", help="start renewals and keep an issue, in a workflow"
    )


def run(arguments: argparse.Namespace) -> None:
    """See ``audit``; say what was found.

    Raises:
        UserError: something is vulnerable, an exemption is past, or nobody could be asked.
    """
    exemptions = read_exemptions(Path(), datetime.now(UTC).date())
    vulnerabilities = without_exempt(ask(Path(), arguments.osv_url), exemptions)
    if arguments.base is not None:
        print(_hold(vulnerabilities, ask(arguments.base, arguments.osv_url)))
    elif arguments.tell:
        print("\n".join(_tell(vulnerabilities)))
    elif vulnerabilities:
        raise UserError(f"{_listed(vulnerabilities)}; {_cure(vulnerabilities)}")
    else:
        print(f"nothing is known of {len(audited(Path()))} locks; exempt: {len(exemptions)}")


def _hold(vulnerabilities: Sequence[Vulnerability], base: Sequence[Vulnerability]) -> str:
    """What to say of a pull request.

    Raises:
        UserError: it brings something that its base does not have.
    """
    there = {(vulnerability.package, vulnerability.names[0]) for vulnerability in base}
    brought = [
        vulnerability
        for vulnerability in vulnerabilities
        if (vulnerability.package, vulnerability.names[0]) not in there
    ]
    if brought:
        raise UserError(f"this brings {_listed(brought)}; {_cure(brought)}")
    if vulnerabilities:
        return f"the base has them too, and the nightly job renews them: {_listed(vulnerabilities)}"
    return "nothing is known of what this serves"


def _listed(vulnerabilities: Sequence[Vulnerability]) -> str:
    return "; ".join(dict.fromkeys(vulnerability.line for vulnerability in vulnerabilities))


def _cure(vulnerabilities: Sequence[Vulnerability]) -> str:
    names = " ".join(_packages(vulnerabilities))
    renew = f"`twinserve renew packages {names}`, or " if names else ""
    return f"{renew}say in {EXCEPTIONS} why it may wait, and until when"


def _packages(vulnerabilities: Sequence[Vulnerability]) -> list[str]:
    """The packages that a later version mends."""
    return sorted(
        {vulnerability.package for vulnerability in vulnerabilities if vulnerability.fixed}
    )


def _tell(vulnerabilities: Sequence[Vulnerability]) -> list[str]:
    repository = repository_to_tell()
    lines, waiting = [], list(vulnerabilities)
    names = _packages(vulnerabilities)
    if names and os.environ.get(SWITCH) == "true":
        inputs = {"kind": "packages", "names": " ".join(names)}
        started = {"ref": BRANCH, "inputs": inputs}
        api(f"repos/{repository}/actions/workflows/{RENEW}/dispatches", "POST", started)
        lines.append(f"started: the renewal of {', '.join(names)}")
        waiting = [vulnerability for vulnerability in vulnerabilities if not vulnerability.fixed]
    issue = Issue(repository, LABEL, MARKER)
    if waiting:
        text = "\n".join(
            f"- {line}" for line in dict.fromkeys(vulnerability.line for vulnerability in waiting)
        )
        lines.append(issue.say(TITLE, f"{text}\n\nWhat to do: {_cure(waiting)}.\n"))
    elif (number := issue.find()) is not None:
        lines.append(issue.close(number, "Nothing of the kind is known any more."))
    return lines or ["nothing is known"]
