"""Which jobs a pull request needs, by the paths that it changes; and whether just those succeeded.

Both are computed by the base's code, with a Python that has nothing installed, so that a pull
request cannot plan its own tests away, and the plan costs seconds.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError
from twinserve.delivery.environment.remotes import source_files
from twinserve.targets.git import changed_paths
from twinserve.targets.github.workflow import set_outputs

# The jobs of `.github/workflows/pr.yml` that depend on what is changed.
JOBS = ("lint", "model", "engine", "container", "audit", "review")
EVERYTHING = frozenset(JOBS)
# What brings a table that DVC keeps to those jobs that read it, where there is one.
DATA = "data"
READING = frozenset({"model", "container", "review"})
# Of a pull request that gets no login, where the table cannot be read without.
UNREADABLE = "unreadable"
# What a user owns: of the suites, the model's; and the figures that its reviewer wants.
MODEL = frozenset({"model", "review"})
# What reaches no image and no lock.
TESTS = frozenset({"lint", "model", "engine"})
PROSE = frozenset({"lint", "engine"})
# The user's own code, which both bundles carry.
CUSTOM = MODEL | {"lint", "container"}
# The first that fits counts; a folder ends with a slash. What stands nowhere needs everything.
PATHS: tuple[tuple[str, frozenset[str]], ...] = (
    ("params.yaml", MODEL),
    ("data/", MODEL),
    ("dvc.lock", MODEL),
    ("evaluation/", MODEL),
    ("models/", MODEL),
    ("custom/", CUSTOM),
    ("tests/model/", MODEL),
    ("tests/", TESTS),
    ("docs/", PROSE),
    ("README.md", PROSE),
    ("LICENSE", PROSE),
    ("SECURITY.md", PROSE),
    ("CHANGELOG.md", PROSE),
    ("CONTRIBUTING.md", PROSE),
    (".editorconfig", PROSE),
    (".devcontainer/", PROSE),
)
PLAN = "plan"
# Whether the pull request is a fork's or Dependabot's, as the workflow knows it.
WITHOUT_LOGIN = "WITHOUT_LOGIN"


def needed(paths: Iterable[str]) -> tuple[str, ...]:
    """The jobs that a change of these paths needs, in the order of ``JOBS``."""
    wanted = [_needed_by(path) for path in paths] or [EVERYTHING]
    return tuple(job for job in JOBS if any(job in area for area in wanted))


def _needed_by(path: str) -> frozenset[str]:
    for known, jobs in PATHS:
        if path == known or (known.endswith("/") and path.startswith(known)):
            return jobs
    return EVERYTHING


def plan(tree: Path) -> str:
    """Say which jobs the change in ``tree`` needs, to a workflow's later jobs too."""
    paths = changed_paths(tree)
    jobs = needed(paths)
    if READING & set(jobs) and any(source_files(tree)):
        jobs = (DATA, *jobs)
    set_outputs({"jobs": json.dumps(jobs)})
    return f"{len(paths)} changed paths need: {', '.join(jobs)}"


def settle(needs: Mapping[str, Any]) -> str:
    """Hold each job's result to the plan; ``needs`` is the context of the job that needs them all.

    A pull request that gets no login, and whose table cannot be read without, has done what it can
    where the jobs that read it were skipped.

    Raises:
        UserError: a job that was planned has not succeeded, or another one was run.
    """
    unread = needs.get(DATA, {}).get("outputs", {}).get("table") == UNREADABLE
    if unread and os.environ.get(WITHOUT_LOGIN) != "true":
        raise UserError(f"{DATA}: the table was not read, by a pull request that has a login")
    planning = needs.get(PLAN, {})
    if planning.get("result") != "success":
        raise UserError(f"{PLAN}: {planning.get('result', 'missing')}; nothing is known to be due")
    planned = json.loads(planning["outputs"]["jobs"])
    due = [job for job in planned if not (unread and job in READING)]
    results = {name: need["result"] for name, need in needs.items() if name != PLAN}
    faults = [
        f"{name}: {results.get(name, 'missing')}, and {wanted} by the plan"
        for name in sorted({*due, *results})
        if results.get(name) != (wanted := "success" if name in due else "skipped")
    ]
    if faults:
        raise UserError("; ".join(faults))
    without = "; the model was not checked, since its table cannot be read here" * unread
    return f"all that was due has succeeded: {', '.join(due)}{without}"


def read_needs() -> Mapping[str, Any]:
    """The context that the workflow hands over in ``$NEEDS``.

    Raises:
        UserError: it is not there, or is no JSON.
    """
    try:
        needs = json.loads(os.environ.get("NEEDS", ""))
    except ValueError:
        raise UserError("NEEDS: give it GitHub's `toJSON(needs)`") from None
    if not isinstance(needs, dict):
        raise UserError("NEEDS: not an object; give it GitHub's `toJSON(needs)`")
    return needs
