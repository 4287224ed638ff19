"""HEAD is answered wherever GET is, as GET is, but for the body."""

import pytest

from twinserve.contract.calls import Caller

PAGES = ["/", "/docs", "/redoc", "/openapi.json", "/model", "/health", "/metrics"]


@pytest.mark.parametrize("path", PAGES)
def test_head_is_get_without_the_body(service: Caller, path: str) -> None:
    """The same status and type, no body; ``Allow`` names it."""
    whole, head = service.call("GET", path), service.call("HEAD", path)
    assert (head.status, head.body) == (whole.status, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    if path != "/metrics":  # its figures have moved on
        assert head.headers["content-length"] == str(len(whole.body))
    assert service.call("POST", path).headers["allow"] == "GET, HEAD, OPTIONS"
    assert service.call("OPTIONS", path).headers["allow"] == "GET, HEAD, OPTIONS"
