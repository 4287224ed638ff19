"""A workflow's login to S3 or Azure without a key: GitHub's own token, exchanged by their clients.

Sources: GitHub, "OpenID Connect reference"; AWS, "Assume role with web identity" of its SDKs;
Azure, "WorkloadIdentityCredential". Google's login is an action of the workflow's.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from twinserve.config.errors import UserError
from twinserve.targets.opener import ask

# The repository's variable: who a run is to be.
VARIABLE = "DATA_LOGIN"
_AWS = re.compile(r"aws:(?P<role>arn:aws[\w-]*:iam::\d+:role/\S+)")
_AZURE = re.compile(r"azure:(?P<tenant>[0-9a-fA-F-]+)/(?P<client>[0-9a-fA-F-]+)")
_LIMIT_S = 30.0


@contextmanager
def logged_in() -> Iterator[dict[str, str]]:
    """Variables that let DVC's remote in, for as long as they are needed; none without a setting.

    Each call asks for a token of its own, since one lives for minutes.

    Raises:
        UserError: the setting is none, or GitHub gives no token.
    """
    wanted = os.environ.get(VARIABLE)
    if not wanted or os.environ.get("GITHUB_ACTIONS") != "true":
        yield {}
        return
    aws, azure = _AWS.fullmatch(wanted), _AZURE.fullmatch(wanted)
    if aws is None and azure is None:
        raise UserError(
            f"${VARIABLE}: expected aws:ROLE_ARN or azure:TENANT/CLIENT, found {wanted[:80]!r}"
        )
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "token"
        file.touch(mode=0o600)
        audience = "sts.amazonaws.com" if aws else "api://AzureADTokenExchange"
        token = _token(audience)
        if token is None:
            # A fork's run: what the remote gives to everybody it may still read.
            yield {}
            return
        file.write_text(token, encoding="utf-8")
        yield _for_aws(aws["role"], file) if aws else _for_azure(azure, file)  # type: ignore[arg-type]


def _for_aws(role: str, file: Path) -> dict[str, str]:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return {
        "AWS_ROLE_ARN": role,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_ROLE_SESSION_NAME": "twinserve",
        "AWS_DEFAULT_REGION": region,
    }


def _for_azure(ids: re.Match[str], file: Path) -> dict[str, str]:
    return {
        "AZURE_TENANT_ID": ids["tenant"],
        "AZURE_CLIENT_ID": ids["client"],
        "AZURE_FEDERATED_TOKEN_FILE": str(file),
    }


def _token(audience: str) -> str | None:
    """GitHub's token for that audience; None where it gives this run none."""
    url, bearer = (os.environ.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}") for name in ("URL", "TOKEN"))
    if not url or not bearer:
        return None
    try:
        answer = ask(
            f"{url}&audience={quote(audience, safe='')}",
            _LIMIT_S,
            headers={"Authorization": f"Bearer {bearer}"},
        )
        return str(json.loads(answer.body)["value"])
    except (OSError, ValueError, LookupError, TypeError):
        raise UserError(
            "GitHub gives no token to log in with: see that the job has `id-token: write`"
        ) from None
