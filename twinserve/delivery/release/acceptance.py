"""What a candidate must pass before it has traffic, and what an endpoint must show afterwards."""

import json
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from twinserve.config.card import Card
from twinserve.contract.check import CheckError, check_contract
from twinserve.delivery.project import Cloud
from twinserve.delivery.release.candidate import Candidate
from twinserve.targets.check_headers import header_values
from twinserve.targets.google.access import identity_token, is_private
from twinserve.targets.opener import ask
from twinserve.targets.protocol import Endpoint

# Traffic and permissions take a while to reach every one of Google's front ends.
SETTLED_WITHIN_S = 90.0
INTERVAL_S = 1.0
ANSWER_WITHIN_S = 30.0


def endpoint_of(cloud: Cloud, target: str, url: str, service_url: str) -> Endpoint:
    """A deployed endpoint, with a token if it is private.

    Raises:
        UserError: nothing answers there, or no token can be had.
    """
    token = private_token(cloud, service_url) if is_private(f"{url}/predict") else None
    headers = header_values(cloud.deployment.check.headers)
    return Endpoint(target, url, time.monotonic_ns(), token=token, headers=headers)


def private_token(cloud: Cloud, service_url: str) -> str:
    """An identity token for a private service, made for the deployer.

    Raises:
        GcloudError: whoever runs this may not act as the deployer.
    """
    return identity_token(cloud.gcloud, cloud.deployer, service_url)


def check_candidates(
    cloud: Cloud, candidates: Sequence[Candidate], card: Card, card_path: Path
) -> list[Endpoint]:
    """Hold both to the contract, and each to a short load; returns both as they were asked.

    Raises:
        CheckError: a candidate does not answer as it must, or not in time.
    """
    endpoints = []
    for candidate in candidates:
        assert candidate.url is not None  # noqa: S101 - not a dry run
        assert candidate.service_url is not None  # noqa: S101 - likewise
        cloud.say(f"      {candidate.target:<9} {candidate.url}")
        endpoints.append(endpoint_of(cloud, candidate.target, candidate.url, candidate.service_url))
    contract = check_contract(endpoints, card_path, deployed=True)
    cloud.say(f"      {contract.passed} cases of the contract passed")
    body = json.dumps({"features": card.golden[0].features}).encode()
    for endpoint in endpoints:
        _check_latency(cloud, endpoint, body)
    return endpoints


def _check_latency(cloud: Cloud, endpoint: Endpoint, body: bytes) -> None:
    from twinserve.measure.http.client import post
    from twinserve.measure.http.load import fixed_rate
    from twinserve.measure.statistics import Outcome, estimate, judge_budget

    wanted = cloud.deployment.check
    arrivals = fixed_rate(
        post(endpoint.predict_url, body, token=endpoint.token, headers=endpoint.headers),
        requests=wanted.warm_requests,
        rate=wanted.warm_rate,
        warm_up=wanted.warm_rate,
    )
    if arrivals.errors:
        raise CheckError(f"{endpoint.name}: {arrivals.errors} requests of the short load failed")
    p99 = estimate(arrivals.latencies_ms, 99)
    cloud.say(f"      {endpoint.name:<9} warm p99 {p99.value:.1f} ms")
    if judge_budget(p99, wanted.warm_p99_ms) is Outcome.BROKEN:
        raise CheckError(
            f"{endpoint.name}: warm p99 is {p99.value:.0f} ms ({p99.low:.0f} to {p99.high:.0f}), "
            f"over deployment.check.warm_p99_ms ({wanted.warm_p99_ms:g})"
        )


def confirm(
    endpoints: Sequence[Endpoint],
    features: list[float] | dict[str, Any],
    answer: Mapping[str, object],
) -> None:
    """Wait until each endpoint gives this answer at the URL that everyone uses.

    It may have more members, of a step of the user's own.

    Raises:
        CheckError: an endpoint still answers otherwise after a while.
    """
    body = json.dumps({"features": features}).encode()
    deadline = time.monotonic() + SETTLED_WITHIN_S
    for endpoint in endpoints:
        while not _gives(given := _ask(endpoint, body), answer):
            if time.monotonic() > deadline:
                raise CheckError(
                    f"{endpoint.name} at {endpoint.url} has the traffic but answers {given}, "
                    f"not {answer}"
                )
            time.sleep(INTERVAL_S)


def _gives(given: tuple[int, object], answer: Mapping[str, object]) -> bool:
    status, content = given
    return (
        status == HTTPStatus.OK and isinstance(content, dict) and answer.items() <= content.items()
    )


def _ask(endpoint: Endpoint, body: bytes) -> tuple[int, object]:
    headers = {**endpoint.headers, "Content-Type": "application/json"}
    if endpoint.token:
        headers["Authorization"] = f"Bearer {endpoint.token}"
    try:
        reply = ask(endpoint.predict_url, ANSWER_WITHIN_S, body=body, headers=headers)
        return reply.status, json.loads(reply.body) if reply.status == HTTPStatus.OK else None
    except OSError as error:
        return 0, str(error)
    except ValueError:
        return HTTPStatus.OK, "no JSON"
