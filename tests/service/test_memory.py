"""What clients that send and never read cost in memory."""

import time
from pathlib import Path

import pytest

from tests import wire
from tests.tools import do_without
from twinserve.measure.machine.memory import tree_pss_bytes
from twinserve.targets.local import local_target
from twinserve.targets.ready import wait_until_answering

CLIENTS = 50
POLL_S = 0.05
MOST_ADDED = 16 * 1024 * 1024
REQUESTS = wire.post() * 500


@pytest.mark.parametrize("name", ["service", "function"])
def test_clients_that_never_read_take_little(name: str, dist: Path) -> None:
    """Fifty that pipeline till nothing more is taken add 16 MB at most; others are answered."""
    with local_target(name, dist / name).start() as endpoint:
        wait_until_answering(endpoint)
        port = int(endpoint.url.rpartition(":")[2])
        assert wire.statuses(wire.exchange(port, wire.post())) == [200]
        assert endpoint.pid
        before = tree_pss_bytes(endpoint.pid)
        if before is None:
            do_without("the kernel's account of shared memory (smaps_rollup)")
        connections = [wire.connect(port) for _ in range(CLIENTS)]
        rests = dict.fromkeys(connections, b"")
        quiet_since, most = time.monotonic(), before
        # Until for a while nobody has got rid of anything.
        while time.monotonic() < quiet_since + 2:
            for connection in connections:
                connection.settimeout(0)
                data = rests[connection] or REQUESTS
                try:
                    sent = connection.send(data)
                except BlockingIOError:
                    continue
                rests[connection] = data[sent:]
                quiet_since = time.monotonic()
            if time.monotonic() > quiet_since + POLL_S:
                time.sleep(POLL_S)
            most = max(most, tree_pss_bytes(endpoint.pid) or 0)
        assert wire.statuses(wire.exchange(port, wire.post())) == [200]
        for connection in connections:
            connection.close()
    assert most - before <= MOST_ADDED
