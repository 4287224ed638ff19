"""A new revision of either target: ``gcloud run deploy`` with every choice stated."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.deployment import FunctionDeployment, Resources, ServiceDeployment
from targets.cloud_run import Service, parse_service
from targets.gcloud import Gcloud


@dataclass(frozen=True, slots=True)
class NewRevision:
    """What every new revision has, whichever its target.

    Attributes:
        suffix: of its name, after the service's and a hyphen.
        tag: under which it answers at a URL of its own.
        account: email of the service account that it runs as.
        first: the service does not exist yet; its first revision cannot be without traffic.
    """

    suffix: str
    tag: str
    region: str
    account: str
    labels: Mapping[str, str]
    variables: Mapping[str, str]
    first: bool


def deploy_service(
    gcloud: Gcloud, settings: ServiceDeployment, image: str, new: NewRevision
) -> Service | None:
    """Deploy a container, ``image`` named by digest; None on a dry run.

    Raises:
        GcloudError: it is refused, or the revision never becomes ready.
    """
    own = [f"--image={image}", f"--port={settings.port}"]
    return _deploy(gcloud, settings, own, new, new.variables)


def deploy_function(
    gcloud: Gcloud, settings: FunctionDeployment, source: Path, new: NewRevision
) -> Service | None:
    """Deploy a function from its source, which Google builds; None on a dry run.

    Raises:
        GcloudError: it is refused, its build fails, or the revision never becomes ready.
    """
    own = [
        f"--source={source}",
        f"--function={settings.entry_point}",
        f"--base-image={settings.base_image}",
        # The runtime below a release changes with the next release, not behind its back.
        "--no-automatic-updates",
    ]
    return _deploy(gcloud, settings, own, new, {**new.variables, "FUNCTION_USE_ASGI": "true"})


def _deploy(
    gcloud: Gcloud,
    settings: Resources,
    own: list[str],
    new: NewRevision,
    variables: Mapping[str, str],
) -> Service | None:
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
    ]
    if new.first:
        access = "--allow-unauthenticated" if settings.public else "--no-allow-unauthenticated"
        arguments.append(access)
    else:
        arguments.append("--no-traffic")
    raw = gcloud.change("run", "deploy", settings.name, *arguments)
    return parse_service(raw) if raw else None


def _pairs(members: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in members.items())
