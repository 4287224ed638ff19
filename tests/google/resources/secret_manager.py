"""Secrets and their versions: Secret Manager API v1, projects.secrets and its versions."""

import base64
from typing import TYPE_CHECKING

from tests.google.api import Json, Request, Routes, already_exists, not_found, timestamp
from tests.google.resources.permissions import may
from tests.google.state import PROJECT_NUMBER, Revision, Secret

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

SECRETS = "secretmanager.googleapis.com/v1/projects/{project}/secrets"
ACCESS = "secretmanager.versions.access"
# The wording of Cloud Run, as people quote it: terraform-docs-samples pull request 168.
DENIED = (
    "spec.template.spec.containers[0].env[{place}].value_from.secret_key_ref.name: Permission "
    "denied on secret: projects/{number}/secrets/{name}/versions/{version} for Revision service "
    "account {account}. The service account used must be granted the 'Secret Manager Secret "
    "Accessor' role (roles/secretmanager.secretAccessor) at the secret, project or higher level."
)

routes = Routes()


@routes("GET", SECRETS + "/{secret}")
def _get(cloud: "Cloud", request: Request) -> Json:
    return _as_json(find(cloud, request.values["secret"]))


@routes("POST", SECRETS)
def _create(cloud: "Cloud", request: Request) -> Json:
    name = request.query["secretId"]
    if name in cloud.state.secrets:
        raise already_exists(f"Secret [projects/{PROJECT_NUMBER}/secrets/{name}] already exists.")
    cloud.state.secrets[name] = Secret(name, request.json)
    return _as_json(cloud.state.secrets[name])


@routes("POST", SECRETS + "/{secret}:addVersion")
def _add(cloud: "Cloud", request: Request) -> Json:
    secret = find(cloud, request.values["secret"])
    secret.versions.append(base64.b64decode(request.json["payload"]["data"]).decode())
    return _version_as_json(secret, str(len(secret.versions)))


@routes("GET", SECRETS + "/{secret}/versions/{version}")
def _get_version(cloud: "Cloud", request: Request) -> Json:
    secret, version = find(cloud, request.values["secret"]), request.values["version"]
    if secret.value(version) is None:
        place = f"projects/{PROJECT_NUMBER}/secrets/{secret.name}/versions/{version}"
        raise not_found(f"Secret Version [{place}] not found.")
    return _version_as_json(secret, version)


def find(cloud: "Cloud", name: str) -> Secret:
    """The secret of that name.

    Raises:
        ApiError: there is none.
    """
    if name not in cloud.state.secrets:
        raise not_found(f"Secret [projects/{PROJECT_NUMBER}/secrets/{name}] not found.")
    return cloud.state.secrets[name]


def environment(cloud: "Cloud", revision: Revision) -> dict[str, str]:
    """The variables of a revision, secrets read as its account.

    Raises:
        PermissionError: the account may not, or there is no such version; in Cloud Run's words.
    """
    values = revision.environment
    for place, (variable, (name, version)) in enumerate(revision.secrets.items(), len(values)):
        account = revision.template["spec"]["serviceAccountName"]
        secret = cloud.state.secrets.get(name)
        allowed = may(cloud, f"serviceAccount:{account}", ACCESS, f"secrets/{name}")
        value = secret.value(version) if secret is not None and allowed else None
        if value is None:
            message = DENIED.format(
                place=place, number=PROJECT_NUMBER, name=name, version=version, account=account
            )
            raise PermissionError(message)
        values[variable] = value
    return values


def _as_json(secret: Secret) -> Json:
    name = f"projects/{PROJECT_NUMBER}/secrets/{secret.name}"
    return {"name": name, "createTime": secret.created, **secret.resource}


def _version_as_json(secret: Secret, version: str) -> Json:
    number = str(len(secret.versions)) if version == "latest" else version
    name = f"projects/{PROJECT_NUMBER}/secrets/{secret.name}/versions/{number}"
    return {"name": name, "createTime": timestamp(), "state": "ENABLED"}
