"""A release that dies at a gcloud call: `python -m tests.pipeline.releases.killed AT WHEN [TO]`.

With ``TO`` it is a rollback there.

``AT`` is the number of the call, or how its words begin; ``WHEN`` is ``before`` (the call is never
sent) or ``after`` (it was carried out, but nothing came of its answer). Prints the call; ends with
SIGKILL, or with 0 if there is no such call.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable

import twinserve.targets.google.gcloud
from tests.google import PROJECT
from tests.pipeline.releases.candidates import golden_only
from twinserve.config.params import load_params
from twinserve.delivery.bundle.identity import read_identity
from twinserve.delivery.project import make_cloud
from twinserve.delivery.release.rollback import roll_back
from twinserve.delivery.release.transaction import release


def deadly(at: str, when: str) -> Callable[..., str]:
    """The runner of gcloud, with a death in it."""
    real = twinserve.targets.google.gcloud.run_gcloud
    count = 0
    lock = threading.Lock()

    def run(arguments: list[str], *rest: object, **options: object) -> str:
        nonlocal count
        words = " ".join([word for word in arguments if not word.startswith("-")][:4])
        # Both targets are deployed at once.
        with lock:
            count += 1
            here = str(count) == at
        if not here and not words.startswith(at):
            return real(arguments, *rest, **options)  # type: ignore[arg-type]
        sys.stderr.write(f"killed at: {words}\n")
        try:
            if when == "after":
                real(arguments, *rest, **options)  # type: ignore[arg-type]
        finally:
            # Also of a call that was refused, as that of a lock which somebody has.
            os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    return run


if __name__ == "__main__":
    twinserve.targets.google.gcloud.run_gcloud = deadly(sys.argv[1], sys.argv[2])
    cloud = make_cloud(load_params(), PROJECT)
    if sys.argv[3:]:
        roll_back(cloud, sys.argv[3])
    else:
        release(cloud, read_identity("0" * 40), check=golden_only)
