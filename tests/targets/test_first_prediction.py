"""The first prediction: a model that hangs is told from a server that does not start."""

import sys
from pathlib import Path

import pytest

from twinserve.config.errors import UserError
from twinserve.targets.process import ProcessTarget
from twinserve.targets.ready import wait_until_answering, wait_until_predicting

SERVER = """
import http.server, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(405)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def do_POST(self):
        {at_a_prediction}
        self.do_GET()
    def log_message(self, *args):
        pass
address = (os.environ["HOST"], int(os.environ["PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""


def target(at_a_prediction: str) -> ProcessTarget:
    code = SERVER.format(at_a_prediction=at_a_prediction)
    return ProcessTarget("function", (sys.executable, "-c", code), Path.cwd())


def test_any_status_is_an_answer() -> None:
    """What the answer is, is for the contract's suite to say."""
    with target("pass").start() as endpoint:
        wait_until_predicting(endpoint, b"{}")


@pytest.mark.parametrize(
    ("at_a_prediction", "limit_s", "expected"),
    [
        (
            "time.sleep(600)",
            5,
            "function: the server answers, but the model has not answered its firs",
        ),
        (
            "print('no such pool', flush=True); os._exit(3)",
            300,
            "exit code 3: no such pool, at its fi",
        ),
    ],
)
def test_model_that_never_answers_is_one_line(
    at_a_prediction: str, limit_s: float, expected: str
) -> None:
    """It hangs, or its process ends: which of both, and the reason as far as it is known."""
    with target(at_a_prediction).start() as endpoint:
        # A server takes its time to start on a busy machine.
        wait_until_answering(endpoint, limit_s=300)
        with pytest.raises(UserError, match=expected) as refused:
            wait_until_predicting(endpoint, b"{}", limit_s=limit_s)
    assert "\n" not in str(refused.value)
