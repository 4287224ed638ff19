"""A workflow's login to S3 and Azure by GitHub's token: what their clients are given."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.loopback import QuietHandler, served
from twinserve.config.errors import UserError
from twinserve.delivery.data.login import VARIABLE, logged_in

ROLE = "arn:aws:iam::123456789012:role/reads-data"
TENANT, CLIENT = "0aa1-bb22", "3cc4-dd55"


class GitHub(QuietHandler, BaseHTTPRequestHandler):
    """Gives a token for any audience to whoever has the run's own."""

    def do_GET(self) -> None:
        right = self.headers.get("Authorization") == "Bearer of-the-run"
        body = json.dumps({"value": f"token of {self.path}"} if right else {}).encode()
        self.answer(200 if right else 401, body)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The variables of a run that may ask for a token."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-run")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with served(GitHub) as url:
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{url}/token?api-version=2")
        yield monkeypatch


def test_role_of_aws_is_taken_by_the_token(run: pytest.MonkeyPatch) -> None:
    """Its clients read the role and the token's file, which nobody else may read."""
    run.setenv(VARIABLE, f"aws:{ROLE}")
    with logged_in() as variables:
        file = Path(variables["AWS_WEB_IDENTITY_TOKEN_FILE"])
        assert file.read_text().endswith("&audience=sts.amazonaws.com")
        assert file.stat().st_mode & 0o77 == 0
        assert (variables["AWS_ROLE_ARN"], variables["AWS_DEFAULT_REGION"]) == (ROLE, "us-east-1")
    assert not file.exists()


def test_application_of_azure_is_taken_by_the_token(run: pytest.MonkeyPatch) -> None:
    """Tenant, application and the token's file."""
    run.setenv(VARIABLE, f"azure:{TENANT}/{CLIENT}")
    with logged_in() as variables:
        token = Path(variables.pop("AZURE_FEDERATED_TOKEN_FILE")).read_text()
        assert variables == {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}
    assert token.endswith("&audience=api%3A%2F%2FAzureADTokenExchange")


def test_run_without_a_token_goes_on_without_a_login(run: pytest.MonkeyPatch) -> None:
    """A fork's run: it may read what everybody may."""
    run.setenv(VARIABLE, f"aws:{ROLE}")
    run.delenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    with logged_in() as variables:
        assert variables == {}


def test_nothing_is_asked_without_the_setting_or_elsewhere(run: pytest.MonkeyPatch) -> None:
    """On a desk the variable means nothing."""
    with logged_in() as variables:
        assert variables == {}
    run.setenv(VARIABLE, f"aws:{ROLE}")
    run.setenv("GITHUB_ACTIONS", "")
    with logged_in() as variables:
        assert variables == {}


@pytest.mark.parametrize("value", ["aws:role", "azure:x", "gcp:any", "aws"])
def test_setting_that_is_none_is_one_line(run: pytest.MonkeyPatch, value: str) -> None:
    """With both forms that there are."""
    run.setenv(VARIABLE, value)
    with pytest.raises(UserError, match=r"aws:ROLE_ARN or azure:TENANT/CLIENT"), logged_in():
        pass


def test_github_that_refuses_is_one_line(run: pytest.MonkeyPatch) -> None:
    """It names the permission."""
    run.setenv(VARIABLE, f"aws:{ROLE}")
    run.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "another")
    with pytest.raises(UserError, match="id-token: write"), logged_in():
        pass
