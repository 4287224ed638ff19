"""The contract's cases of the service's own pages; ``suite`` takes them in."""

import json
import re

import pytest

from twinserve.config.card import Card
from twinserve.contract.calls import Caller

INSTANCE = re.compile(r"(i[0-9a-f]{12}); requests=(\d+); age=(\d+\.\d{3})")


def test_health_is_answered_and_not_counted(service: Caller, card: Card) -> None:
    """Health says which version is up, and leaves the count of requests alone."""
    counts = []
    for _ in "ab":
        reply = service.call("GET", "/health")
        assert json.loads(reply.body) == {"status": "ok", "model_version": card.version}
        match = INSTANCE.fullmatch(reply.headers["x-instance"])
        assert match
        counts.append((match[1], match[2]))
    if counts[0][0] == counts[1][0]:
        assert counts[0] == counts[1]
    assert service.call("HEAD", "/health").status == 200
    assert service.call("OPTIONS", "/health").status == 204
    assert service.call("POST", "/health").headers["allow"] == "GET, HEAD, OPTIONS"


def test_model_card_is_served(service: Caller, card: Card) -> None:
    """The service shows the card of the model that it serves, and its release if it has one."""
    shown = json.loads(service.call("GET", "/model").body)
    release = shown.pop("release", {"name": card.version})
    assert shown == json.loads(card.to_json())
    assert release["name"].startswith(card.version)


def test_pages_need_no_other_host(service: Caller) -> None:
    """The documentation loads what it needs from the service itself."""
    for path in ("/docs", "/redoc"):
        page = service.call("GET", path)
        assert page.status == 200
        sources = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
        assert sources
        for source in sources:
            assert source.startswith("/"), source
            assert service.call("GET", source).status == 200


@pytest.mark.parametrize("path", ["/docs", "/model", "/openapi.json", "/assets/nope.js"])
def test_pages_are_dressed_like_predictions(service: Caller, path: str) -> None:
    """A page's answers, refusals too, carry the same headers and form."""
    for method, status in (("GET", 404 if "nope" in path else 200), ("DELETE", 405)):
        reply = service.call(method, path)
        assert reply.status == status
        assert INSTANCE.fullmatch(reply.headers["x-instance"])
        if status != 200:
            assert reply.headers["content-type"] == "application/problem+json"
    assert service.call("OPTIONS", path).status == 204
