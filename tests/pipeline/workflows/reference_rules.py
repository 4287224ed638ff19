"""Rules of references: outputs of steps and jobs, other workflows, known hours."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from tests.pipeline.workflows.workflow_files import Files, Job
from twinserve.renewal.proposal.planned import SCHEDULES

STEP_OUTPUT = re.compile(r"steps\.([\w-]+)\.outputs\.")
JOB_OUTPUT = re.compile(r"needs\.([\w-]+)\.outputs\.([\w-]+)")


def references_lead_somewhere(files: Files) -> Iterator[str]:
    """An output is of an earlier step; a workflow that is called, or followed, exists."""
    for job in files.jobs:
        ids: set[str] = set()
        for step in job.steps:
            yield from _unknown_steps(step.where, step.raw, ids)
            ids.add(str(step.raw.get("id")))
        yield from _unknown_steps(f"{job.where}: outputs", job.raw.get("outputs"), ids)
        yield from _unknown_outputs(job, files.workflows[job.workflow]["jobs"])
    names = {content.get("name") for content in files.workflows.values()}
    for name, content in files.workflows.items():
        triggers = content.get("on")
        followed = triggers.get("workflow_run") if isinstance(triggers, Mapping) else None
        for workflow in (followed or {}).get("workflows", []):
            if workflow not in names:
                yield f"{name}: follows {workflow}, which there is not"


def _unknown_steps(where: str, content: object, known: AbstractSet[str]) -> Iterator[str]:
    for step in STEP_OUTPUT.findall(str(content)):
        if step not in known:
            yield f"{where}: no earlier step is called {step}"


def _unknown_outputs(job: Job, jobs: Mapping[str, Any]) -> Iterator[str]:
    for other, output in JOB_OUTPUT.findall(str(job.raw)):
        if other not in job.needs:
            yield f"{job.where}: takes an output of {other}, which it does not need"
        elif output not in jobs[other].get("outputs", {}):
            yield f"{job.where}: {other} has no output {output}"


def called_with_what_it_takes(files: Files) -> Iterator[str]:
    """A workflow that is called is given each of its inputs, and no other."""
    for job in files.jobs:
        called = files.workflows.get(str(job.raw.get("uses")).rpartition("/")[2], {})
        on = called.get("on") or {}
        taken = (on.get("workflow_call") or {}).get("inputs") or {}
        given = {name: f"${{{{ needs.open.outputs.{name} }}}}" for name in taken}
        if (job.raw.get("with") or {}) != given:
            yield f"{job.where}: calls with other inputs than intended"


def hours_are_known(files: Files) -> Iterator[str]:
    """Each time in ``renew.yml`` is that of a kind, and rows have a job of their own."""
    times = [schedule["cron"] for schedule in files.workflows["renew.yml"]["on"]["schedule"]]
    if times != list(SCHEDULES):
        yield "renew.yml: its hours are not those that `renew planned` knows"
    (rows,) = [hour for hour, kind in SCHEDULES.items() if kind == "data"]
    jobs = files.workflows["renew.yml"]["jobs"]
    if not all(f"'{rows}'" in str(jobs[name].get("if")) for name in ("renew", "rows")):
        yield "renew.yml: the hour of the rows is another one"
