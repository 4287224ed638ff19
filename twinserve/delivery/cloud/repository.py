"""The repository on GitHub as the workflows need it: what that is, and made so where gh may.

Sources: GitHub's REST documentation, "Deployment environments", "Deployment branch policies",
"Rules", "Actions permissions", "Workflows" and "Variables".
"""

from collections.abc import Callable, Mapping
from typing import Any

from twinserve.targets.github.api import GitHubError, api, find

BRANCH = "main"
ENVIRONMENT = "production"
# The check that stands for all of a pull request's; its name is pr.yml's.
CHECK = "All green"
DEPLOYS = "deploy.yml"
# GitHub switches these off in a fork, and where a repository has been quiet for 60 days.
# Source: GitHub, "Disabling and enabling a workflow".
SWITCHED_OFF = frozenset({"disabled_fork", "disabled_inactivity"})
ACTIVE = "active"
# Source: terraform-provider-github, repository_ruleset: the built-in role "admin" is 5.
ADMINISTRATORS = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}
RULESET = {
    "name": CHECK,
    "target": "branch",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    "rules": [
        {
            "type": "required_status_checks",
            "parameters": {
                "strict_required_status_checks_policy": False,
                "required_status_checks": [{"context": CHECK}],
            },
        }
    ],
    # Who owns the repository may still push to main by hand.
    "bypass_actors": [ADMINISTRATORS],
}


def set_up(repository: str, variables: Mapping[str, str], say: Callable[[str], None]) -> list[str]:
    """Make the repository so; what GitHub refuses, each in a line that ends in what to do.

    Raises:
        GitHubError: nobody is logged in.
    """
    here = f"repos/{repository}"
    api(here)
    pages = f"https://github.com/{repository}/settings"
    steps: tuple[tuple[str, Callable[[], str | None], str], ...] = (
        ("variables", lambda: _variables(here, variables), f"{pages}/variables/actions"),
        ("Actions", lambda: _actions(here), f"{pages}/actions"),
        ("workflows", lambda: _workflows(here), f"https://github.com/{repository}/actions"),
        ("issues", lambda: _issues(here), pages),
        (f"environment {ENVIRONMENT}", lambda: _environment(here), f"{pages}/environments"),
        (f"rule {CHECK!r}", lambda: _ruleset(here), f"{pages}/rules"),
    )
    refused = []
    for title, step, page in steps:
        try:
            done = step()
        except GitHubError as error:
            refused.append(f"{title}: {error}; by hand: {page}")
        else:
            say(f"  {title}: {done or 'as they should be'}")
    return refused


def read_variables(here: str) -> dict[str, str]:
    """The repository's variables."""
    listed = find(f"{here}/actions/variables?per_page=30") or {}
    return {variable["name"]: variable["value"] for variable in listed.get("variables", [])}


def read_workflows(here: str) -> list[Any]:
    """The repository's workflows, each with its state."""
    return list((find(f"{here}/actions/workflows?per_page=100") or {}).get("workflows", []))


def deploying_branches(here: str) -> frozenset[str] | None:
    """Patterns of the branches that may use the environment; None where it lets all in, or none is.

    Raises:
        GitHubError: GitHub refuses to say.
    """
    environment = find(f"{here}/environments/{ENVIRONMENT}")
    if environment is None or not (policy := environment.get("deployment_branch_policy")):
        return None
    if policy.get("protected_branches"):
        protected = find(f"{here}/branches/{BRANCH}") or {}
        return frozenset({BRANCH} if protected.get("protected") else ())
    listed = find(f"{here}/environments/{ENVIRONMENT}/deployment-branch-policies") or {}
    return frozenset(policy["name"] for policy in listed.get("branch_policies", []))


def has_rule(here: str) -> bool:
    """Whether a rule asks main for the check, whoever has made it."""
    rules = find(f"{here}/rules/branches/{BRANCH}") or []
    return any(
        check["context"] == CHECK
        for rule in rules
        if rule["type"] == "required_status_checks"
        for check in rule["parameters"]["required_status_checks"]
    )


def _variables(here: str, variables: Mapping[str, str]) -> str | None:
    there = read_variables(here)
    for name, value in variables.items():
        body = {"name": name, "value": value}
        if name not in there:
            api(f"{here}/actions/variables", "POST", body)
        elif there[name] != value:
            api(f"{here}/actions/variables/{name}", "PATCH", body)
    changed = [name for name, value in variables.items() if there.get(name) != value]
    return f"set {', '.join(changed)}" if changed else None


def _actions(here: str) -> str | None:
    if (find(f"{here}/actions/permissions") or {}).get("enabled"):
        return None
    api(f"{here}/actions/permissions", "PUT", {"enabled": True, "allowed_actions": "all"})
    return "switched on"


def _workflows(here: str) -> str | None:
    off = [workflow for workflow in read_workflows(here) if workflow["state"] in SWITCHED_OFF]
    for workflow in off:
        api(f"{here}/actions/workflows/{workflow['id']}/enable", "PUT")
    return f"switched on {', '.join(workflow['name'] for workflow in off)}" if off else None


def _issues(here: str) -> str | None:
    if api(here)["has_issues"]:
        return None
    api(here, "PATCH", {"has_issues": True})
    return "switched on"


def _environment(here: str) -> str | None:
    if BRANCH in (deploying_branches(here) or ()):
        return None
    policy = {"protected_branches": False, "custom_branch_policies": True}
    where = f"{here}/environments/{ENVIRONMENT}"
    api(where, "PUT", {"deployment_branch_policy": policy})
    api(f"{where}/deployment-branch-policies", "POST", {"name": BRANCH, "type": "branch"})
    return f"made, for {BRANCH} only"


def _ruleset(here: str) -> str | None:
    if has_rule(here):
        return None
    api(f"{here}/rulesets", "POST", RULESET)
    return "made; administrators may still push"
