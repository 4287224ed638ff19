"""`twinserve renew tools`, against fakes of the sources on the loopback."""

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.delivery.cloud.doctor.ends import read_support
from twinserve.renewal import tools
from twinserve.renewal.tools import FILES, SUPPORT, Moved, digest_of, renew_tools

NEW = f"sha256:{'a' * 64}"
CYCLE = {
    "3.11": {"end_of_life": "2027-10", "status": "security"},
    "3.12": {"end_of_life": "2028-11", "status": "security"},
}


class Sources(BaseHTTPRequestHandler):
    """gcloud's list, Python's cycle, and a registry that wants a token."""

    answers: dict[str, object]
    gone: set[str]

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path in self.gone:
            self._answer(404, {})
        elif path in self.answers:
            self._answer(200, self.answers[path])
        elif path == "/token":
            assert "scope=repository:" in query, query
            self._answer(200, {"token": "anonymous"})
        elif self.headers.get("Authorization") != "Bearer anonymous":
            host = self.headers["Host"]
            repository = path.removeprefix("/v2/").partition("/manifests/")[0]
            asks = f'Bearer realm="http://{host}/token",service="r",scope="repository:{repository}:pull"'
            self._answer(401, {}, {"WWW-Authenticate": asks})
        else:
            assert "oci.image.index" in self.headers["Accept"]
            self._answer(200, {}, {"Docker-Content-Digest": NEW})

    def _answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, text in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Sources]]:
    """All of them, at one address."""
    Sources.answers = {"/gcloud": {"version": "600.0.0"}, "/python": CYCLE}
    Sources.gone = set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sources)
    here = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(tools, "GCLOUD", f"{here}/gcloud")
    monkeypatch.setattr(tools, "PYTHON", f"{here}/python")
    place = tools._place  # noqa: SLF001 - of every registry
    monkeypatch.setattr(tools, "_place", lambda name: (here, place(name)[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Sources
    server.shutdown()
    server.server_close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files as they stand here."""
    for name in (*FILES, SUPPORT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.usefixtures("sources")
def test_versions_and_digests_move_together(tree: Path) -> None:
    """In every file at once, each line that is reported; nothing else of a file changes."""
    before = {path: (tree / path).read_text() for path in FILES}
    moved = renew_tools(tree, date(2027, 1, 1))
    names = {one.name for one in moved}
    assert {"gcloud", "python:3.11-bookworm", "python:3.11-slim-bookworm", "docker:29-cli"} <= names
    for path in FILES:
        text = (tree / path).read_text()
        assert "528.0.0" not in text
        assert text.count("\n") == before[path].count("\n")
        assert set(tools._IMAGE.findall(text)) <= {  # noqa: SLF001
            (name, tag.replace("528.0.0", "600.0.0"), NEW)
            for name, tag, _ in tools._IMAGE.findall(before[path])  # noqa: SLF001
        }
    support = read_support(tree / SUPPORT)
    assert support.as_of == date(2027, 1, 1)
    assert support.python.ends["3.12"] == date(2028, 11, 1)
    # The day that is known says more than the same month.
    assert support.python.ends["3.11"] == date(2027, 10, 24)
    assert Moved("end of Python 3.12", "2028-10-02", "2028-11-01") in moved
    assert renew_tools(tree, date(2027, 1, 1)) == ()


def test_older_gcloud_is_not_taken(tree: Path, sources: type[Sources]) -> None:
    """A list that is behind takes nothing back."""
    sources.answers["/gcloud"] = {"version": "1.0.0"}
    renew_tools(tree)
    assert "528.0.0" in (tree / "cloudbuild.yaml").read_text()


@pytest.mark.parametrize("path", ["/gcloud", "/python"])
def test_source_that_does_not_answer_is_told(tree: Path, sources: type[Sources], path: str) -> None:
    """By its address and status."""
    sources.gone.add(path)
    with pytest.raises(UserError, match=rf"{path}: status 404"):
        renew_tools(tree)


def test_tag_that_is_gone_is_told(sources: type[Sources]) -> None:
    """With the image's name."""
    sources.gone.add("/v2/library/python/manifests/3.11-bookworm")
    with pytest.raises(UserError, match=r"status 404, and no digest of python:3\.11-bookworm"):
        digest_of("python", "3.11-bookworm")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("python", ("https://registry-1.docker.io", "library/python")),
        ("owner/image", ("https://registry-1.docker.io", "owner/image")),
        ("gcr.io/a/b/c", ("https://gcr.io", "a/b/c")),
    ],
)
def test_image_without_a_host_is_docker_hubs(name: str, place: tuple[str, str]) -> None:
    """A name with a dot before its first slash has its own registry."""
    assert tools._place(name) == place  # noqa: SLF001


def test_no_version_that_is_renewed_stands_in_a_workflow() -> None:
    """A workflow's own token may push none."""
    text = "".join(path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml"))
    assert not tools._VERSION.findall(text)  # noqa: SLF001
    assert not tools._IMAGE.findall(text)  # noqa: SLF001
