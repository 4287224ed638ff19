"""Projects of DVC's, as small as can be, whose sources and remote a test may spoil."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from dvc.repo import Repo

from tests.tree import ROOT

TABLE = "data/table.csv"
CONTENT = "a,b\n1,2\n"
# One stage that reads the table, a folder, and nothing else.
PIPELINE = {
    "stages": {
        "read": {"cmd": "cat data/table.csv > out", "deps": [TABLE, "pictures"], "outs": ["out"]}
    }
}


@dataclass(frozen=True)
class Project:
    """A folder under DVC without git, and the folder that is its remote."""

    directory: Path
    remote: Path

    def path(self, name: str) -> Path:
        return self.directory / name

    def object_of(self, name: str, store: Path | None = None) -> Path:
        """The object of a source, in the remote or another store."""
        raw = yaml.safe_load(self.path(f"{name}.dvc").read_text())
        digest = raw["outs"][0]["md5"]
        return Path(store or self.remote, "files", "md5", digest[:2], digest[2:])

    def clone(self, directory: Path) -> "Project":
        """What git would give somebody else of it."""
        clone = Project(directory, self.remote)
        for name in [".dvc/config", "dvc.yaml", *self.sources()]:
            clone.path(name).parent.mkdir(parents=True, exist_ok=True)
            clone.path(name).write_bytes(self.path(name).read_bytes())
        # What fetches is run as a module of the tree's own engine.
        clone.path("twinserve").symlink_to(ROOT / "twinserve")
        return clone

    def sources(self) -> list[str]:
        """The `.dvc` files, by their paths."""
        return [
            str(path.relative_to(self.directory))
            for path in self.directory.rglob("*.dvc")
            if path.is_file()
        ]


def project(directory: Path, remote: Path, url: str | None = None) -> Project:
    """A table, a folder of two files and a file that no stage reads, all of them pushed."""
    made = Project(directory, remote)
    remote.mkdir(parents=True, exist_ok=True)
    for name, content in {
        TABLE: CONTENT,
        "pictures/one": "1",
        "pictures/two": "22",
        "unread": "nobody",
    }.items():
        made.path(name).parent.mkdir(parents=True, exist_ok=True)
        made.path(name).write_text(content)
    made.path("dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
    with Repo.init(str(directory), no_scm=True) as repo:
        with repo.config.edit("repo") as options:
            options["core"] |= {"remote": "store", "no_scm": True, "analytics": False}
            options["remote"]["store"] = {"url": url or str(remote)}
        repo.add([str(made.path(name)) for name in (TABLE, "pictures", "unread")])
    return made


def push(made: Project) -> None:
    """Put every source into its remote."""
    with Repo(str(made.directory)) as repo:
        repo.push()
