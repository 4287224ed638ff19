"""One GitHub issue for as long as a threshold is passed: opened, kept up to date, closed."""

from collections.abc import Sequence

from twinserve.monitoring.thresholds import Finding, State, worst
from twinserve.targets.github import AUTHOR, api, search

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
    issues, number = f"repos/{repository}/issues", _open_issue(repository)
    state = worst(findings)
    if state is State.PASSED:
        text = {"title": TITLE, "body": f"{MARKER}\n{report}\n[This run]({run_url}).\n"}
        if number is None:
            made = api(issues, "POST", text | {"labels": [LABEL]})
            return f"opened: {made['html_url']}"
        made = api(f"{issues}/{number}", "PATCH", text)
        return f"brought up to date: {made['html_url']}"
    if number is None:
        return "no threshold is passed, and no issue is open"
    if state is State.UNKNOWN or not findings:
        return f"too little was logged to know: issue {number} stays open"
    said = {"body": f"{BACK} [This run]({run_url})."}
    api(f"{issues}/{number}/comments", "POST", said)
    closed = {"state": "closed", "state_reason": "completed"}
    api(f"{issues}/{number}", "PATCH", closed)
    return f"closed: issue {number}"


def _open_issue(repository: str) -> int | None:
    """The oldest open one that is ours: two runs at once would otherwise each keep another."""
    ours = [
        int(issue["number"])
        for issue in search(f"repos/{repository}/issues", state="open", labels=LABEL)
        if issue["user"]["login"] == AUTHOR
        and (issue["body"] or "").startswith(MARKER)
        and "pull_request" not in issue
    ]
    return min(ours, default=None)
