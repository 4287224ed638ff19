"""Rules of cloudbuild.yaml, beyond those of Cloud Build itself."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files as package_files
from typing import Any

import jsonschema

from tests.pipeline.builds.cloud_build import Step, faults, steps
from tests.pipeline.workflows import commands
from tests.renewed import GCLOUD, PYTHON

COMMANDS = {
    "environment": "python3 -m twinserve environment",
    "reproduce": ".venv/bin/twinserve repro --pull --locked --push",
    "test": "make test-model",
    "bundle": ".venv/bin/twinserve verify",
    "build": ".venv/bin/twinserve build --engine docker",
    "push": ".venv/bin/twinserve push",
    "release": ".venv/bin/twinserve release --from-build",
    "record": ".venv/bin/twinserve status",
}
# Which steps begin only after which: neither more nor fewer.
AFTER: dict[str, set[str]] = {
    "gcloud": set(),
    "docker": set(),
    "environment": {"gcloud"},
    "reproduce": {"environment"},
    "test": {"reproduce"},
    "bundle": {"reproduce"},
    "build": {"environment", "bundle", "gcloud", "docker"},
    "push": {"test", "build"},
    "release": {"push"},
    "record": {"release"},
}
PROJECT = "GOOGLE_CLOUD_PROJECT=$PROJECT_ID"
COMMIT = "COMMIT_SHA=$_COMMIT"
PATH = "PATH=/builder/home/google-cloud-sdk/bin:/builder/home:/usr/local/bin:/usr/bin:/bin"
BARE_PATH = "PATH=/builder/home/google-cloud-sdk/bin:/usr/local/bin:/usr/bin:/bin"
VARIABLES = {
    "environment": {PROJECT, BARE_PATH},
    "build": {PROJECT, COMMIT, PATH},
    "push": {PROJECT, COMMIT, PATH},
    "release": {PROJECT, COMMIT, PATH, "BUILD_ID=$BUILD_ID"},
    "record": {PROJECT, PATH},
}
OPTIONS = {
    "dynamicSubstitutions": True,
    "logging": "CLOUD_LOGGING_ONLY",
    "substitutionOption": "MUST_MATCH",
}
IMAGES = {
    "gcloud": f"gcr.io/google.com/cloudsdktool/google-cloud-cli:{GCLOUD}-alpine",
    "docker": "docker:29-cli",
    "": f"python:{PYTHON}-bookworm",
}
COPIES = {
    "gcloud": "cp -a /google-cloud-sdk /builder/home/google-cloud-sdk",
    "docker": "sh -c mkdir -p /builder/home/.docker && "
    "cp -a /usr/local/libexec/docker/cli-plugins /builder/home/.docker && "
    "cp -a /usr/local/bin/docker /builder/home/docker",
}
SHORTEST_S, LONGEST_S = 60, 3600


@cache
def _schema() -> Any:  # noqa: ANN401 - a validator
    folder = package_files("check_jsonschema") / "builtin_schemas" / "vendor"
    return jsonschema.Draft7Validator(json.loads((folder / "cloudbuild.json").read_text()))


def build_faults(build: Mapping[str, Any]) -> list[str]:
    """Misfits with the schema; else what Cloud Build refuses, and what is not as intended."""
    misfits = [f"{error.json_path}: {error.message:.100}" for error in _schema().iter_errors(build)]
    return misfits or [*faults(build), *_deviations(build)]


def _deviations(build: Mapping[str, Any]) -> Iterator[str]:
    parsed = steps(build)
    if {step.id: set(step.wait_for) for step in parsed} != AFTER:
        yield "steps: another order than intended"
    pins: dict[str, str] = {}
    for step in parsed:
        yield from _step_deviations(step)
        image, _, digest = step.image.partition("@")
        if pins.setdefault(image, digest) != digest:
            yield f"{step.id}: {image} is pinned otherwise than elsewhere"
    if build.get("options") != OPTIONS:
        yield "options: others than intended"
    if build.get("substitutions") != {"_COMMIT": "$COMMIT_SHA"}:
        yield "substitutions: others than intended"
    if build.get("timeout") != f"{LONGEST_S}s":
        yield "timeout: another than intended"


def _step_deviations(step: Step) -> Iterator[str]:
    line = " ".join(step.command)
    if line != (COMMANDS | COPIES).get(step.id):
        yield f"{step.id}: another command than intended"
    if step.id in COMMANDS and (fault := commands.fault(line)):
        yield f"{step.id}: {fault}"
    if set(step.environment) != VARIABLES.get(step.id, set()):
        yield f"{step.id}: other variables than intended"
    if step.image.partition("@")[0] != IMAGES.get(step.id, IMAGES[""]):
        yield f"{step.id}: another image than intended"
    if not SHORTEST_S <= (step.timeout_s or 0) <= LONGEST_S:
        yield f"{step.id}: no sensible limit of time"
