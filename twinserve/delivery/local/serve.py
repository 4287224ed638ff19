"""Both targets in the foreground, until someone has seen enough."""

import argparse
import json
import os
import re
import shlex
import signal
import sys
import threading
from contextlib import ExitStack

from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME
from twinserve.delivery.bundle.assembly import DIST
from twinserve.targets.local import local_function, local_service
from twinserve.targets.ready import wait_until_answering

SERVICE_PORT = 8080
FUNCTION_PORT = 8081


def run(_arguments: argparse.Namespace) -> None:
    """See ``serve``."""
    serve()


def serve() -> None:
    """Serve ``dist/`` until SIGINT or SIGTERM, then stop both.

    Raises:
        UserError: a port is taken, or an endpoint ends by itself.
    """
    ports = _port("SERVICE_PORT", SERVICE_PORT), _port("FUNCTION_PORT", FUNCTION_PORT)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    output = sys.stdout.buffer
    targets = (
        local_service(DIST / "service", port=ports[0], output=output),
        local_function(DIST / "function", port=ports[1], output=output),
    )
    golden = load_card(DIST / "service" / CARD_NAME).golden[0]
    body = json.dumps({"features": golden.features})
    with ExitStack() as stack:
        endpoints = [stack.enter_context(target.start()) for target in targets]
        for endpoint in endpoints:
            wait_until_answering(endpoint)
            header = shlex.quote("Content-Type: application/json")
            print(f"\n{endpoint.name:<9} {endpoint.url}")
            print(f"  curl {endpoint.predict_url} -H {header} -d {shlex.quote(body)}")
        print("\nCtrl-C stops both.", flush=True)
        while not stop.wait(0.2):
            for endpoint in endpoints:
                if (fault := endpoint.fault()) is not None:
                    raise UserError(fault)
    print("\nboth stopped")


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable, str(default))
    # str.isdigit takes more than int does: a superscript, thousands of digits.
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 2**16:
        raise UserError(f"{variable} must be a port number, found {text[:40]!r}")
    return int(text)
