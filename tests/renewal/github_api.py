"""GitHub's ``gh api``, strict: pull requests, issues, comments and statuses in a file of state.

Shapes and refusals: GitHub's REST documentation, "Pulls", "Issues", "Commit statuses".
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = "repos/owner/twinserve"
ME = "github-actions[bot]"


class Refusal(Exception):  # noqa: N818 - what the API does
    """A status, and what is said with it."""


def main() -> int:
    """Answer one call."""
    state_path = Path(os.environ["GH_STATE"])
    state: dict[str, Any] = json.loads(state_path.read_text())
    words = sys.argv[1:]
    method, path = words[2], words[3]
    body = json.load(sys.stdin) if "--input" in words else None
    fields = dict(
        words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "--raw-field"
    )
    state["calls"].append([method, path, body])
    try:
        assert path.startswith(f"{HERE}/"), path
        answer = respond(state, method, path.removeprefix(f"{HERE}/"), body, fields)
    except Refusal as refusal:
        sys.stderr.write(f"gh: {refusal}\n")
        return 1
    finally:
        state_path.write_text(json.dumps(state))
    print(json.dumps([answer] if "--slurp" in words else answer))  # noqa: T201 - its answer
    return 0


def respond(
    state: dict[str, Any],
    method: str,
    path: str,
    body: Any,  # noqa: ANN401 - JSON
    fields: dict[str, str],
) -> Any:  # noqa: ANN401
    """What the API says; a route that nobody has looked at is none."""
    for pattern in state["refused"]:
        if f"{method} {path}".startswith(pattern):
            raise Refusal(state["refused"][pattern])
    kind, _, rest = path.partition("/")
    routes = {"pulls": pulls, "issues": issues, "statuses": statuses}
    if kind not in routes:
        raise Refusal("Not Found (HTTP 404)")
    return routes[kind](state, method, rest, body, fields)


def pulls(
    state: dict[str, Any],
    method: str,
    rest: str,
    body: Any,  # noqa: ANN401 - JSON
    fields: dict[str, str],
) -> Any:  # noqa: ANN401
    """Pull requests of branches of the repository itself."""
    if method == "GET" and not rest:
        owner, _, branch = fields["head"].partition(":")
        assert (owner, fields["state"]) == ("owner", "open")
        return [one for one in state["pulls"] if one["head"] == branch and one["state"] == "open"]
    if method == "POST" and not rest:
        assert set(body) == {"title", "body", "head", "base"}, body
        assert len(body["body"].encode()) <= 65_536
        number = len(state["pulls"]) + 1
        url = f"https://github.com/owner/twinserve/pull/{number}"
        state["pulls"].append({**body, "number": number, "state": "open", "html_url": url})
        return state["pulls"][-1]
    assert method == "PATCH", method
    assert set(body) <= {"title", "body"}, body
    return updated(state["pulls"], "number", int(rest), body)


def issues(
    state: dict[str, Any],
    method: str,
    rest: str,
    body: Any,  # noqa: ANN401 - JSON
    fields: dict[str, str],
) -> Any:  # noqa: ANN401
    """Issues and their comments; a comment of a pull request is one too."""
    if rest.endswith("/comments"):
        number = int(rest.split("/", maxsplit=1)[0])
        mine = [one for one in state["comments"] if one["issue"] == number]
        if method == "GET":
            return mine
        made = {"id": len(state["comments"]) + 1, "issue": number, "user": {"login": ME}, **body}
        state["comments"].append(made | {"html_url": f"https://github.com/c/{made['id']}"})
        return state["comments"][-1]
    if rest.startswith("comments/"):
        return updated(state["comments"], "id", int(rest.removeprefix("comments/")), body)
    if method == "GET":
        return [
            one
            for one in state["issues"]
            if one["state"] == fields["state"] and fields["labels"] in one["labels"]
        ]
    if method == "POST":
        number = len(state["issues"]) + 1
        here = {"number": number, "state": "open", "user": {"login": ME}}
        state["issues"].append({**here, "html_url": f"https://github.com/i/{number}", **body})
        return state["issues"][-1]
    return updated(state["issues"], "number", int(rest), body)


def updated(entries: list[Any], key: str, value: int, body: Any) -> Any:  # noqa: ANN401 - JSON
    """The entry with this value, once the members of the body are changed in it."""
    (entry,) = [entry for entry in entries if entry[key] == value]
    entry.update(body)
    return entry


def statuses(
    state: dict[str, Any],
    method: str,
    rest: str,
    body: Any,  # noqa: ANN401 - JSON
    _fields: dict[str, str],
) -> Any:  # noqa: ANN401
    """States of a commit."""
    assert method == "POST", method
    assert body["state"] in {"error", "failure", "pending", "success"}, body
    assert len(body["description"]) <= 140
    state["statuses"].append({"sha": rest, **body})
    return state["statuses"][-1]


if __name__ == "__main__":
    sys.exit(main())
