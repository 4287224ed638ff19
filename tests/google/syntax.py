"""Cloud Run's rules for a service: names, labels, variables, sizes. Each has its source."""

import re

from tests.google.api import Json, invalid

# RFC 1035, as the reference of Service.metadata.name asks; gcloud's help: at most 49 characters.
SERVICE = re.compile(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?")
# RevisionTemplate.metadata.name: RFC 1035, with the service's name in front.
REVISION = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
TAG = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
# PolicyEngine/policyengine-api issue 3729 quotes the refusal.
TAGGED = 46
# https://cloud.google.com/run/docs/configuring/services/labels#requirements
LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
VALUE = re.compile(r"[a-z0-9_-]{0,63}")
MOST_LABELS = 64
# https://cloud.google.com/run/docs/configuring/services/environment-variables#reserved
RESERVED = frozenset({"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "CLOUD_RUN_JOB"})
MOST_VARIABLES = 1000
# https://cloud.google.com/run/docs/configuring/services/memory-limits: least and most GiB of memory
# by CPUs, in thousandths; https://cloud.google.com/run/docs/configuring/services/cpu: no others.
MEMORY = {1000: (0.125, 4), 2000: (0.125, 8), 4000: (2, 16), 6000: (4, 24), 8000: (4, 32)}
UNITS = {"Mi": 1 / 1024, "Gi": 1.0}
# The same page: less than one CPU serves one request at a time.
WHOLE = 1000


def check(asked: Json) -> None:
    """Refuse what Cloud Run does not take.

    Raises:
        ApiError: naming what.
    """
    name = asked["metadata"]["name"]
    template = asked["spec"]["template"]
    if not SERVICE.fullmatch(name):
        raise invalid(
            f"metadata.name: must use only lowercase alphanumeric characters and dashes, cannot "
            f"begin or end with a dash, and cannot be longer than 49 characters: {name}"
        )
    revision = template.get("metadata", {}).get("name")
    if revision is not None and not REVISION.fullmatch(revision):
        raise invalid(f"spec.template.metadata.name: invalid revision name {revision}")
    _check_labels(asked["metadata"].get("labels", {}), "metadata")
    _check_labels(template.get("metadata", {}).get("labels", {}), "spec.template.metadata")
    for entry in asked["spec"].get("traffic", []):
        _check_tag(entry.get("tag") or "a", name)
    for container in template["spec"]["containers"]:
        _check_variables(container.get("env", []))
        limits = container.get("resources", {}).get("limits", {})
        _check_size(limits, template["spec"].get("containerConcurrency", 80))


def _check_labels(labels: dict[str, str], where: str) -> None:
    own = {key: value for key, value in labels.items() if "/" not in key}
    if len(own) > MOST_LABELS:
        raise invalid(f"{where}.labels: more than {MOST_LABELS} labels")
    for key, value in own.items():
        if not LABEL.fullmatch(key) or not VALUE.fullmatch(value):
            raise invalid(f"{where}.labels: invalid label {key}={value}")


def _check_tag(tag: str, service: str) -> None:
    if not TAG.fullmatch(tag):
        raise invalid(f"spec.traffic.tag: invalid traffic tag '{tag}'")
    if len(tag) + len(service) > TAGGED:
        raise invalid(
            f"spec.traffic.tag: traffic tag '{tag}' and service name '{service}' together are too "
            f"long. Combined traffic tag and service name cannot exceed {TAGGED} characters."
        )


def _check_variables(variables: list[Json]) -> None:
    if len(variables) > MOST_VARIABLES:
        raise invalid(f"env: more than {MOST_VARIABLES} variables")
    names = [variable["name"] for variable in variables]
    for name in names:
        if not name or "=" in name:
            raise invalid(f"env: invalid name of a variable: {name!r}")
        if name in RESERVED:
            raise invalid(f"env: the following reserved env names were provided: {name}")
    if len(names) != len(set(names)):
        raise invalid("env: a name is given twice")


def _check_size(limits: dict[str, str], concurrency: int) -> None:
    cpu = limits.get("cpu", "1000m")
    thousandths = int(cpu[:-1]) if cpu.endswith("m") else round(float(cpu) * WHOLE)
    memory = limits.get("memory", "512Mi")
    if memory[-2:] not in UNITS:
        raise invalid(f"resources.limits.memory: invalid value {memory}")
    size = float(memory[:-2]) * UNITS[memory[-2:]]
    if thousandths < WHOLE:
        if concurrency > 1:
            raise invalid("Total cpu < 1 is not supported with concurrency > 1.")
        return
    if thousandths not in MEMORY:
        raise invalid(f"Invalid value specified for cpu: {cpu}. Allowed are 1, 2, 4, 6 and 8.")
    least, most = MEMORY[thousandths]
    if not least <= size <= most:
        raise invalid(
            f"Invalid value specified for container memory: for {thousandths // WHOLE} CPU, memory "
            f"must be between {least:g} and {most:g} GiB: {memory}"
        )
