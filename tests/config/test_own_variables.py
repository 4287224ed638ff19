"""Environment variables of the user's own code: what may be named, and how gcloud is told."""

import pytest

from twinserve.config.deployment import Deployment
from twinserve.config.params import load_params
from twinserve.delivery.cloud.apis import APIS, needed
from twinserve.targets.google.deploy import _pairs


def test_secret_makes_its_api_needed() -> None:
    """A project without secrets is asked for nothing more."""
    plain = load_params().deployment
    secret = plain.service.model_copy(update={"secrets": {"API_KEY": "api-key:1"}})
    assert needed(plain) == APIS
    assert set(needed(plain.model_copy(update={"service": secret}))) - set(APIS) == {
        "secretmanager.googleapis.com"
    }


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"variables": {"PORT": "80"}}, "PORT is set by the platform or by a release"),
        ({"secrets": {"K_SERVICE": "a:1"}}, "K_SERVICE is set by the platform"),
        (
            {"variables": {"KEY": "a"}, "secrets": {"KEY": "a:1"}},
            "in variables and in secrets: KEY",
        ),
        ({"secrets": {"KEY": "no version"}}, "String should match pattern"),
    ],
)
def test_variable_that_cannot_be_is_refused(settings: dict[str, object], line: str) -> None:
    """In a line that says why."""
    with pytest.raises(ValueError, match=line):
        Deployment.model_validate({"service": {"name": "a-service", **settings}})


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"A": "1", "B": "2"}, "A=1,B=2"),
        ({"A": "alps,andes", "B": "2"}, "^|^A=alps,andes|B=2"),
        ({"A": "a,b|c"}, "^||^A=a,b|c"),
    ],
)
def test_value_with_a_delimiter_in_it_comes_whole(members: dict[str, str], told: str) -> None:
    """As gcloud's own escaping has it."""
    assert _pairs(members) == told
