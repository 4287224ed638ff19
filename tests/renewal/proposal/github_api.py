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
from pathlib import Path
from typing import Any

HERE = "repos/owner/twinserve"
ME = "github-actions[bot]"
# Of the App, where its token opens a pull request.
MINE = "the-app[bot]" if os.environ.get("APP") else ME


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
        if path == "graphql":
            answer = graphql(state, method, body)
        else:
            assert path.startswith(f"{HERE}/"), path
            answer = respond(state, method, path.removeprefix(f"{HERE}/"), body, fields)
    except Refusal as refusal:
        sys.stderr.write(f"gh: {refusal}\n")
        return 1
    finally:
        state_path.write_text(json.dumps(state))
    if answer is not None:
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
    routes = {
        "actions": actions,
        "issues": issues,
        "pulls": pulls,
        "rules": rules,
        "statuses": statuses,
    }
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
        made = {"number": number, "state": "open", "html_url": url, "node_id": f"PR_{number}"}
        mine = {"user": {"login": MINE}, "auto_merge": None}
        state["pulls"].append({**body, **made, **mine})
        return state["pulls"][-1]
    if rest.endswith("/merge"):
        assert method == "PUT", method
        return merge(state, int(rest.partition("/")[0]), body)
    assert method == "PATCH", method
    assert set(body) <= {"title", "body"}, body
    (one,) = [one for one in state["pulls"] if one["number"] == int(rest)]
    one.update(body)
    return one


def merge(state: dict[str, Any], number: int, body: Any) -> Any:  # noqa: ANN401 - JSON
    """Merge a pull request into main, if it is what the caller means and each rule is kept."""
    assert set(body) == {"sha", "merge_method"}, body
    assert body["merge_method"] == "merge"
    (one,) = [one for one in state["pulls"] if one["number"] == number]
    if one["state"] != "open":
        raise Refusal("Pull Request is not mergeable (HTTP 405)")
    head = git("rev-parse", one["head"])
    if body["sha"] != head:
        raise Refusal("Head branch was modified. Review and try the merge again. (HTTP 409)")
    told = {made["context"]: made["state"] for made in state["statuses"] if made["sha"] == head}
    for rule in rules(state, "GET", "branches/main", None, {}):
        for check in rule["parameters"]["required_status_checks"]:
            if told.get(check["context"]) != "success":
                name = check["context"]
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


def rules(
    state: dict[str, Any],
    method: str,
    rest: str,
    _body: Any,  # noqa: ANN401 - JSON
    _fields: dict[str, str],
) -> Any:  # noqa: ANN401
    """What main asks for."""
    assert (method, rest) == ("GET", "branches/main"), (method, rest)
    checks = [{"context": name} for name in state["rules"]]
    parameters = {"required_status_checks": checks}
    return [{"type": "required_status_checks", "parameters": parameters}] if checks else []


def actions(
    state: dict[str, Any],
    method: str,
    rest: str,
    body: Any,  # noqa: ANN401 - JSON
    _fields: dict[str, str],
) -> Any:  # noqa: ANN401
    """Workflows, started by a dispatch: of a branch, with the inputs that the file declares."""
    found = re.fullmatch(r"workflows/([\w-]+\.yml)/dispatches", rest)
    assert (method, bool(found)) == ("POST", True), (method, rest)
    assert found is not None
    assert set(body) <= {"ref", "inputs"}, body
    text = (Path(os.environ["GH_WORKFLOWS"]) / found[1]).read_text()
    triggers = text[text.index("\non:") : text.index("\npermissions:")]
    if "\n  workflow_dispatch:" not in triggers:
        raise Refusal("Workflow does not have 'workflow_dispatch' trigger (HTTP 422)")
    if unknown := [name for name in body.get("inputs", {}) if f"      {name}:" not in triggers]:
        raise Refusal(f"Unexpected inputs provided: {unknown} (HTTP 422)")
    if body["ref"] not in git("branch", "--format=%(refname:short)").split():
        raise Refusal(f"No ref found for: {body['ref']} (HTTP 422)")
    sha = git("rev-parse", body["ref"])
    state["dispatches"].append({"workflow": found[1], "sha": sha, **body})


def graphql(state: dict[str, Any], method: str, body: Any) -> Any:  # noqa: ANN401 - JSON
    """Auto-merge, which the repository allows or not; gh tells errors without a status."""
    assert method == "POST", method
    assert set(body) == {"query", "variables"}, body
    variables = body["variables"]
    (one,) = [one for one in state["pulls"] if one["node_id"] == variables["id"]]
    if "disablePullRequestAutoMerge" in body["query"]:
        assert one["auto_merge"], one
        one["auto_merge"] = None
        return {"data": {"disablePullRequestAutoMerge": {"clientMutationId": None}}}
    assert "enablePullRequestAutoMerge" in body["query"], body
    if not state["auto_merge"]:
        raise Refusal("Pull request Auto merge is not allowed for this repository")
    if not state["rules"]:
        raise Refusal("Pull request Pull request is in clean status")
    if git("rev-parse", one["head"]) != variables["head"]:
        raise Refusal("Pull request Head ref was modified")
    one["auto_merge"] = {"enabled_by": {"login": MINE}, "merge_method": "merge"}
    return {"data": {"enablePullRequestAutoMerge": {"clientMutationId": None}}}


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
        (one,) = [one for one in state["comments"] if f"comments/{one['id']}" == rest]
        one.update(body)
        return one
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
    (one,) = [one for one in state["issues"] if one["number"] == int(rest)]
    one.update(body)
    return one


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
