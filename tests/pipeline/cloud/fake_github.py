"""GitHub's ``gh api`` on one repository's settings, kept in a file of state.

Shapes: GitHub's REST documentation, "Get a repository", "Variables", "Actions permissions",
"Workflows", "Deployment environments", "Deployment branch policies", "Rules".
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

STATE = Path(os.environ["GITHUB_STATE"])
JSON = Any


class RefusedError(Exception):
    """An HTTP status that is no success."""


def main() -> int:
    """Answer one call as gh does: JSON on stdout, or the status on stderr and exit code 1."""
    words = sys.argv[1:]
    assert words[:2] == ["api", "--method"], words
    method, path = words[2], words[3].partition("?")[0]
    body = json.load(sys.stdin) if "--input" in words else None
    state = json.loads(STATE.read_text())
    if not state.get("logged_in", True):
        sys.stderr.write("To get started with GitHub CLI, please run:  gh auth login\n")
        return 4
    here = f"repos/{state['repository']['full_name']}"
    assert path.startswith(here), path
    try:
        answer = respond(state, method, path.partition(here)[2].strip("/"), body)
    except RefusedError as refusal:
        sys.stderr.write(f"gh: refused (HTTP {refusal})\n")
        return 1
    STATE.write_text(json.dumps(state))
    if answer is not None:
        json.dump(answer, sys.stdout)
    return 0


def respond(state: JSON, method: str, path: str, body: JSON) -> JSON:
    """The API's answer; None where there is none."""
    if path in state.get("refused", []):
        raise RefusedError(403)
    if path == "":
        state["repository"] |= body or {}
        return state["repository"]
    if path.startswith("actions/"):
        return actions(state, method, path.removeprefix("actions/"), body)
    if path.startswith("environments/"):
        return environments(state, method, path.removeprefix("environments/"), body)
    if path.startswith("branches/"):
        return {"name": "main", "protected": False}
    if (method, path) == ("POST", "rulesets"):
        state["rulesets"].append(body)
        return body
    if (method, path) == ("GET", "rules/branches/main"):
        return [rule for ruleset in state["rulesets"] for rule in ruleset["rules"]]
    raise RefusedError(404)


def actions(state: JSON, method: str, path: str, body: JSON) -> JSON:
    """Whether Actions run at all, the workflows, and the variables."""
    if path == "permissions":
        if method == "PUT":
            state["permissions"] |= body
            return None
        return state["permissions"]
    if path == "workflows":
        return {"workflows": state["workflows"]}
    if match := re.fullmatch(r"workflows/(\d+)/enable", path):
        (workflow,) = [
            workflow for workflow in state["workflows"] if workflow["id"] == int(match[1])
        ]
        workflow["state"] = "active"
        return None
    if path == "variables" and method == "GET":
        return {
            "variables": [
                {"name": key, "value": value} for key, value in state["variables"].items()
            ]
        }
    if path.startswith("variables"):
        known = body["name"] in state["variables"]
        if known is not (method == "PATCH"):
            raise RefusedError(409 if known else 404)
        state["variables"][body["name"]] = body["value"]
        return {}
    raise RefusedError(404)


def environments(state: JSON, method: str, path: str, body: JSON) -> JSON:
    """Environments, and the branches that may use them."""
    name, _, rest = path.partition("/")
    if not rest and method == "PUT":
        state["environments"].setdefault(name, {"branches": []})["policy"] = body[
            "deployment_branch_policy"
        ]
        return {}
    if name not in state["environments"]:
        raise RefusedError(404)
    environment = state["environments"][name]
    if not rest:
        return {"name": name, "deployment_branch_policy": environment["policy"]}
    if method == "POST":
        environment["branches"].append(body["name"])
        return body
    return {"branch_policies": [{"name": branch} for branch in environment["branches"]]}


if __name__ == "__main__":
    sys.exit(main())
