"""The `deployment` section refuses what Google would refuse later."""

from typing import Any

import pytest
from pydantic import ValidationError

from twinserve.config.deployment import Deployment, PublicBy

TARGET = {
    "name": "app",
    "public": True,
    "memory": "512Mi",
    "cpu": 1,
    "cpu_boost": True,
    "concurrency": 80,
    "min_instances": 0,
    "max_instances": 10,
    "timeout_s": 60,
}


def section(service: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """A right section with some of it changed."""
    return {
        "region": "us-central1",
        "repository": "ml-models",
        "runtime_account": "the-runtime",
        "deployer_account": "the-deployer",
        "candidate_tag": "candidate",
        "lock_lease_s": 3600,
        "keep_releases": 5,
        "check": {"warm_requests": 200, "warm_rate": 50, "warm_p99_ms": 1000},
        "service": {**TARGET, "port": 8080, **(service or {})},
        "function": {
            **TARGET,
            "name": "function",
            "entry_point": "predict",
            "base_image": "python311",
        },
        **changes,
    }


def test_what_is_left_out_is_what_every_project_can_have() -> None:
    """A builder of its own, Cloud Build's own machine, public as the organisation allows."""
    deployment = Deployment.model_validate(section())
    assert deployment.build_account == "twinserve-builder"
    assert deployment.build_machine is None
    assert deployment.public_by is PublicBy.AUTO


@pytest.mark.parametrize("way", [way.value for way in PublicBy])
def test_way_to_be_public_is_read_as_yaml_has_it(way: str) -> None:
    """A plain word."""
    assert Deployment.model_validate(section(public_by=way)).public_by == way


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (section({"memory": "8Gi"}), "1 CPU has 128 to 4096 MiB of memory, not 8Gi"),
        (section({"cpu": 4}), "4 CPU has 2048 to 16384 MiB of memory, not 512Mi"),
        (section({"cpu": 3}), "Input should be 1, 2, 4, 6 or 8"),
        (section({"name": "a" * 39}), "together have more than 46 characters"),
        (section(build_account="the-runtime"), "two of the accounts are one"),
        (section(build_machine="E2_STANDARD_96"), "String should match pattern"),
        (section(public_by="everyone"), "Input should be 'auto', 'iam' or 'no_invoker_check'"),
    ],
)
def test_what_google_would_refuse_is_refused_here(changed: dict[str, Any], said: str) -> None:
    """With a line that names it, before anything is built."""
    with pytest.raises(ValidationError) as refused:
        Deployment.model_validate(changed)
    assert said in str(refused.value)
