"""Service accounts, workload identity pools and the tokens of accounts.

IAM API v1, projects.serviceAccounts and locations.workloadIdentityPools; IAM Service Account
Credentials API v1, generateIdToken and generateAccessToken.
"""

import base64
import json
import re
import secrets
import time
from typing import TYPE_CHECKING

from tests.google.api import Json, Request, Routes, already_exists, invalid, not_found
from tests.google.state import DEFAULT_ACCOUNT, PROJECT, PROJECT_NUMBER

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

ACCOUNTS = "iam.googleapis.com/v1/projects/{project}/serviceAccounts"
POOLS = "iam.googleapis.com/v1/projects/{project}/locations/global/workloadIdentityPools"
PROVIDERS = POOLS + "/{pool}/providers"
CREDENTIALS = "iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}"
PARENT = f"projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools"

# https://docs.github.com/en/actions/reference/security/oidc#oidc-token-claims, those that tell one
# repository from another.
CLAIMS = frozenset(
    {"repository", "repository_id", "repository_owner", "repository_owner_id", "sub"}
)

routes = Routes()


@routes("GET", ACCOUNTS)
def _list(cloud: "Cloud", _request: Request) -> Json:
    return {"accounts": list(cloud.state.accounts.values())}


@routes("GET", ACCOUNTS + "/{account}")
def _get(cloud: "Cloud", request: Request) -> Json:
    return _account(cloud, request.values["account"])


@routes("POST", ACCOUNTS)
def _create(cloud: "Cloud", request: Request) -> Json:
    asked = request.json
    email = f"{asked['accountId']}@{PROJECT}.iam.gserviceaccount.com"
    if email in cloud.state.accounts:
        raise already_exists(
            f"Service account {asked['accountId']} already exists within project "
            f"projects/{PROJECT}."
        )
    cloud.state.made_at[email] = time.monotonic()
    cloud.state.accounts[email] = _describe(email) | asked.get("serviceAccount", {})
    return cloud.state.accounts[email]


@routes("DELETE", ACCOUNTS + "/{account}")
def _delete(cloud: "Cloud", request: Request) -> Json:
    del cloud.state.accounts[_account(cloud, request.values["account"])["email"]]
    return {}


@routes("GET", POOLS + "/{pool}")
def _get_pool(cloud: "Cloud", request: Request) -> Json:
    return _existing(cloud.state.pools, f"{PARENT}/{request.values['pool']}")


@routes("POST", POOLS)
def _create_pool(cloud: "Cloud", request: Request) -> Json:
    name = f"{PARENT}/{request.query['workloadIdentityPoolId']}"
    return _make(cloud, cloud.state.pools, name, request.json)


@routes("GET", PROVIDERS + "/{provider}")
def _get_provider(cloud: "Cloud", request: Request) -> Json:
    name = f"{PARENT}/{request.values['pool']}/providers/{request.values['provider']}"
    return _existing(cloud.state.providers, name)


@routes("POST", PROVIDERS)
def _create_provider(cloud: "Cloud", request: Request) -> Json:
    """The condition must speak of the token, or any repository of GitHub could come in."""
    pool = f"{PARENT}/{request.values['pool']}"
    _existing(cloud.state.pools, pool)
    asked = request.json
    _check_provider(asked)
    name = f"{pool}/providers/{request.query['workloadIdentityPoolProviderId']}"
    return _make(cloud, cloud.state.providers, name, asked)


@routes("PATCH", PROVIDERS + "/{provider}")
def _update_provider(cloud: "Cloud", request: Request) -> Json:
    name = f"{PARENT}/{request.values['pool']}/providers/{request.values['provider']}"
    provider = _existing(cloud.state.providers, name)
    _check_provider({**provider, **request.json})
    provider.update(request.json)
    return cloud.state.finished(name, provider)


def _check_provider(asked: Json) -> None:
    """GitHub's tokens are everybody's: condition and mapping must say whose are taken.

    Raises:
        ApiError: it doesn't.
    """
    if "google.subject" not in asked.get("attributeMapping", {}):
        raise invalid("The attribute mapping must map a value to google.subject.")
    if "github" not in asked.get("oidc", {}).get("issuerUri", ""):
        return
    spoken_of = set(re.findall(r"assertion\.(\w+)", asked.get("attributeCondition", "")))
    if not spoken_of & CLAIMS:
        raise invalid(
            "The attribute condition must reference one of the provider's claims. For more "
            "information, see https://cloud.google.com/iam/docs/workload-identity-federation-"
            "with-deployment-pipelines#conditions"
        )


def lets_in(condition: str, claims: dict[str, str]) -> bool:
    """Whether a token with these claims fits a condition, whose parts are joined by ``&&``.

    A part is an equality, or says what a claim does not contain; any other lets nobody in.
    """
    return all(_fits(part.strip(), claims) for part in condition.split("&&"))


def _fits(part: str, claims: dict[str, str]) -> bool:
    if equality := re.fullmatch(r"assertion\.(\w+)\s*==\s*'([^']*)'", part):
        return claims.get(equality[1]) == equality[2]
    absence = re.fullmatch(r"!assertion\.(\w+)\.contains\('([^']*)'\)", part)
    # A claim that a token has not is an error in CEL, and lets nobody in.
    return absence is not None and absence[2] not in claims.get(absence[1], absence[2])


@routes("GET", POOLS + "/{pool}/operations/{id}", PROVIDERS + "/{provider}/operations/{id}")
def _get_operation(cloud: "Cloud", request: Request) -> Json:
    return cloud.state.operations[request.path.removeprefix("/v1/")]


@routes("POST", CREDENTIALS + ":generateIdToken")
def _identity_token(cloud: "Cloud", request: Request) -> Json:
    """A JWT in shape; the fake recognises the whole text, so its signature says nothing."""
    email = request.values["account"]
    _account(cloud, email)
    audience, now = request.json["audience"], int(time.time())
    claims = {
        "iss": "https://accounts.google.com",
        "aud": audience,
        "email": email,
        "iat": now,
        "exp": now + 3600,
    }
    parts = [{"alg": "RS256", "typ": "JWT"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    token = ".".join(part.rstrip("=") for part in [*encoded, secrets.token_urlsafe(24)])
    cloud.state.audiences[token] = audience
    cloud.state.callers[token] = f"serviceAccount:{email}"
    return {"token": token}


@routes("POST", CREDENTIALS + ":generateAccessToken")
def _access_token(cloud: "Cloud", request: Request) -> Json:
    email = request.values["account"]
    _account(cloud, email)
    return {"accessToken": cloud.token_of(email), "expireTime": "2099-01-01T00:00:00Z"}


def _account(cloud: "Cloud", email: str) -> Json:
    if email == DEFAULT_ACCOUNT:
        return _describe(email)
    if email not in cloud.state.accounts:
        raise not_found(f"Unknown service account: {email}")
    return cloud.state.accounts[email]


def _describe(email: str) -> Json:
    return {
        "name": f"projects/{PROJECT}/serviceAccounts/{email}",
        "projectId": PROJECT,
        "uniqueId": str(abs(hash(email)))[:21],
        "email": email,
        "etag": "MDEwMjE5MjA=",
        "oauth2ClientId": "1",
    }


def _existing(known: dict[str, Json], name: str) -> Json:
    if name not in known:
        raise not_found()
    return known[name]


def _make(cloud: "Cloud", known: dict[str, Json], name: str, asked: Json) -> Json:
    if name in known:
        raise already_exists("Requested entity already exists")
    known[name] = asked | {"name": name, "state": "ACTIVE"}
    return cloud.state.finished(name, known[name])
