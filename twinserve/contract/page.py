"""What the contract says of the page to try the model; `suite` collects these cases."""

import base64
import hashlib
import re

from twinserve.config.card import Card
from twinserve.contract.calls import Caller
from twinserve.contract.cases import JSON, right
from twinserve.contract.endpoints import Endpoints

# As a browser sends it.
HTML = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
PAGE_METHODS = "GET, HEAD, OPTIONS"


def test_browser_is_shown_the_page(endpoint: Caller, card: Card) -> None:
    """Whoever asks the root for HTML is given a page with the model's name and a form."""
    page, head = (endpoint.call(method, "/", [HTML]) for method in ("GET", "HEAD"))
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    text = page.body.decode()
    assert f"<title>{card.name} {card.version}" in text
    assert "<form" in text
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(page.body))


def test_page_runs_what_it_brings_and_nothing_else(endpoint: Caller) -> None:
    """The page's policy lets its own script and style run, by hash; no other host is asked."""
    page = endpoint.call("GET", "/", [HTML])
    policy = dict(
        directive.split(" ", 1) for directive in page.headers["content-security-policy"].split("; ")
    )
    for kind in ("script", "style"):
        (inside,) = re.findall(rb"<%b>(.*?)</%b>" % (2 * (kind.encode(),)), page.body, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside).digest()).decode()
        assert policy[f"{kind}-src"] == f"'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not re.search(rb"https?://", page.body)


def test_page_is_the_same_everywhere(endpoints: Endpoints) -> None:
    """Every endpoint gives the same page, to the byte."""
    pages = {endpoints[name].call("GET", "/", [HTML]).body for name in endpoints.names}
    assert len(pages) == 1


def test_service_has_nothing_but_the_page_at_its_root(service: Caller, card: Card) -> None:
    """Without asking for HTML the page comes too, and predictions are refused there."""
    assert service.call("GET", "/").headers["content-type"] == "text/html; charset=utf-8"
    for method in ("POST", "DELETE"):
        reply = service.call(method, "/", [JSON], right(card) if method == "POST" else b"")
        assert (reply.status, reply.headers["allow"]) == (405, PAGE_METHODS)
    preflight = service.call("OPTIONS", "/")
    assert (preflight.status, preflight.headers["allow"]) == (204, PAGE_METHODS)


def test_function_keeps_its_root_for_predictions(function: Caller) -> None:
    """Only who names HTML is shown the page there."""
    for accept in ((), (("Accept", "*/*"),), (("Accept", "application/json, text/html;q=0"),)):
        for method in ("GET", "HEAD"):
            reply = function.call(method, "/", accept)
            assert (reply.status, reply.headers["allow"]) == (405, "POST, OPTIONS")
    assert function.call("PUT", "/", [HTML]).status == 405
    assert function.call("OPTIONS", "/", [HTML]).headers["allow"] == "POST, OPTIONS"
    assert function.call("GET", "/predict", [HTML]).status == 405
