"""A build in Cloud Build: a file of steps on the tree that lies here, watched to its end."""

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.yaml_file import read_yaml
from twinserve.targets.google.gcloud import Gcloud, GcloudError
from twinserve.targets.google.logs import read_build_log

FILE = "cloudbuild.yaml"
IGNORE = ".gcloudignore"
# https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds#status
SUCCESS = "SUCCESS"
UNDER_WAY = frozenset({"STATUS_UNKNOWN", "PENDING", "QUEUED", "WORKING"})
POLL_S = 5.0
# A question that fails now and then is no reason to lose sight of a build.
MOST_FAILURES = 5
MOST_LINES = 400
LOG_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Build:
    """The settings of a build.

    Attributes:
        account: email of the service account that it runs as.
        staging: ``gs://`` folder for the uploaded tree, one that the account may write.
        machine: its type, in the API's words; None for Cloud Build's own.
        without: ids of the file's steps that whoever submits the build does otherwise.
        left_out: paths that are not uploaded, besides those that the ignore file names.
    """

    region: str
    commit: str
    account: str
    staging: str
    machine: str | None = None
    without: AbstractSet[str] = frozenset()
    left_out: Sequence[str] = ()


def submit_build(
    gcloud: Gcloud, build: Build, tell: Callable[[str], None], *, poll_s: float = POLL_S
) -> None:
    """Upload the tree, run the steps, wait for their end; what a failing step printed is told.

    gcloud's own waiting shows no step's output where logs are in Cloud Logging only, as they are
    for a build that runs as an account of the user's (gcloud 528, ``api_lib/cloudbuild/logs.py``).

    Raises:
        GcloudError: it is refused.
        UserError: a step failed, or the build ended otherwise.
    """
    raw = _start(gcloud, build)
    if raw is None:
        return
    name = raw["id"]
    tell(f"build {name}: {raw.get('logUrl', '')}")
    try:
        ended = _watch(gcloud, build.region, raw, tell, poll_s)
    except KeyboardInterrupt:
        tell(f"interrupted: build {name} is cancelled")
        gcloud.change("builds", "cancel", name, f"--region={build.region}")
        raise
    if ended["status"] != SUCCESS:
        raise UserError(_explain(gcloud, ended, tell))


def _start(gcloud: Gcloud, build: Build) -> Any:  # noqa: ANN401 - JSON
    machine = build.machine.lower().replace("_", "-") if build.machine else None
    steps = read_yaml(Path(FILE), "run this from the top of the repository")
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "cloudbuild.json"
        config.write_text(json.dumps(without(steps, build.without)), encoding="utf-8")
        ignore = Path(directory) / "gcloudignore"
        ignore.write_text(ignored(Path(IGNORE), build.left_out), encoding="utf-8")
        return gcloud.change(
            "builds",
            "submit",
            ".",
            f"--config={config}",
            f"--ignore-file={ignore}",
            f"--region={build.region}",
            f"--substitutions=_COMMIT={build.commit}",
            f"--service-account=projects/{gcloud.project}/serviceAccounts/{build.account}",
            f"--gcs-source-staging-dir={build.staging}",
            *((f"--machine-type={machine}",) if machine else ()),
            "--async",
        )


def ignored(file: Path, left_out: Sequence[str]) -> str:
    """The ignore file's text, and a line for each path more: what stands last counts."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return "\n".join([text.rstrip(), *(f"/{path}" for path in left_out), ""])


def without(build: Mapping[str, Any], dropped: AbstractSet[str]) -> dict[str, Any]:
    """The same build less some steps; what waited for one of them waits for the rest."""
    kept = [
        {**step, "waitFor": [name for name in step["waitFor"] if name not in dropped]}
        for step in build["steps"]
        if step["id"] not in dropped
    ]
    return {**build, "steps": kept}


def _watch(
    gcloud: Gcloud,
    region: str,
    raw: Mapping[str, Any],
    tell: Callable[[str], None],
    poll_s: float,
) -> Mapping[str, Any]:
    """The build once it has ended; each step is told when it ends."""
    told: set[str] = set()
    failures = 0
    while raw.get("status", "QUEUED") in UNDER_WAY:
        time.sleep(poll_s)
        try:
            raw = gcloud.read("builds", "describe", raw["id"], f"--region={region}")
            failures = 0
        except GcloudError:
            failures += 1
            if failures > MOST_FAILURES:
                raise
            continue
        for step, status in _steps(raw):
            if status not in UNDER_WAY and step not in told:
                told.add(step)
                tell(f"  {step}: {status.lower()}")
    return raw


def _steps(raw: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Each step's name, its number where it has none, and its status."""
    return [
        (step.get("id") or f"#{number}", step.get("status", "QUEUED"))
        for number, step in enumerate(raw.get("steps", []))
    ]


def _explain(gcloud: Gcloud, raw: Mapping[str, Any], tell: Callable[[str], None]) -> str:
    """Tell what the failing step printed; the error that names it."""
    name, status = raw["id"], raw["status"]
    failed = [
        step for step, state in _steps(raw) if state not in UNDER_WAY | {SUCCESS, "CANCELLED"}
    ]
    lines = _log(gcloud, name, failed[0] if failed else None)
    for line in lines:
        tell(f"  | {line}")
    detail = raw.get("statusDetail") or raw.get("failureInfo", {}).get("detail", "")
    outcome = f"step {failed[0]} failed" if failed else "it did not get to a step's end"
    shown = "its output is above" if lines else "Cloud Logging has no line of it"
    told = f"build {name} ended as {status}: {outcome}, {shown}"
    if status == "EXPIRED":
        told += "; it found no free CPUs in the region: `twinserve doctor` shows the quota"
    return f"{told}; {detail} {raw.get('logUrl', '')}".rstrip("; ")


def _log(gcloud: Gcloud, name: str, step: str | None) -> Sequence[str]:
    """The last lines of a step, or of the whole build; they take a while to arrive."""
    deadline = time.monotonic() + LOG_WITHIN_S
    while True:
        lines = read_build_log(gcloud, name, MOST_LINES)
        own = [line for line in lines if step is not None and f'"{step}"' in line]
        if lines or time.monotonic() > deadline:
            return own or lines
        time.sleep(POLL_S)
