"""Stands first on the PATH as ``gcloud``: hands its call to ``gcloud_server`` and waits.

``gcloud_client.py SOCKET GCLOUD ARGUMENTS...``; without a server it becomes the plain gcloud.
"""

import json
import os
import signal
import socket
import sys


def main(path: str, gcloud: str, arguments: list[str]) -> int:
    """The exit code of the call; death by a signal is passed on as that."""
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(path)
    except OSError:
        os.execv(gcloud, [gcloud, *arguments])  # noqa: S606 - no shell is wanted
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: server.send(bytes([number])))
    request = {
        "arguments": arguments,
        "directory": os.getcwd(),  # noqa: PTH109 - pathlib would double the start-up
        "environment": dict(os.environ),
    }
    text = json.dumps(request).encode() + b"\n"
    sent = socket.send_fds(server, [text], [0, 1, 2])
    server.sendall(text[sent:])
    code = int(server.recv(16) or b"1")
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
