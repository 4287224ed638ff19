"""Add objects of the cache to DVC's remote, by DVC's own interface, in a process of its own.

Its words are digests; no stage and no source of the tree is asked. Nothing is deleted or replaced:
DVC adds what the remote does not list. Progress goes to stderr, a failure as JSON to stdout.
"""

import json
import logging
import sys

from twinserve.config.errors import run_as_command
from twinserve.delivery.data.diagnosis import Heard, in_a_line


def main() -> None:
    """Add the objects of these digests; a folder's files have digests of their own."""
    from dvc.repo import Repo
    from dvc_data.hashfile.hash_info import HashInfo

    heard = Heard()
    logging.getLogger().addHandler(heard)
    told = None
    with Repo() as repo:
        try:
            done = repo.cloud.push({HashInfo("md5", digest) for digest in sys.argv[1:]})
        except Exception as error:  # noqa: BLE001 - a remote of any kind raises anything
            told = in_a_line(error)
        else:
            if done.failed:
                told = heard.told or f"{len(done.failed)} objects were refused"
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    run_as_command(main)
