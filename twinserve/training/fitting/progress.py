"""A word now and then from what takes long, so that nobody takes it for hung."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

EVERY_S = 15.0


@contextmanager
def said_while(doing: str) -> Iterator[None]:
    """Print every ``EVERY_S`` seconds for how long it lasts; what is quick says nothing."""
    began, ended = time.monotonic(), threading.Event()

    def say() -> None:
        while not ended.wait(EVERY_S):
            sys.stdout.write(f"{doing}: {time.monotonic() - began:,.0f} s so far\n")
            sys.stdout.flush()

    speaker = threading.Thread(target=say, daemon=True)
    speaker.start()
    try:
        yield
    finally:
        ended.set()
        speaker.join()
