"""A GitHub issue for as long as a threshold is passed: opened, kept up to date, closed."""

from collections.abc import Sequence

from twinserve.monitoring.thresholds import Finding, State, worst
from twinserve.targets.github.api import api
from twinserve.targets.github.issue import Issue

LABEL = "monitoring"
MARKER = "<!-- twinserve: monitoring -->"
TITLE = "Monitoring: a threshold is passed"
# What fresh rows may mend, by the beginning or the end of a figure's name; and what brings them.
OF_ROWS = ("drift of ", " out of range")
RENEW, BRANCH = "renew.yml", "main"
BACK = "Every figure is back within its threshold."


def tell(repository: str, findings: Sequence[Finding], report: str, run_url: str) -> str:
    """Bring the issue to what was found; what became of it, in a line.

    Where too little was logged to know, an open issue stays as it is.

    Raises:
        UserError: GitHub refuses.
    """
    issue, state = Issue(repository, LABEL, MARKER), worst(findings)
    if state is State.PASSED:
        return issue.say(TITLE, f"{report}\n[This run]({run_url}).\n")
    number = issue.find()
    if number is None:
        return "no threshold is passed, and no issue is open"
    if state is State.UNKNOWN or not findings:
        return f"too little was logged to know: issue {number} stays open"
    return issue.close(number, f"{BACK} [This run]({run_url}).")


def start_renewal(repository: str, findings: Sequence[Finding]) -> str | None:
    """Start the renewal of the table where rows have drifted; None where none have.

    Where its source has no new row, that renewal changes nothing and says so.

    Raises:
        UserError: GitHub refuses.
    """
    drifted = [
        finding
        for finding in findings
        if finding.state is State.PASSED
        and (finding.figure.startswith(OF_ROWS[0]) or finding.figure.endswith(OF_ROWS[1]))
    ]
    if not drifted:
        return None
    started = {"ref": BRANCH, "inputs": {"kind": "data", "names": ""}}
    api(f"repos/{repository}/actions/workflows/{RENEW}/dispatches", "POST", started)
    return f"started: the renewal of the table, for {drifted[0].figure}"
