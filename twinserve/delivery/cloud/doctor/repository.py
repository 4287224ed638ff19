"""The repository on GitHub: variables, Actions, workflows, environment, issues, main's rule."""

from collections.abc import Sequence

from twinserve.delivery.cloud import federation
from twinserve.delivery.cloud.doctor.finding import Finding, Weight, fine, stop, warn
from twinserve.delivery.cloud.doctor.project import BOOTSTRAP
from twinserve.delivery.cloud.repository import (
    ACTIVE,
    BRANCH,
    CHECK,
    DEPLOYS,
    ENVIRONMENT,
    deploying_branches,
    has_rule,
    read_variables,
    read_workflows,
)
from twinserve.delivery.project import Cloud
from twinserve.targets.github.api import api, find, has_gh
from twinserve.targets.google.project.resources import project_number

# The variable that a project of an earlier version has not been given.
RENEWER = "RENEWER"


def examine(cloud: Cloud, github: str) -> Sequence[Finding]:
    """Everything that can be asked for with gh."""
    if not has_gh():
        cure = "install gh (https://cli.github.com), `gh auth login`, and run this again"
        return [warn("GitHub", "not looked at, since gh is not on the PATH", cure)]
    here = f"repos/{github}"
    findings = [
        *_repository(here),
        *_variables(cloud, here),
        *_actions(here),
        *_workflows(here, github),
        *_environment(here),
        *_rule(here),
    ]
    fit = [fine("GitHub", f"{github} is as the workflows need it")]
    return [*(findings or fit), *_renewal(cloud, here)]


def _renewal(cloud: Cloud, here: str) -> list[Finding]:
    """Whether packages, tools and rows are renewed, as they are to be: nobody has to want that."""
    there, merged = read_variables(here), cloud.params.renewal.merge
    if there.get("RENEWAL") == "true":
        if not (merged and there.get("RENEWAL_APP")) or api(here).get("allow_auto_merge"):
            return []
        told = f"renewal.merge names {', '.join(merged)}, but GitHub may merge nothing by itself"
        return [warn("renewal", told, "gh repo edit --enable-auto-merge")]
    told = "off: packages, tools and rows are renewed by nobody (docs/renewing.md)"
    return [Finding(Weight.FINE, "renewal", told, "gh variable set RENEWAL --body true")]


def _repository(here: str) -> list[Finding]:
    raw = api(here)
    findings = []
    if raw.get("archived") or raw.get("disabled"):
        findings.append(stop("GitHub", "the repository takes no push", "unarchive it"))
    if (branch := raw.get("default_branch")) != BRANCH:
        cure = f"gh repo edit --default-branch {BRANCH}"
        told = f"the default branch is {branch}; schedules and deploys are of {BRANCH}"
        findings.append(warn("GitHub", told, cure))
    if not raw.get("has_issues"):
        cure = "gh repo edit --enable-issues, or bootstrap"
        told = "issues are off, as in every fork: monitoring cannot report"
        findings.append(warn("issues", told, cure))
    return findings


def _variables(cloud: Cloud, here: str) -> list[Finding]:
    gcloud = cloud.gcloud
    accounts = federation.Accounts(cloud.deployer, cloud.reader, cloud.renewer)
    wanted = federation.variables(gcloud.project, cloud.region, project_number(gcloud), accounts)
    there = read_variables(here)
    missing = [name for name in wanted if name not in there]
    other = [name for name, value in wanted.items() if there.get(name, value) != value]
    findings = []
    if missing == [RENEWER]:
        told = f"not set: {RENEWER}; a renewal adds no rows to DVC's bucket"
        findings.append(warn("variables", told, BOOTSTRAP))
    elif missing:
        told = f"not set: {', '.join(missing)}; a push would deploy nowhere"
        findings.append(stop("variables", told, BOOTSTRAP))
    if other:
        told = f"of another project or account: {', '.join(other)}"
        findings.append(stop("variables", told, BOOTSTRAP))
    return findings


def _actions(here: str) -> list[Finding]:
    raw = find(f"{here}/actions/permissions") or {}
    if not raw.get("enabled"):
        return [stop("Actions", "switched off", f"Settings, Actions, General, or {BOOTSTRAP}")]
    if (allowed := raw.get("allowed_actions", "all")) == "local_only":
        cure = "Settings, Actions, General: allow actions of GitHub and of verified creators"
        return [stop("Actions", f"allowed are {allowed}: checkout and login are not", cure)]
    if allowed == "selected":
        chosen = find(f"{here}/actions/permissions/selected-actions") or {}
        if not (chosen.get("github_owned_allowed") and chosen.get("verified_allowed")):
            cure = "allow actions/* and google-github-actions/* there"
            return [warn("Actions", "only some are allowed", cure)]
    return []


def _workflows(here: str, github: str) -> list[Finding]:
    workflows = {workflow["path"].rpartition("/")[2]: workflow for workflow in read_workflows(here)}
    if DEPLOYS not in workflows:
        cure = f"open https://github.com/{github}/actions and enable workflows there"
        told = f"GitHub knows no {DEPLOYS}: a fork's workflows are off until someone enables them"
        return [stop("workflows", told, cure)]
    findings = []
    for name, workflow in workflows.items():
        if workflow["state"] != ACTIVE:
            told = f"{name} is {workflow['state']}"
            cure = f"gh workflow enable {name} --repo {github}"
            findings.append((stop if name == DEPLOYS else warn)("workflows", told, cure))
    return findings


def _environment(here: str) -> list[Finding]:
    subject = f"environment {ENVIRONMENT}"
    branches = deploying_branches(here)
    if branches is None:
        told = "missing, or open to every branch"
        return [warn(subject, told, f"Settings, Environments, or {BOOTSTRAP}")]
    if BRANCH not in branches:
        told = f"it is for {', '.join(sorted(branches)) or 'no branch'}, not for {BRANCH}"
        return [stop(subject, told, f"add {BRANCH} in Settings, Environments, or {BOOTSTRAP}")]
    return []


def _rule(here: str) -> list[Finding]:
    if has_rule(here):
        return []
    told = f"{BRANCH} does not ask for the check {CHECK!r}"
    return [warn("rule", told, f"Settings, Rules, or {BOOTSTRAP}")]
