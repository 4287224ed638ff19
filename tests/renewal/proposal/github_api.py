"""GitHub's ``gh api``, strict: pull requests, issues, comments and statuses in a file of state.

A merge is made in the repository of git's that ``$GH_ORIGIN`` names, and what may be dispatched
stands in ``$GH_WORKFLOWS``. Shapes and refusals: GitHub's REST documentation, "Pulls" ("Merge a
pull request" too), "Issues", "Commit statuses", "Rules", "Create a workflow dispatch event"; its
GraphQL reference, ``enablePullRequestAutoMerge``.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = "repos/owner/twinserve"
ME = "github-actions[bot]"
# Of the App, where its token opens a pull request.
MINE = "the-app[bot]" if os.environ.get("APP") else ME


class Refusal(Exception):  # noqa: N818 - what the API does
    """A status, and what is said with it."""


@dataclass(frozen=True)
class Call:
    """A call, and the state that it finds and changes.

    Attributes:
        rest: of the path, below what has been looked at.
        body: JSON, or None.
        fields: of a query.
    """

    state: dict[str, Any]
    method: str
    rest: str
    body: Any
    fields: dict[str, str]


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
    call = Call(state, method, path.removeprefix(f"{HERE}/"), body, fields)
    try:
        if path == "graphql":
            answer = graphql(call)
        else:
            assert path.startswith(f"{HERE}/"), path
            answer = respond(call)
    except Refusal as refusal:
        sys.stderr.write(f"gh: {refusal}\n")
        return 1
    finally:
        state_path.write_text(json.dumps(state))
    if answer is not None:
        print(json.dumps([answer] if "--slurp" in words else answer))  # noqa: T201 - its answer
    return 0


def respond(call: Call) -> Any:  # noqa: ANN401 - JSON
    """What the API says; a route that nobody has looked at is none."""
    for pattern in call.state["refused"]:
        if f"{call.method} {call.rest}".startswith(pattern):
            raise Refusal(call.state["refused"][pattern])
    kind, _, rest = call.rest.partition("/")
    routes = {
        "actions": actions,
        "issues": issues,
        "pulls": pulls,
        "rules": rules,
        "statuses": statuses,
    }
    if kind not in routes:
        raise Refusal("Not Found (HTTP 404)")
    return routes[kind](replace(call, rest=rest))


def entry(entries: Sequence[dict[str, Any]], name: str, value: object) -> dict[str, Any]:
    """The entry of which a member is this."""
    (found,) = [each for each in entries if each[name] == value]
    return found


def pulls(call: Call) -> Any:  # noqa: ANN401 - JSON
    """Pull requests of branches of the repository itself."""
    if call.method == "GET" and not call.rest:
        owner, _, branch = call.fields["head"].partition(":")
        assert (owner, call.fields["state"]) == ("owner", "open")
        return [
            pull
            for pull in call.state["pulls"]
            if pull["head"] == branch and pull["state"] == "open"
        ]
    if call.method == "POST" and not call.rest:
        assert set(call.body) == {"title", "body", "head", "base"}, call.body
        assert len(call.body["body"].encode()) <= 65_536
        number = len(call.state["pulls"]) + 1
        url = f"https://github.com/owner/twinserve/pull/{number}"
        made = {"number": number, "state": "open", "html_url": url, "node_id": f"PR_{number}"}
        mine = {"user": {"login": MINE}, "auto_merge": None}
        call.state["pulls"].append({**call.body, **made, **mine})
        return call.state["pulls"][-1]
    if call.rest.endswith("/merge"):
        assert call.method == "PUT", call.method
        return merge(call, int(call.rest.partition("/")[0]))
    assert call.method == "PATCH", call.method
    assert set(call.body) <= {"title", "body"}, call.body
    one = entry(call.state["pulls"], "number", int(call.rest))
    one.update(call.body)
    return one


def merge(call: Call, number: int) -> Any:  # noqa: ANN401 - JSON
    """Merge a pull request into main, if it is what the caller means and each rule is kept."""
    assert set(call.body) == {"sha", "merge_method"}, call.body
    assert call.body["merge_method"] == "merge"
    one = entry(call.state["pulls"], "number", number)
    if one["state"] != "open":
        raise Refusal("Pull Request is not mergeable (HTTP 405)")
    head = git("rev-parse", one["head"])
    if call.body["sha"] != head:
        raise Refusal("Head branch was modified. Review and try the merge again. (HTTP 409)")
    told = {
        made["context"]: made["state"] for made in call.state["statuses"] if made["sha"] == head
    }
    for name in call.state["rules"]:
        if told.get(name) != "success":
            raise Refusal(f'Required status check "{name}" is expected. (HTTP 405)')
    tree = git("merge-tree", "--write-tree", "main", head)
    words = ("commit-tree", tree, "-p", "main", "-p", head, "-m", f"Merge pull request #{number}")
    commit = git("-c", "user.name=G", "-c", "user.email=g@localhost", *words)
    git("update-ref", "refs/heads/main", commit)
    one["state"] = "closed"
    return {"sha": commit, "merged": True, "message": "Pull Request successfully merged"}


def git(*words: str) -> str:
    """What git says in the repository."""
    command = ["git", "-C", os.environ["GH_ORIGIN"], *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def rules(call: Call) -> Any:  # noqa: ANN401 - JSON
    """What main asks for."""
    assert (call.method, call.rest) == ("GET", "branches/main"), (call.method, call.rest)
    checks = [{"context": name} for name in call.state["rules"]]
    parameters = {"required_status_checks": checks}
    return [{"type": "required_status_checks", "parameters": parameters}] if checks else []


def actions(call: Call) -> Any:  # noqa: ANN401 - JSON
    """Workflows, started by a dispatch: of a branch, with the inputs that the file declares."""
    match = re.fullmatch(r"workflows/([\w-]+\.yml)/dispatches", call.rest)
    assert (call.method, bool(match)) == ("POST", True), (call.method, call.rest)
    assert match is not None
    assert set(call.body) <= {"ref", "inputs"}, call.body
    text = (Path(os.environ["GH_WORKFLOWS"]) / match[1]).read_text()
    triggers = text[text.index("\non:") : text.index("\npermissions:")]
    if "\n  workflow_dispatch:" not in triggers:
        raise Refusal("Workflow does not have 'workflow_dispatch' trigger (HTTP 422)")
    if unknown := [
        name for name in call.body.get("inputs", {}) if f"      {name}:" not in triggers
    ]:
        raise Refusal(f"Unexpected inputs provided: {unknown} (HTTP 422)")
    if call.body["ref"] not in git("branch", "--format=%(refname:short)").split():
        raise Refusal(f"No ref found for: {call.body['ref']} (HTTP 422)")
    sha = git("rev-parse", call.body["ref"])
    call.state["dispatches"].append({"workflow": match[1], "sha": sha, **call.body})


def graphql(call: Call) -> Any:  # noqa: ANN401 - JSON
    """Auto-merge, which the repository allows or not; gh tells errors without a status."""
    assert call.method == "POST", call.method
    assert set(call.body) == {"query", "variables"}, call.body
    variables = call.body["variables"]
    one = entry(call.state["pulls"], "node_id", variables["id"])
    if "disablePullRequestAutoMerge" in call.body["query"]:
        assert one["auto_merge"], one
        one["auto_merge"] = None
        return {"data": {"disablePullRequestAutoMerge": {"clientMutationId": None}}}
    assert "enablePullRequestAutoMerge" in call.body["query"], call.body
    if not call.state["auto_merge"]:
        raise Refusal("Pull request Auto merge is not allowed for this repository")
    if not call.state["rules"]:
        raise Refusal("Pull request Pull request is in clean status")
    if git("rev-parse", one["head"]) != variables["head"]:
        raise Refusal("Pull request Head ref was modified")
    one["auto_merge"] = {"enabled_by": {"login": MINE}, "merge_method": "merge"}
    return {"data": {"enablePullRequestAutoMerge": {"clientMutationId": None}}}


def issues(call: Call) -> Any:  # noqa: ANN401 - JSON
    """Issues and their comments; a comment of a pull request is one too."""
    if call.rest.endswith("/comments"):
        number = int(call.rest.split("/", maxsplit=1)[0])
        mine = [comment for comment in call.state["comments"] if comment["issue"] == number]
        if call.method == "GET":
            return mine
        made = {
            "id": len(call.state["comments"]) + 1,
            "issue": number,
            "user": {"login": ME},
            **call.body,
        }
        call.state["comments"].append(made | {"html_url": f"https://github.com/c/{made['id']}"})
        return call.state["comments"][-1]
    if call.rest.startswith("comments/"):
        one = entry(call.state["comments"], "id", int(call.rest.removeprefix("comments/")))
        one.update(call.body)
        return one
    if call.method == "GET":
        return [
            issue
            for issue in call.state["issues"]
            if issue["state"] == call.fields["state"] and call.fields["labels"] in issue["labels"]
        ]
    if call.method == "POST":
        number = len(call.state["issues"]) + 1
        here = {"number": number, "state": "open", "user": {"login": ME}}
        call.state["issues"].append(
            {**here, "html_url": f"https://github.com/i/{number}", **call.body}
        )
        return call.state["issues"][-1]
    one = entry(call.state["issues"], "number", int(call.rest))
    one.update(call.body)
    return one


def statuses(call: Call) -> Any:  # noqa: ANN401 - JSON
    """States of a commit."""
    assert call.method == "POST", call.method
    assert call.body["state"] in {"error", "failure", "pending", "success"}, call.body
    assert len(call.body["description"]) <= 140
    call.state["statuses"].append({"sha": call.rest, **call.body})
    return call.state["statuses"][-1]


if __name__ == "__main__":
    sys.exit(main())
