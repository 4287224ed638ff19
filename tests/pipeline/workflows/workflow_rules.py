"""Rules of the files under ``.github``; each gives a line for each fault."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from tests.pipeline.workflows import action_rules, commands, variable_rules
from tests.pipeline.workflows.reference_rules import (
    called_with_what_it_takes,
    hours_are_known,
    references_lead_somewhere,
)
from tests.pipeline.workflows.workflow_files import Files, parse
from tests.renewed import PYTHON

HERE = Path(__file__).parent
USUAL_MINUTES = (5, 60)
# The nightly suite may take longer, and the search for what breaks.
SLOW_JOBS = frozenset(
    {"nightly.yml: everything", "nightly.yml: model", "renew.yml: renew", "renew.yml: rows"}
)
SLOW_MINUTES = (120, 180)
SHORTEST_DAYS = 7
WORKFLOW_KEYS = {"name", "on", "permissions", "concurrency", "jobs"}
JOB_KEYS = {
    "concurrency", "container", "env", "environment", "if", "name", "needs", "outputs",
    "permissions", "runs-on", "secrets", "steps", "strategy", "timeout-minutes", "uses", "with",
}  # fmt: skip
STEP_KEYS = {"env", "id", "if", "name", "run", "uses", "with", "working-directory"}
RUNNER = "ubuntu-latest"
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
SCHEMAS = {
    ".github/workflows/": "github-workflows.json",
    ".github/actions/": "github-actions.json",
    ".github/dependabot.yml": "dependabot.json",
}


@cache
def _policy() -> dict[str, Any]:
    policy = yaml.safe_load((HERE / "policy.yaml").read_text().replace("\n  on:", '\n  "on":'))
    assert isinstance(policy, dict)
    return policy


@cache
def _schema(name: str) -> Any:  # noqa: ANN401 - a validator
    folder = package_files("check_jsonschema") / "builtin_schemas" / "vendor"
    return jsonschema.Draft7Validator(json.loads((folder / name).read_text()))


def fits_schemas(files: Files) -> Iterator[str]:
    """GitHub's own schemas know every key."""
    for name, text in files.texts.items():
        yield from _misfits(name, text)


@cache
def _misfits(name: str, text: str) -> list[str]:
    (schema,) = [
        name_of_schema for start, name_of_schema in SCHEMAS.items() if name.startswith(start)
    ]
    errors = _schema(schema).iter_errors(parse(text))
    return [f"{name}: {error.json_path}: {error.message:.100}" for error in errors]


def follows_policy(files: Files) -> Iterator[str]:
    """Triggers, concurrency, permissions, order and commands are those of ``policy.yaml``."""
    if set(files.workflows) != set(_policy()):
        yield f"workflows: {sorted(set(files.workflows) ^ set(_policy()))}"
    for name, content in files.workflows.items():
        intent = _policy().get(name, {})
        if content.get("permissions") != {}:
            yield f"{name}: permissions at the top are not empty"
        if _without_texts(content.get("on")) != intent.get("on"):
            yield f"{name}: another trigger than intended"
        if content.get("concurrency") != intent.get("concurrency"):
            yield f"{name}: another concurrency than intended"
        if set(content["jobs"]) != set(intent.get("jobs", {})):
            yield f"{name}: other jobs than intended"
    for job in files.jobs:
        intent = _policy().get(job.workflow, {}).get("jobs", {}).get(job.id, {})
        members = {
            "permissions": job.raw.get("permissions"),
            "environment": job.raw.get("environment"),
            "env": job.raw.get("env"),
            "if": job.raw.get("if"),
            "needs": job.needs or None,
            "uses": job.raw.get("uses"),
            "matrix": job.raw.get("strategy", {}).get("matrix"),
            "concurrency": job.raw.get("concurrency"),
            "container": job.raw.get("container"),
            "outputs": job.raw.get("outputs"),
            "steps": [step.intent for step in job.steps] or None,
        }
        for key, value in members.items():
            if value != intent.get(key):
                yield f"{job.where}: {key} is not as intended"


def _without_texts(content: Any) -> Any:  # noqa: ANN401 - YAML
    if isinstance(content, Mapping):
        return {
            key: _without_texts(member) for key, member in content.items() if key != "description"
        }
    return content


def jobs_are_bounded(files: Files) -> Iterator[str]:
    """A runner of GitHub's, a limit of time, and a matrix whose jobs all run to their end."""
    for job in files.jobs:
        if "uses" in job.raw:
            continue
        minutes = job.raw.get("timeout-minutes", 0)
        shortest, longest = SLOW_MINUTES if job.where in SLOW_JOBS else USUAL_MINUTES
        if not shortest <= minutes <= longest:
            yield f"{job.where}: {minutes} minutes are no sensible limit"
        matrix = job.raw.get("strategy", {}).get("matrix", {})
        if job.raw.get("runs-on") != ("${{ matrix.machine }}" if "machine" in matrix else RUNNER):
            yield f"{job.where}: runs elsewhere"
        if "strategy" in job.raw and job.raw["strategy"].get("fail-fast") is not False:
            yield f"{job.where}: one Python's failure hides another's"


def nothing_else_is_said(files: Files) -> Iterator[str]:
    """No key but those that a rule looks at: nothing may fail and be green all the same."""
    for name, content in files.workflows.items():
        yield from _more(name, content, WORKFLOW_KEYS)
    for job in files.jobs:
        yield from _more(job.where, job.raw, JOB_KEYS)
        for step in job.steps:
            yield from _more(step.where, step.raw, STEP_KEYS)
    for step in (*files.setup, *files.action_steps("gcloud")):
        yield from _more(step.where, step.raw, STEP_KEYS | {"shell"})


def _more(where: str, raw: Mapping[str, Any], keys: AbstractSet[str]) -> Iterator[str]:
    for key in set(raw) - keys:
        yield f"{where}: {key} is looked at by no rule"


def commands_are_the_projects(files: Files) -> Iterator[str]:
    """One line each, without expressions; targets, commands and options exist."""
    for step in files.steps:
        if step.run is None:
            continue
        if "\n" in step.run.strip():
            yield f"{step.where}: more than a line of shell"
        if EXPRESSION.search(step.run):
            yield f"{step.where}: an expression in shell is code that others write"
        if fault := commands.fault(step.run):
            yield f"{step.where}: {fault}"


def setup_is_one_command(files: Files) -> Iterator[str]:
    """The set-up action installs Python and runs what a person runs, or takes its result."""
    intents = [step.intent for step in files.setup]
    action = files.parsed[".github/actions/setup/action.yml"]
    taken = {"run": "make --touch .venv/ready", "if": "steps.cache.outputs.cache-hit == 'true'"}
    if intents != ["actions/setup-python", "actions/cache", taken, "make .venv/ready"]:
        yield "setup: other steps than intended"
    if action["runs"].get("using") != "composite":
        yield "setup: not composite"
    if action.get("inputs", {}).get("python-version", {}).get("default") != PYTHON:
        yield "setup: another Python than the project's oldest"
    if {step.raw.get("shell") for step in files.setup if step.run} != {"bash"}:
        yield "setup: no shell"
    if [step.raw.get("id") for step in files.setup[:2]] != ["python", "cache"]:
        yield "setup: ids that its own steps do not name"


def dependencies_are_watched(files: Files) -> Iterator[str]:
    """Actions are kept fresh, a week after a release at the soonest; the rest is `renew.yml`'s."""
    updates = files.parsed[".github/dependabot.yml"].get("updates", [])
    watched = {
        update.get("package-ecosystem"): update.get("directories") or [update.get("directory")]
        for update in updates
    }
    expected = {
        "github-actions": ["/", "/.github/actions/gcloud", "/.github/actions/setup"],
    }
    if watched != expected:
        yield "dependabot.yml: watches other folders than intended"
    for update in updates:
        if update.get("cooldown", {}).get("default-days", 0) < SHORTEST_DAYS:
            yield f"dependabot.yml: {update.get('package-ecosystem')} without a cooldown"
        if update.get("schedule", {}).get("interval") not in {"weekly", "monthly"}:
            yield f"dependabot.yml: {update.get('package-ecosystem')} at no known pace"
        if list(update.get("groups", {}).values()) != [{"patterns": ["*"]}]:
            yield f"dependabot.yml: {update['package-ecosystem']} is not one pull request"


RULES: tuple[Callable[[Files], Iterator[str]], ...] = (
    fits_schemas,
    follows_policy,
    nothing_else_is_said,
    jobs_are_bounded,
    *action_rules.RULES,
    commands_are_the_projects,
    variable_rules.variables_are_given_and_used,
    references_lead_somewhere,
    called_with_what_it_takes,
    hours_are_known,
    variable_rules.four_secrets_are_used,
    setup_is_one_command,
    dependencies_are_watched,
)


def faults(files: Files) -> list[str]:
    """The faults that the first rule finds that finds any; a later one may count on the earlier."""
    for rule in RULES:
        if lines := list(rule(files)):
            return lines
    return []
