"""An origin that no browser sends is refused where it is written."""

from pathlib import Path

import pytest
import yaml

from tests.tree import PROJECT
from twinserve.config.errors import UserError
from twinserve.config.params import load_params


def with_origin(folder: Path, origin: str) -> Path:
    """The project's parameters with one origin allowed."""
    params = yaml.safe_load((PROJECT / "params.yaml").read_text())
    params["serving"]["allowed_origins"] = [origin]
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(params))
    return path


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://example.com",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "https://xn--bcher-kva.example",
        "https://a-b.c_d.example",
        "capacitor://localhost",
        "chrome-extension://abcdefghijklmnop",
        "https://example.com:80",
    ],
)
def test_origin_as_a_browser_sends_it_is_taken(tmp_path: Path, origin: str) -> None:
    """Scheme, host, and a port that is not the scheme's own."""
    assert load_params(with_origin(tmp_path, origin)).serving.allowed_origins == [origin]


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com/",
        "https://example.com/path",
        "https://example.com?q",
        "https://example.com#f",
        "https://user@example.com",
        "example.com",
        "//example.com",
        "https://",
        "https://*.example.com",
        "https://exam*ple.com",
        "*.example.com",
        "https://Example.com",
        "HTTPS://example.com",
        "https://bücher.example",
        "https://example.com:",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:443",
        "http://example.com:80",
        "https://example.com https://example.org",
        "https://example.com\n",
        "",
    ],
)
def test_origin_that_never_matches_is_refused(tmp_path: Path, origin: str) -> None:
    """The line has the key, the rule and what was found."""
    with pytest.raises(UserError, match=r"serving\.allowed_origins\.0: .*found ") as refused:
        load_params(with_origin(tmp_path, origin))
    assert "\n" not in str(refused.value)
