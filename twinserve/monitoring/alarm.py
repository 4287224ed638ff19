"""One GitHub issue for as long as a threshold is passed: opened, kept up to date, closed."""

from collections.abc import Sequence

from twinserve.monitoring.thresholds import Finding, State, worst
from twinserve.targets.issue import Issue

LABEL = "monitoring"
MARKER = "<!-- twinserve: monitoring -->"
TITLE = "Monitoring: a threshold is passed"
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
