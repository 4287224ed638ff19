"""A release that waits at one of its gcloud calls: `python -m tests.pipeline.paused AT FOLDER`.

``AT`` is the number of the call, or how its words begin. There it writes ``FOLDER/reached``, and
goes on when ``FOLDER/go`` is there; every later call is a line of ``FOLDER/calls``. Its exit code
is that of the command.
"""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import targets.gcloud
from config.errors import run_as_command
from config.params import load_params
from delivery.cloud import make_cloud
from delivery.identity import read_identity
from delivery.release import release
from tests.google import PROJECT
from tests.pipeline.candidates import golden_only

POLL_S = 0.01


def pausing(at: str, folder: Path) -> Callable[..., str]:
    """The runner of gcloud, with a pause in it."""
    real = targets.gcloud.run_gcloud
    lock = threading.Lock()
    count = 0

    def run(arguments: list[str], *rest: object, **options: object) -> str:
        nonlocal count
        words = " ".join([word for word in arguments if not word.startswith("-")][:4])
        with lock:
            count += 1
            here = str(count) == at or words.startswith(at)
        if here and not (folder / "reached").exists():
            (folder / "reached").write_text(words)
            while not (folder / "go").exists():
                time.sleep(POLL_S)
        elif (folder / "go").exists():
            with lock, (folder / "calls").open("a") as calls:
                calls.write(" ".join(arguments) + "\n")
        return real(arguments, *rest, **options)  # type: ignore[arg-type]

    return run


def main() -> None:
    """Release."""
    targets.gcloud.run_gcloud = pausing(sys.argv[1], Path(sys.argv[2]))
    release(make_cloud(load_params(), PROJECT), read_identity("0" * 40), check=golden_only)


if __name__ == "__main__":
    run_as_command(main)
