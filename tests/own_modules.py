"""Modules of a user's own, under `custom`, in a process that tests several projects."""

import sys


def forget() -> None:
    """The next project has modules of its own under `custom`."""
    for name in [name for name in sys.modules if name.startswith("custom.")]:
        del sys.modules[name]
