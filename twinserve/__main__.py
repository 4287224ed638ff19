"""``twinserve COMMAND``, or ``python -m twinserve COMMAND``: the one command line."""

import sys
from collections.abc import Sequence

from twinserve.commands import COMMANDS, run_command
from twinserve.config.errors import run_as_command


def main(given: Sequence[str] | None = None) -> int:
    """Run the command that the words name; its exit code is the process's."""
    words = list(sys.argv[1:] if given is None else given)
    if words and words[0] in COMMANDS:
        # Without click: some commands are run by a Python that has no packages, and an interrupt is
        # the command's own to answer.
        return run_command(words[0], words[1:]) or 0
    from twinserve.overview import show

    return show(words)


if __name__ == "__main__":
    run_as_command(main)
