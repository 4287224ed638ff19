"""Who may come in without a key: a workload identity pool with one OpenID Connect provider."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twinserve.targets.google.gcloud import Gcloud, if_it_exists
from twinserve.targets.google.project.resources import ensure

PLACE = "--location=global"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of tokens, and which of them are let in.

    Attributes:
        mapping: from the token's claims to attributes of a principal.
        condition: in CEL, on the token's claims.
    """

    pool: str
    name: str
    issuer: str
    mapping: Mapping[str, str]
    condition: str


def ensure_provider(gcloud: Gcloud, wanted: Provider) -> None:
    """Make pool and provider, or have the provider let in what is wanted now, and nothing else.

    Raises:
        GcloudError: it is refused.
    """
    pools = ("iam", "workload-identity-pools")
    ensure(
        gcloud,
        (*pools, "describe", wanted.pool, PLACE),
        (*pools, "create", wanted.pool, PLACE, "--display-name=GitHub Actions"),
    )
    providers = (*pools, "providers")
    where = (wanted.name, PLACE, f"--workload-identity-pool={wanted.pool}")
    mapping = ",".join(f"{name}={claim}" for name, claim in wanted.mapping.items())
    options = (
        f"--issuer-uri={wanted.issuer}",
        f"--attribute-mapping={mapping}",
        f"--attribute-condition={wanted.condition}",
    )
    create = (*providers, "create-oidc", *where, *options)
    existing = ensure(gcloud, (*providers, "describe", *where), create)
    if existing is not None and differences(existing, wanted):
        gcloud.change(*providers, "update-oidc", *where, *options)


def read_provider(gcloud: Gcloud, pool: str, name: str) -> Any:  # noqa: ANN401 - JSON
    """The provider as it is; None if there is none.

    Raises:
        GcloudError: it cannot be read.
    """
    where = (name, PLACE, f"--workload-identity-pool={pool}")
    with if_it_exists():
        return gcloud.read("iam", "workload-identity-pools", "providers", "describe", *where)
    return None


def differences(raw: Mapping[str, Any], wanted: Provider) -> list[str]:
    """The names of what a provider has otherwise."""
    pairs = {
        "issuer": (raw.get("oidc", {}).get("issuerUri"), wanted.issuer),
        "attribute mapping": (raw.get("attributeMapping"), dict(wanted.mapping)),
        "attribute condition": (raw.get("attributeCondition"), wanted.condition),
    }
    return [name for name, (have, want) in pairs.items() if have != want]
