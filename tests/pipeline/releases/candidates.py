"""A quick look at candidates, for tests of what surrounds the check and not of the check itself."""

from collections.abc import Sequence

from twinserve.config.card import Card
from twinserve.delivery.project import Cloud
from twinserve.delivery.release.acceptance import confirm, endpoint_of
from twinserve.delivery.release.candidate import Candidate


def golden_only(cloud: Cloud, candidates: Sequence[Candidate], card: Card) -> None:
    """Each candidate answers one golden case, at its own URL."""
    golden = card.golden[0]
    endpoints = [
        endpoint_of(cloud, candidate.target, candidate.url or "", candidate.service_url or "")
        for candidate in candidates
    ]
    answer = {"prediction": golden.prediction, "model_version": card.version}
    confirm(endpoints, golden.features, answer)
