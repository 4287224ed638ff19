"""``twinserve night``: make the model anew from nothing, compare every byte, and tell.

What comes out again is attested by the workflow, with what is written here; a byte that differs is
an issue, closed by the first night in which none does.
"""

import argparse
import json
import os
from pathlib import Path

from twinserve.delivery.bundle.identity import current_commit, now
from twinserve.delivery.bundle.reproduce import DifferenceError, reproduce_locked
from twinserve.targets.github.api import api
from twinserve.targets.github.issue import Issue
from twinserve.targets.github.reproduction import predicate
from twinserve.targets.github.workflow import repository_to_tell, run_url, set_outputs

ATTESTED = Path("reports/reproduction.json")
LABEL = "reproduction"
MARKER = "<!-- twinserve: reproduction -->"
# The repository's own variable, by which deploy.yml knows it too.
PLAN = "ATTESTATIONS"
TITLE = "The model does not come out again, byte for byte"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take whether to keep an issue."""
    parser.add_argument(
        "--tell", action="store_true", help="keep an issue for as long as a byte differs"
    )


def run(arguments: argparse.Namespace) -> None:
    """See the module.

    Raises:
        UserError: a byte differs, or nothing came out.
    """
    issue = _issue() if arguments.tell else None
    began = now()
    try:
        reproduce_locked(afresh=True)
    except DifferenceError as error:
        if issue is not None:
            print(issue.say(TITLE, _text(str(error))))
        raise
    ATTESTED.parent.mkdir(exist_ok=True)
    told = predicate(began, current_commit(), run_url())
    ATTESTED.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(f"every byte came out as in dvc.lock; {ATTESTED} says so")
    if issue is not None:
        _tell_whether_to_attest(issue.repository)
    if issue is not None and (number := issue.find()) is not None:
        print(issue.close(number, f"Every byte came out again at {current_commit()[:12]}."))


def _issue() -> Issue:
    return Issue(repository_to_tell(), LABEL, MARKER)


def _tell_whether_to_attest(repository: str) -> None:
    """GitHub signs for public repositories, and for others on some plans, as a variable says."""
    signs = os.environ.get(PLAN) == "true" or not api(f"repos/{repository}")["private"]
    set_outputs({"attest": str(signs).lower()})


def _text(why: str) -> str:
    """The issue's text; the run's own log has each line that differs."""
    url = run_url()
    log = f"[This run]({url}) shows each line. " if url else ""
    return (
        f"At {current_commit()[:12]} the night made everything anew, and not all of it is what "
        f"was committed: {why}.\n\n{log}What serves is what was committed and proven; it cannot be "
        "made again as it is.\n"
    )
