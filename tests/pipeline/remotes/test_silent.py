"""A server that falls silent without closing is given up by the limit that DVC has for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.pipeline.remotes.attempts import LARGE, Remote
from tests.pipeline.remotes.conftest import MOST
from tests.pipeline.remotes.proxy import Proxy
from tests.tree import ROOT

# DVC's own, of HTTP and S3; docs/data.md names it.
OPTION = "read_timeout"


@pytest.mark.nightly
@pytest.mark.parametrize("remote", ["http", "s3"], indirect=True)
def test_silent_server_is_given_up_by_dvcs_own_limit(remote: Remote, tmp_path: Path) -> None:
    """After a second instead of the client's own limit: in one line, and nothing is half there."""
    with Proxy(remote.server.port, most=MOST, silent=True) as way:
        silent = remote.through(way.port)
        login = silent.server.login
        login = replace(login, options={**login.options, OPTION: "1"})
        line = silent.fetch(silent.clone(tmp_path / "two", login), login).refusal()
    assert way.broken.is_set()
    assert line.startswith(f"error: {LARGE}: not here, and the remote store (")
    assert "cannot be read (" in line
    assert f" {OPTION} " in (ROOT / "docs" / "data.md").read_text()
