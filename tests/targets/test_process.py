"""Processes as endpoints: on a free port, isolated, stopped whole, faults told in a line."""

import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools import wait_until
from twinserve.config.errors import UserError
from twinserve.contract.calls import HttpCaller
from twinserve.targets.process import ProcessTarget, free_port
from twinserve.targets.ready import wait_until_answering

SERVER = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = int(os.environ.get("STATUS", "200"))
        body = repr(sorted(os.environ)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
if "STUBBORN" in os.environ:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
address = (os.environ["HOST"], int(os.environ["PORT"]))
http.server.HTTPServer(address, Handler).serve_forever()
"""


def target(code: str = SERVER, **environment: str) -> ProcessTarget:
    """A target whose server is this code."""
    return ProcessTarget("small", (sys.executable, "-c", code), Path.cwd(), environment)


def is_running(pid: int) -> bool:
    """Whether the process is still there; once reaped it isn't."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("status", ["200", "405"])
def test_endpoint_answers_until_its_context_ends(status: str) -> None:
    """A started endpoint answers; afterwards its process is gone."""
    with target(STATUS=status).start() as endpoint:
        wait_until_answering(endpoint)
        assert endpoint.fault() is None
        assert endpoint.pid
        assert is_running(endpoint.pid)
    assert not is_running(endpoint.pid)


def test_nothing_of_our_environment_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process sees what its target names, and HOST and PORT."""
    monkeypatch.setenv("A_SECRET", "x")
    with target().start() as endpoint:
        wait_until_answering(endpoint)
        seen = HttpCaller(endpoint.url).call("GET", "/").body.decode()
    assert "A_SECRET" not in seen
    assert "'HOST', " in seen
    assert "'PORT'" in seen


def test_process_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM is asked first; a process that ignores it is ended all the same."""
    monkeypatch.setattr("twinserve.targets.process.STOP_LIMIT_S", 0.2)
    with target(STUBBORN="1").start() as endpoint:
        wait_until_answering(endpoint)
    assert endpoint.pid
    assert not is_running(endpoint.pid)


def test_process_that_ends_by_itself_is_told_with_its_last_line() -> None:
    """Waiting for a server that failed to start ends at once, with what it said last."""
    code = "import sys; print('starting', flush=True); sys.exit('error: no model')"
    with (
        target(code).start() as endpoint,
        pytest.raises(UserError, match="small ended with exit code 1: error: no model"),
    ):
        wait_until_answering(endpoint)


def test_last_line_is_told_from_a_file_of_the_callers(tmp_path: Path) -> None:
    """It is read back from a file that can be; one that is only written to is left alone."""
    code = "import sys; print('starting', flush=True); sys.exit('error: no model')"
    for mode, told in (("w+b", ": error: no model"), ("wb", "")):
        with (
            (tmp_path / "log").open(mode) as output,
            replace(target(code), output=output).start() as endpoint,
        ):
            wait_until(endpoint.fault)
            assert endpoint.fault() == f"small ended with exit code 1{told}"
            assert output.tell() == len("starting\nerror: no model\n")


def test_process_that_never_listens_is_told() -> None:
    """Waiting has a limit."""
    with (
        target("import signal; signal.pause()").start() as endpoint,
        pytest.raises(UserError, match=r"no answer in 0\.1 s"),
    ):
        wait_until_answering(endpoint, limit_s=0.1)


def test_command_that_cannot_be_run_is_told() -> None:
    """A missing program is one line."""
    missing = ProcessTarget("small", ("no-such-program",), Path.cwd())
    with pytest.raises(UserError, match="small: cannot run no-such-program"), missing.start():
        pass


def test_port_in_use_is_told() -> None:
    """A port that somebody listens on is refused before anything is started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} cannot be used: .*in use"):
            free_port(port)


def test_port_that_is_none_is_told() -> None:
    """A number that no port has is refused."""
    with pytest.raises(UserError, match="port 70000 cannot be used"):
        free_port(70000)
