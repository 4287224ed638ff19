"""How long a call of gcloud may take, by what it does."""

from collections.abc import Sequence
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of calls, as far as they decide how long a call may take."""

    READ = "read"
    WRITE = "write"
    DEPLOY = "deploy"
    BUILD = "build"


# Seconds, after which a call has hung and is ended. A deployment waits for the function's build,
# which Google gives ten minutes, and for the revision; a build waits for its turn as well.
LIMITS_S = {Kind.READ: 120.0, Kind.WRITE: 300.0, Kind.DEPLOY: 1500.0, Kind.BUILD: 7200.0}
_SLOW = {
    ("run", "deploy"): Kind.DEPLOY,
    ("run", "services", "replace"): Kind.DEPLOY,
    ("run", "services", "update"): Kind.DEPLOY,
    ("builds", "submit"): Kind.BUILD,
}


def kind_of(arguments: Sequence[str]) -> Kind:
    """The kind of a call that changes something."""
    for words, kind in _SLOW.items():
        if tuple(arguments[: len(words)]) == words:
            return kind
    return Kind.WRITE
