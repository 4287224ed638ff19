"""An engine of three versions and a fork of its first, as repositories of git's."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.tools import require, run
from tests.tree import FILES, ROOMS, ROOT, lay_out

# What git has of this repository beside what the tests' tree has.
MORE = (
    ".gitignore", ".gitattributes", ".dvc/.gitignore", "README.md", "CHANGELOG.md",
    "tests/model/README.md",
)  # fmt: skip
GENERATED = ("dvc.lock", "evaluation/metrics.json", "models/model.pkl.sha256")
ROUTES = """\
from fastapi import APIRouter

router = APIRouter()


@router.get("/greeting")
def greeting() -> str:
    return "hello"
"""


@dataclass(frozen=True)
class Repository:
    """A checkout, and git in it with nothing of the machine's set."""

    directory: Path

    def git(self, *words: str) -> str:
        """What git prints."""
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"}
        command = [require("git"), "-C", str(self.directory), *words]
        done = run(command, env=environment, code=0)
        return done.stdout.strip()

    def begin(self) -> None:
        """Make it, on main."""
        self.git("init", "--quiet", "--initial-branch=main")
        self.name_user()

    def name_user(self) -> None:
        """Whose commits they are."""
        self.git("config", "user.name", "A")
        self.git("config", "user.email", "a@localhost")

    def commit(self, message: str) -> str:
        """Commit all that is here; the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def path(self, name: str) -> Path:
        """A file of it."""
        return self.directory / name

    def write(self, name: str, text: str) -> None:
        """Put a file there."""
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text)

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a text that is there."""
        text = self.path(name).read_text()
        assert old in text, (name, old)
        self.path(name).write_text(text.replace(old, new, 1))

    def fork(self, directory: Path) -> "Repository":
        """A clone, whose remote `upstream` this is."""
        self.git("clone", "--quiet", "--origin=upstream", ".", str(directory))
        fork = Repository(directory)
        fork.name_user()
        return fork

    def state(self) -> tuple[str, str, dict[str, bytes]]:
        """Where the branch is, what differs from it, and every file but git's and kept ones."""
        files = {
            str(path.relative_to(self.directory)): path.read_bytes()
            for path in sorted(self.directory.rglob("*"))
            if path.is_file()
            and not {".git", ".cache"} & set(path.relative_to(self.directory).parts)
        }
        return self.git("rev-parse", "HEAD"), self.git("status", "--porcelain"), files


def publish_engine(directory: Path) -> Repository:
    """The engine as its own repository has it, with the tests' parameters and table."""
    tree = lay_out()
    for name in (*FILES, "params.yaml", "data/iris.csv"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree / name, directory / name)
    for room in ROOMS:
        shutil.copytree(tree / room, directory / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in MORE:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, directory / name)
    upstream = Repository(directory)
    upstream.begin()
    generate(upstream, "the engine's first version")
    upstream.commit("The first version")
    return upstream


def generate(repository: Repository, text: str) -> None:
    """What a run of the pipeline leaves in git, as a merge sees it: other lines each time."""
    for name in GENERATED:
        repository.write(name, f"# {text}\n")
        repository.git("add", "--force", name)


def settle(fork: Repository) -> None:
    """Make it a user's: their table, pages, comments and route."""
    fork.path("data/iris.csv").rename(fork.path("data/table.csv"))
    fork.replace("params.yaml", "data/iris.csv", "data/table.csv")
    rows = fork.path("data/table.csv").read_text().splitlines(keepends=True)
    fork.write("data/table.csv", "".join([rows[0], *rows[2:]]))
    fork.write("README.md", "# Our flowers\n")
    text = fork.path("dvc.yaml").read_text()
    stages = text.index("stages:")
    fork.write("dvc.yaml", "# Our pipeline.\n" + text[stages:])
    fork.replace("dvc.yaml", "    desc: fit the estimator\n", "    # Each night.\n    desc: fit\n")
    fork.write("custom/routes.py", ROUTES)


def improve(upstream: Repository) -> str:
    """The second version: code that moves, comes and goes, other rows, pages and outputs."""
    upstream.replace("twinserve/__init__.py", "0.2.0", "0.3.0")
    # The table is read by a module of another name, which has another beside it.
    upstream.git("mv", "twinserve/training/table.py", "twinserve/training/rows.py")
    for path in upstream.path("twinserve").rglob("*.py"):
        path.write_text(path.read_text().replace("training.table import", "training.rows import"))
    upstream.write("twinserve/training/notes.py", 'TEXT = "rows"\n')
    upstream.replace(
        "twinserve/training/rows.py",
        "from twinserve.config.errors import UserError\n",
        "from twinserve.config.errors import UserError\n"
        "from twinserve.training.notes import TEXT as TEXT\n",
    )
    upstream.replace("data/iris.csv", "versicolor\n", "virginica\n")
    upstream.replace("README.md", "\n", "\nA second version.\n")
    upstream.replace("CHANGELOG.md", "## 0.2.0", "## 0.3.0\n\n- Rows.\n\n## 0.2.0")
    upstream.replace("service/Dockerfile", "\n", "\n# The second version's.\n")
    return upstream.commit("The second version")


def improve_again(upstream: Repository) -> str:
    """The third: it moves on from the second, and changes the pipeline's file and parameters."""
    upstream.replace("twinserve/__init__.py", "0.3.0", "0.4.0")
    upstream.path("twinserve/training/notes.py").unlink()
    upstream.replace(
        "twinserve/training/rows.py", "from twinserve.training.notes import TEXT as TEXT\n", ""
    )
    upstream.replace("twinserve/inference/endpoint.py", '"""', '"""The third: ')
    upstream.replace("dvc.yaml", "      - serving\n", "      - serving\n      - model\n")
    upstream.git("mv", "data/iris.csv", "data/flowers.csv")
    upstream.replace("params.yaml", "data/iris.csv", "data/flowers.csv")
    upstream.replace("README.md", "A second version.", "A third version.")
    upstream.path("tests/model/README.md").unlink()
    return upstream.commit("The third version")
