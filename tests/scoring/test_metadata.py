"""The token of a job's account, which Compute Engine's metadata server gives."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from tests.loopback import QuietHandler, served
from twinserve.scoring.job import objects
from twinserve.targets.process import free_port


class Metadata(QuietHandler, BaseHTTPRequestHandler):
    """The server, on this machine, and Cloud Storage beside it."""

    def do_GET(self) -> None:
        """A token, for whoever asks as Google's documentation has it; an object's metadata."""
        answer = {"access_token": self.headers["Metadata-Flavor"], "expires_in": 3600}
        answer["metadata"] = {"asked with": self.headers["Authorization"]}
        self.answer(200, json.dumps(answer).encode())


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A metadata server, and a bucket."""
    with served(Metadata) as url:
        monkeypatch.setattr(objects, "TOKEN_URL", f"{url}/token")
        monkeypatch.setattr(objects, "HOST", url)
        yield


@pytest.mark.usefixtures("metadata")
def test_token_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's network may have a proxy for http; whoever runs that would read the token."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert objects.Objects().stat("gs://bucket/object") == {"asked with": "Bearer Google"}
