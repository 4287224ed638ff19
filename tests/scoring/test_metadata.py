"""The token of a job's account, which Compute Engine's metadata server gives."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from twinserve.scoring.job import objects
from twinserve.targets.process import free_port


class Metadata(BaseHTTPRequestHandler):
    """The server, on this machine, and Cloud Storage beside it."""

    def do_GET(self) -> None:
        """A token, for whoever asks as Google's documentation has it; an object's metadata."""
        answer = {"access_token": self.headers["Metadata-Flavor"], "expires_in": 3600}
        answer["metadata"] = {"asked with": self.headers["Authorization"]}
        body = json.dumps(answer)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A metadata server, and a bucket."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(objects, "TOKEN_URL", f"{url}/token")
    monkeypatch.setattr(objects, "HOST", url)
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("metadata")
def test_token_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's network may have a proxy for http; whoever runs that would read the token."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert objects.Objects().stat("gs://bucket/object") == {"asked with": "Bearer Google"}
