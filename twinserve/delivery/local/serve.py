"""Both targets in the foreground, until someone has seen enough."""

import argparse
import json
import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME, MANIFEST_NAME
from twinserve.delivery.bundle.assembly import DIST
from twinserve.delivery.bundle.reproduce import reproduce
from twinserve.targets.local import local_function, local_service
from twinserve.targets.process import ProcessTarget
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering

SERVICE_PORT = 8080
FUNCTION_PORT = 8081
POLL_S = 0.2
# With --reload, code comes from here, and the rest from the bundles.
CODE = ("custom", "service", "function", "twinserve/inference")

Ports = tuple[int, int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take ``--reload``."""
    parser.add_argument(
        "--reload",
        action="store_true",
        help=f"serve the code of {', '.join(CODE)} as it stands here, and start anew on each "
        "change of it or of the bundles",
    )


def run(arguments: argparse.Namespace) -> None:
    """See ``serve``."""
    serve(reload=arguments.reload)


def serve(*, reload: bool = False) -> None:
    """Serve ``dist/`` until SIGINT or SIGTERM, then stop both; in a fresh clone it is made first.

    Raises:
        UserError: a port is taken, an endpoint ends by itself, or a stage fails.
    """
    ports = _port("SERVICE_PORT", SERVICE_PORT), _port("FUNCTION_PORT", FUNCTION_PORT)
    if not (DIST / "service" / CARD_NAME).exists():
        reproduce()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if not reload:
        _serve_until(stop.is_set, _targets(ports))
    while reload and not stop.is_set():
        _serve_changing(stop, ports)
    print("\nboth stopped")


def _serve_changing(stop: threading.Event, ports: Ports) -> None:
    """Serve until something has changed; what cannot be served waits for that too."""
    seen = state()

    def changed() -> bool:
        return stop.is_set() or state() != seen

    try:
        _serve_until(changed, _from_here(_targets(ports)))
    except UserError as error:
        print(f"\nerror: {error}\nwaiting for a change", flush=True)
        while not changed():
            stop.wait(POLL_S)
    if not stop.is_set():
        print("\nchanged: starting anew", flush=True)


def state() -> dict[str, int]:
    """When each file of the code, and each bundle, was last changed."""
    files = [path for folder in CODE for path in Path(folder).rglob("*") if path.suffix != ".pyc"]
    files += [DIST / target / MANIFEST_NAME for target in ("service", "function")]
    return {str(path): path.stat().st_mtime_ns for path in files if path.is_file()}


def _targets(ports: Ports) -> Sequence[ProcessTarget]:
    output = sys.stdout.buffer
    return (
        local_service(DIST / "service", port=ports[0], output=output),
        local_function(DIST / "function", port=ports[1], output=output),
    )


def _from_here(targets: Sequence[ProcessTarget]) -> Sequence[ProcessTarget]:
    """The same, with the code of the checkout."""
    service, function = targets
    return replace(service, directory=Path.cwd()), replace(function, directory=Path("function"))


def _serve_until(done: Callable[[], bool], targets: Sequence[ProcessTarget]) -> None:
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
        _watch(done, endpoints)


def _watch(done: Callable[[], bool], endpoints: Sequence[Endpoint]) -> None:
    pause = threading.Event()
    while not done():
        for endpoint in endpoints:
            if (fault := endpoint.fault()) is not None:
                raise UserError(fault)
        pause.wait(POLL_S)


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable, str(default))
    # str.isdigit takes more than int does: a superscript, thousands of digits.
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 2**16:
        raise UserError(f"{variable} must be a port number, found {text[:40]!r}")
    return int(text)
