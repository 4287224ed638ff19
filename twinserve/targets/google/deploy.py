"""A new revision of either target: ``gcloud run deploy`` with every choice stated."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.deployment import FunctionDeployment, Resources, ServiceDeployment
from twinserve.targets.google.access import Access
from twinserve.targets.google.cloud_run import Service, parse_service
from twinserve.targets.google.gcloud import Gcloud


@dataclass(frozen=True, slots=True)
class NewRevision:
    """The settings of a new revision, whichever its target.

    Attributes:
        suffix: of its name, after the service's and a hyphen.
        tag: under which it answers at a URL of its own.
        account: email of the service account that it runs as.
        first: how the service is opened that does not exist yet; its first revision cannot be
            without traffic. None where there is one already.
    """

    suffix: str
    tag: str
    region: str
    account: str
    labels: Mapping[str, str]
    variables: Mapping[str, str]
    first: Access | None


# Longer ones until a value does not hold it.
_DELIMITERS = tuple("|" * length for length in range(1, 100))
# What makes a new service public or private; gcloud asks where nothing is said.
_FIRST = {
    Access.IAM: ("--allow-unauthenticated",),
    Access.NO_INVOKER_CHECK: ("--no-allow-unauthenticated", "--no-invoker-iam-check"),
    Access.PRIVATE: ("--no-allow-unauthenticated",),
}


def deploy_service(
    gcloud: Gcloud, settings: ServiceDeployment, image: str, new: NewRevision
) -> Service | None:
    """Deploy a container, ``image`` named by digest; None on a dry run.

    Raises:
        GcloudError: it is refused, or the revision never becomes ready.
    """
    own = [f"--image={image}", f"--port={settings.port}"]
    return _deploy(gcloud, settings, own, new, {})


def deploy_function(
    gcloud: Gcloud, settings: FunctionDeployment, source: Path, new: NewRevision, builder: str
) -> Service | None:
    """Deploy a function from its source, which Google builds as ``builder``; None on a dry run.

    Raises:
        GcloudError: it is refused, its build fails, or the revision never becomes ready.
    """
    own = [
        f"--source={source}",
        f"--function={settings.entry_point}",
        f"--base-image={settings.base_image}",
        # Without it the Compute default account builds, which has no role in newer organisations.
        f"--build-service-account=projects/{gcloud.project}/serviceAccounts/{builder}",
        # The runtime below a release changes with the next release, not behind its back.
        "--no-automatic-updates",
    ]
    return _deploy(gcloud, settings, own, new, {"FUNCTION_USE_ASGI": "true"})


def _deploy(
    gcloud: Gcloud,
    settings: Resources,
    own: list[str],
    new: NewRevision,
    variables: Mapping[str, str],
) -> Service | None:
    """Deploy with what both have, and ``variables`` that this target needs."""
    variables = {**settings.variables, **new.variables, **variables}
    arguments = [
        *own,
        f"--region={new.region}",
        f"--revision-suffix={new.suffix}",
        f"--tag={new.tag}",
        f"--service-account={new.account}",
        f"--memory={settings.memory}",
        f"--cpu={settings.cpu}",
        "--cpu-boost" if settings.cpu_boost else "--no-cpu-boost",
        f"--concurrency={settings.concurrency}",
        f"--min-instances={settings.min_instances}",
        f"--max-instances={settings.max_instances}",
        f"--timeout={settings.timeout_s}",
        f"--labels={_pairs(new.labels)}",
        f"--set-env-vars={_pairs(variables)}",
        # What is not named would stay as the last revision has it.
        f"--set-secrets={_pairs(settings.secrets)}" if settings.secrets else "--clear-secrets",
    ]
    arguments += _FIRST[new.first] if new.first is not None else ("--no-traffic",)
    raw = gcloud.change("run", "deploy", settings.name, *arguments)
    return parse_service(raw) if raw else None


def _pairs(members: Mapping[str, str]) -> str:
    """As ``gcloud topic escaping`` has it: a delimiter other than a comma is named in front."""
    pairs = [f"{name}={value}" for name, value in members.items()]
    whole = "".join(pairs)
    delimiter = next(chosen for chosen in (",", *_DELIMITERS) if chosen not in whole)
    return ("" if delimiter == "," else f"^{delimiter}^") + delimiter.join(pairs)
