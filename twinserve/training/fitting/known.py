"""Which pickles are known: fitted in this tree, or named by a commit of this repository.

A pickle is a program, and DVC's run cache takes the word of whoever can write to the remote. So
what comes from there is compared with what does not.
"""

from pathlib import Path

from twinserve.targets.git import Checkout
from twinserve.training.fitting.digest import digest_of, digest_path, read_digest

# A file for each fit of this tree, called as its pickle's SHA-256.
FITS = Path(".cache/fitted")
# DVC runs an experiment of a queue in a folder below this one of the tree that it belongs to.
_DVC = ".dvc"


def note_fit(content: bytes) -> None:
    """Remember that these bytes were fitted here."""
    fits = _home() / FITS
    fits.mkdir(parents=True, exist_ok=True)
    (fits / digest_of(content)).touch()


def is_known(digest: str) -> bool:
    """Whether this tree has fitted it, or what git has here names it: in a file, or any commit."""
    path = digest_path()
    if (_home() / FITS / digest).exists() or (path.exists() and read_digest() == digest):
        return True
    words = ("log", "--all", "--max-count=1", "--format=%H", f"-S{digest}", "--", str(path))
    done = Checkout(Path.cwd()).run(*words)
    return done.code == 0 and bool(done.out.strip())


def _home() -> Path:
    """The tree, though an experiment of it runs in a folder of its own."""
    here = Path.cwd()
    return next((folder.parent for folder in here.parents if folder.name == _DVC), here)
