"""A release that waits at a gcloud call: `python -m tests.pipeline.releases.paused AT FOLDER`.

``AT`` is the number of the call, or how its words begin. There it writes ``FOLDER/reached``, and
goes on when ``FOLDER/go`` is there; every later call is a line of ``FOLDER/calls``. Its exit code
is that of the command.
"""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import twinserve.targets.google.gcloud
from tests.google import PROJECT
from tests.pipeline.releases.candidates import golden_only
from twinserve.config.errors import run_as_command
from twinserve.config.params import load_params
from twinserve.delivery.bundle.identity import read_identity
from twinserve.delivery.project import make_cloud
from twinserve.delivery.release.transaction import release

POLL_S = 0.01


def pausing(at: str, folder: Path) -> Callable[..., str]:
    """The runner of gcloud, with a pause in it."""
    real = twinserve.targets.google.gcloud.run_gcloud
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
    twinserve.targets.google.gcloud.run_gcloud = pausing(sys.argv[1], Path(sys.argv[2]))
    release(make_cloud(load_params(), PROJECT), read_identity("0" * 40), check=golden_only)


if __name__ == "__main__":
    run_as_command(main)
