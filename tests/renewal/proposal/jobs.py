"""Two jobs of a renewal, the objects that the first leaves for the second, and DVC's remote."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.delivery.update.forks import Repository
from tests.tree import PROJECT, ROOT
from twinserve.renewal.proposal.objects import add_objects, leave_objects
from twinserve.targets.git import Checkout

SOURCE = "data/iris.csv.dvc"
ROWS, LATER = b"a,b\n1,2\n", b"a,b\n1,2\n3,4\n"


def digest_of(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def source(content: bytes) -> str:
    """The table's file, as `dvc import-url` writes it."""
    return f"outs:\n- md5: {digest_of(content)}\n  hash: md5\n  path: iris.csv\n"


def lock(**outputs: str) -> str:
    """A lock whose one stage has made these."""
    outs = "".join(f"    - path: {path}\n      md5: {name}\n" for path, name in outputs.items())
    return f"schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n{outs}"


def keep(checkout: Repository, content: bytes, suffix: str = "") -> str:
    """Put an object into a checkout's cache; its name."""
    name = f"{digest_of(content)}{suffix}"
    path = checkout.path(f".dvc/cache/files/md5/{name[:2]}/{name[2:]}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


@dataclass(frozen=True)
class Jobs:
    """The checkouts of two jobs, what the first leaves for the second, and DVC's remote."""

    renewing: Repository
    opening: Repository
    left: Path
    remote: Path

    def hand_over(self, path: str, text: str) -> str:
        """Commit a file in the first, leave what it names, and have the commit in the second."""
        self.renewing.write(path, text)
        commit = self.renewing.commit("Renew")
        os.chdir(self.renewing.directory)
        leave_objects(self.left, Checkout(self.renewing.directory), commit)
        os.chdir(self.opening.directory)
        self.opening.git("fetch", "--quiet", str(self.renewing.directory), "main")
        return commit

    def add(self, commit: str) -> str:
        return add_objects(self.left, Checkout(self.opening.directory), commit)

    def kept(self) -> Mapping[str, bytes]:
        """What the remote has."""
        folder = self.remote / "files/md5"
        return {
            "".join(path.relative_to(folder).parts): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }


def make_jobs(folder: Path) -> Jobs:
    """A repository whose table DVC keeps, in a remote that is a folder."""
    (folder / "renewing").mkdir()
    renewing = Repository(folder / "renewing")
    renewing.begin()
    remote = folder / "remote"
    store = f"['remote \"store\"']\n    url = {remote}\n"
    renewing.write(".dvc/config", f"[core]\n    remote = store\n    analytics = false\n{store}")
    renewing.write(".gitignore", "/.dvc/cache\n/.dvc/tmp\n/data/iris.csv\n")
    renewing.write("params.yaml", (PROJECT / "params.yaml").read_text())
    renewing.write(SOURCE, source(ROWS))
    renewing.write("dvc.lock", lock())
    renewing.commit("First")
    opening = Repository(folder / "opening")
    renewing.git("clone", "--quiet", ".", str(opening.directory))
    # A checkout has the engine, which adds to the remote in a process of its own.
    opening.path("twinserve").symlink_to(ROOT / "twinserve")
    return Jobs(renewing, opening, folder / "left", remote)
