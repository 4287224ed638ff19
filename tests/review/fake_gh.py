"""GitHub's ``gh api`` on a file of state: the pull requests, issues and comments of a repository.

Shapes: GitHub's REST documentation, "List pull requests", "Issue comments".
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

STATE = Path(os.environ["GH_STATE"])
ME = "github-actions[bot]"


def main() -> int:
    """Answer one call."""
    words = sys.argv[1:]
    assert words.pop(0) == "api"
    if os.environ.get("GH_TOKEN") != "the-token":
        sys.stderr.write("HTTP 401: Bad credentials\n")
        return 1
    method = words[words.index("--method") + 1] if "--method" in words else "GET"
    path = next(word for word in words if word.startswith("repos/owner/twinserve/"))
    state: dict[str, Any] = json.loads(STATE.read_text())
    fields = [words[at + 1] for at, word in enumerate(words) if word == "--raw-field"]
    answer = respond(state, method, path.removeprefix("repos/owner/twinserve/"), fields)
    STATE.write_text(json.dumps(state))
    if answer is not None:
        json.dump([answer] if "--slurp" in words else answer, sys.stdout)
    return 0


def respond(state: dict[str, Any], method: str, path: str, fields: list[str]) -> Any:  # noqa: ANN401
    """What the API says."""
    if (method, path) == ("GET", "pulls"):
        wanted = dict(field.split("=", 1) for field in fields)
        return [
            {"number": pull["number"], "head": {"sha": pull["sha"]}}
            for pull in state["pulls"]
            if (pull["state"], pull["label"]) == (wanted["state"], wanted["head"])
        ]
    kind, _, rest = path.partition("/")
    if kind == "actions":
        assert method == "POST"
        state.setdefault("dispatches", []).append({rest: json.load(sys.stdin)})
        return None
    assert kind == "issues"
    if not rest or rest.isdigit():
        return issues(state, method, rest, fields)
    if method == "GET":
        return [comment for comment in state["comments"] if f"{comment['issue']}/comments" == rest]
    body = json.load(sys.stdin)["body"]
    if method == "POST":
        made = {"id": len(state["comments"]) + 1, "issue": int(rest.split("/")[0]), "body": body}
        state["comments"].append(
            {**made, "user": {"login": ME}, "html_url": f"https://github.com/c/{made['id']}"}
        )
        return state["comments"][-1]
    (comment,) = [comment for comment in state["comments"] if rest == f"comments/{comment['id']}"]
    comment["body"] = body
    return comment


def issues(state: dict[str, Any], method: str, number: str, fields: list[str]) -> Any:  # noqa: ANN401
    """Issues themselves; "Issues" in the documentation. Pull requests are among them."""
    if method == "GET":
        wanted = dict(field.split("=", 1) for field in fields)
        return [
            issue
            for issue in state["issues"]
            if issue["state"] == wanted["state"] and wanted["labels"] in issue["labels"]
        ]
    body = json.load(sys.stdin)
    if method == "POST":
        made = len(state["issues"]) + 1
        here = {"number": made, "state": "open", "user": {"login": ME}, "labels": []}
        state["issues"].append({**here, "html_url": f"https://github.com/i/{made}", **body})
        return state["issues"][-1]
    (issue,) = [issue for issue in state["issues"] if issue["number"] == int(number)]
    issue.update(body)
    return issue


if __name__ == "__main__":
    sys.exit(main())
