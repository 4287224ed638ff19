"""Why a source cannot be had, in one line with its cure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from twinserve.config.errors import UserError
from twinserve.delivery.data.remotes import NO_REMOTE


class Reason(StrEnum):
    """What stands between a source and the tree."""

    ABSENT = "absent"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    NO_REMOTE = "no remote"
    NO_ROOM = "no room"


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that is not in the tree.

    Attributes:
        file: the ``.dvc`` file that stands for it.
        remote: name and address.
        told: what is known besides: an exception's words, an object's name.
    """

    file: str
    path: str
    reason: Reason
    remote: str
    told: str

    def __str__(self) -> str:
        push = f"run `dvc push {self.file}` on the machine that has it"
        match self.reason:
            case Reason.ABSENT:
                return f"{self.path}: neither here nor in the remote {self.remote}: {push}"
            case Reason.REFUSED:
                return (
                    f"{self.path}: the copy in the remote {self.remote} is not what {self.file} "
                    f"says and was refused; find out who wrote {self.told}, delete it there, and "
                    f"{push}"
                )
            case Reason.UNREACHABLE:
                return (
                    f"{self.path}: not here, and the remote {self.remote} cannot be read "
                    f"({self.told}): see that it is up, log in or ask for access, then run this "
                    "again"
                )
            case Reason.NO_REMOTE:
                return f"{self.path}: not here, and {NO_REMOTE}, then {push}"
            case Reason.NO_ROOM:
                return (
                    f"{self.path}: {self.told}; make room, or have the cache linked instead of "
                    "copied: `dvc config --local cache.type hardlink,symlink`"
                )


def refuse(failures: Iterable[Failure]) -> None:
    """Say the first, and how many more there are.

    Raises:
        UserError: there is one.
    """
    lines = [str(failure) for failure in failures]
    if lines:
        more = f" (and {len(lines) - 1} more)" if lines[1:] else ""
        raise UserError(f"{lines[0]}{more}; nothing that was made before has changed")
