"""The page as it is served: from the bundle, when it is first asked for."""

import gzip
import json
import shutil
import sys
from pathlib import Path

import pytest

from service.front import Service
from tests.callers import InProcessCaller
from tests.tools import run
from tests.tree import ROOT
from twinserve.config.layout import PAGE_NAME, RELEASE_VARIABLES
from twinserve.inference.endpoint import open_endpoint
from twinserve.inference.protocols.page import RELEASE_PLACE, asks_for_page
from twinserve.targets.opener import Reply

HTML = [("Accept", "text/html")]
# A service that has answered predictions and a scanner's guess has not read it; then it has.
UNASKED = """
import sys
from pathlib import Path
from service.front import Service
from tests.callers import InProcessCaller

caller = InProcessCaller(Service(Path(sys.argv[1])))
for method, path in (("POST", "/predict"), ("GET", "/index.html"), ("GET", "/health")):
    caller.call(method, path, body=b'{"features": [5, 3, 1, 0]}')
assert "twinserve.inference.protocols.page" not in sys.modules
assert caller.call("GET", "/").status == 200
assert "twinserve.inference.protocols.page" in sys.modules
assert "fastapi" not in sys.modules
"""


def shown(bundle: Path) -> Reply:
    """The page of a service of its own."""
    return InProcessCaller(Service(bundle)).call("GET", "/", HTML)


def test_page_is_read_when_it_is_asked_for_and_no_earlier(dist: Path) -> None:
    """No start, prediction or other path pays for it, and it does not pay for FastAPI."""
    command = [sys.executable, "-c", UNASKED, str(dist / "service")]
    run(command, cwd=ROOT, code=0)


def test_release_is_shown_where_there_is_one(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `/model` has it, from the environment of the revision; markup in it is text."""
    assert b"not deployed as a release" in shown(dist / "service").body
    for name, variable in RELEASE_VARIABLES.items():
        monkeypatch.setenv(variable, f"<b>{name}-1")
    page = shown(dist / "service").body
    for name in RELEASE_VARIABLES:
        assert f"<code>&lt;b&gt;{name}-1</code>".encode() in page
    assert RELEASE_PLACE not in page


def test_page_that_was_changed_is_not_shown(
    dist: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A 500 without a word of it; predictions go on, and the log says which file and the cure."""
    bundle = Path(shutil.copytree(dist / "service", tmp_path / "service"))
    with (bundle / PAGE_NAME).open("a") as file:
        file.write("<script>alert(1)</script>")
    caller = InProcessCaller(Service(bundle))
    assert caller.call("GET", "/", HTML).status == 500
    assert b"alert" not in caller.call("GET", "/", HTML).body
    predicted = caller.call("POST", "/predict", body=b'{"features": [5.1, 3.5, 1.4, 0.2]}')
    assert predicted.status == 200
    messages = [json.loads(line)["message"] for line in capfd.readouterr().out.splitlines()]
    assert any(f"{PAGE_NAME}: SHA-256" in message for message in messages)


@pytest.mark.parametrize("target", ["service", "function"])
def test_page_is_compressed_for_who_takes_gzip(dist: Path, target: str) -> None:
    """Another coding of the same bytes, whose length the answer to HEAD has; caches learn of it."""
    endpoint, _ = open_endpoint(dist / target, {"/predict"})
    caller = InProcessCaller(endpoint)
    plain = caller.call("GET", "/", HTML)
    packed = caller.call("GET", "/", [*HTML, ("Accept-Encoding", "br, gzip")])
    head = caller.call("HEAD", "/", [*HTML, ("Accept-Encoding", "br, gzip")])
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == head.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert int(packed.headers["content-length"]) == len(packed.body) < len(plain.body) / 3
    assert head.headers["content-length"] == packed.headers["content-length"]
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("coding", ["identity", "gzip;q=0", "br", "*", ""])
def test_page_is_unpacked_for_who_does_not_name_gzip(dist: Path, coding: str) -> None:
    """What stands for any coding is no wish for one."""
    caller = InProcessCaller(Service(dist / "service"))
    page = caller.call("GET", "/", [*HTML, ("Accept-Encoding", coding)])
    assert "content-encoding" not in page.headers
    assert page.body.startswith(b"<!doctype html>")


def test_page_counts_as_a_request(dist: Path) -> None:
    """A prediction after it is not the instance's first: no cold start is taken for proven."""
    caller = InProcessCaller(Service(dist / "service"))
    counts = [caller.call("GET", "/").headers["x-instance"].split("; ")[1] for _ in range(2)]
    assert counts == ["requests=1", "requests=2"]


@pytest.mark.parametrize(
    ("accept", "asked"),
    [
        ("text/html", True),
        ("TEXT/HTML;level=1, */*", True),
        ("application/json;q=0.5,text/html;q=0.9", True),
        ("text/html;q=0.001", True),
        ("text/html;q=0", False),
        ("text/html; q=0.000", False),
        ("*/*", False),
        ("text/*", False),
        ("application/xhtml+xml", False),
        ("text/html5", False),
        (",;,", False),
        ("", False),
    ],
)
def test_html_is_asked_for_by_its_name(accept: str, asked: bool) -> None:  # noqa: FBT001
    """What stands for anything is a client's default, not a wish for a page."""
    assert asks_for_page(accept.encode()) is asked
