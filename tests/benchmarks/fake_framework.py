"""A stand-in for a serving framework, in the standard library: answers in each one's protocol.

Run with ``HOST`` and ``PORT``. ``MODE`` says what it does wrong; ``RUNTIME`` and ``MODEL`` are told
in a header, as they came.
"""

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODE = os.environ.get("MODE", "")
BEGAN = time.monotonic()
ANSWERS = {
    "/predict": {"output": 0},
    "/v2/models/model/infer": {"outputs": [{"data": [0]}]},
    "/invocations": {"predictions": [0]},
}


class Handler(BaseHTTPRequestHandler):
    """Answers a POST, keeping the connection open."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Class 0, whatever is asked, or what the mode says."""
        self.rfile.read(int(self.headers["Content-Length"]))
        status = 503 if MODE == "opens early" and time.monotonic() - BEGAN < 0.1 else 200
        body = json.dumps(ANSWERS[self.path]).encode()
        if MODE == "speaks another":
            body = b'{"label": 0}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


if MODE == "leaves a child":
    child = subprocess.Popen(
        [sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True
    )
    with open(os.environ["CHILD"], "w", encoding="ascii") as file:  # noqa: PTH123 - as in a peer
        file.write(str(child.pid))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
