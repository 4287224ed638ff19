"""A release that dies at one of its gcloud calls: `python -m tests.pipeline.killed AT WHEN`.

``AT`` is the number of the call, or how its words begin; ``WHEN`` is ``before`` (the call is never
sent) or ``after`` (it was carried out, but nothing came of its answer). Prints the call; ends with
SIGKILL, or with 0 if there is no such call.
"""

import os
import signal
import sys
from collections.abc import Callable

import targets.gcloud
from config.params import load_params
from delivery.cloud import make_cloud
from delivery.identity import read_identity
from delivery.release import release
from tests.google import PROJECT
from tests.pipeline.candidates import golden_only


def deadly(at: str, when: str) -> Callable[..., str]:
    """The runner of gcloud, with a death in it."""
    real = targets.gcloud.run_gcloud
    count = 0

    def run(arguments: list[str], *rest: object, **options: object) -> str:
        nonlocal count
        count += 1
        words = " ".join([word for word in arguments if not word.startswith("-")][:4])
        if str(count) != at and not words.startswith(at):
            return real(arguments, *rest, **options)  # type: ignore[arg-type]
        sys.stderr.write(f"killed at: {words}\n")
        if when == "after":
            real(arguments, *rest, **options)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    return run


if __name__ == "__main__":
    targets.gcloud.run_gcloud = deadly(sys.argv[1], sys.argv[2])
    release(make_cloud(load_params(), PROJECT), read_identity("0" * 40), check=golden_only)
