"""A small engine that stands in for this one, with rooms that real uv locks from a local index."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

from tests.delivery.update.forks import Repository
from tests.renewal.package_index import PackageIndex
from tests.tools import covered
from tests.tree import ROOT

PYPROJECT = """\
[project]
name = "small"
version = "1"
requires-python = ">=3.11"

[dependency-groups]
service-compiled = ["beta"]
dev = [{ include-group = "service-compiled" }, "alpha", "gamma"]
lonely = ["beta", "delta"]
peer-other = ["gamma", "omega"]

[tool.uv]
package = false
"""
ROOMS = {
    "dev": ("alpha", "beta", "gamma"),
    "lonely": ("beta", "delta"),
    "service-compiled": ("beta",),
    "peers/other": ("gamma", "omega"),
}
# Its pipeline leaves what its packages give; `broken.txt` says which of them breaks what, and how.
ENGINE = """\
import os, re, sys, time
from pathlib import Path
from unittest.mock import patch

pins = dict(re.findall(r"^(\\w+)==(\\S+)", Path("locks/dev.txt").read_text(), re.M))
Path("..", "calls.txt").open("a").write(f"{sys.argv[1]} {sorted(pins.items())}\\n")
for line in Path("broken.txt").read_text().splitlines():
    check, name, version, message = line.split(" ", 3)
    if check == sys.argv[1] and pins.get(name) == version:
        if message == "wait":
            Path("..", "began").write_text(str(os.getpid()))
            time.sleep(600)
        sys.exit(f"error: {message}")
if sys.argv[1] == "repro":
    Path("made.json").write_text(repr(sorted(pins.items())))
"""
MAKEFILE = """\
.venv/ready: locks/dev.txt
\t$(PYTHON) -m twinserve environment
\tmkdir -p .venv/bin
\tprintf '#!/bin/sh\\nexec $(PYTHON) "$$@"\\n' > .venv/bin/python
\tprintf '#!/bin/sh\\nexec $(PYTHON) -m twinserve "$$@"\\n' > .venv/bin/twinserve
\tchmod +x .venv/bin/python .venv/bin/twinserve
\tcp locks/dev.txt .venv/ready
lint test-model test-engine:
\t@.venv/bin/twinserve $@
"""
IGNORED = ".cache/\n.venv/\nreports/\n/.dvc/config.local\n/.dvc/tmp/\n__pycache__/\n"
# A variable with the address of played sources.
SOURCES = "TESTS_SOURCES"
# The command of this engine, in a tree whose own is another; what is served is not compared.
COMMAND = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.renewal.small_project import played, unserved
from twinserve.__main__ import main
from twinserve.config.errors import run_as_command
unserved()
played()
run_as_command(lambda: main(sys.argv[1:]))
"""


def unserved() -> None:
    """Take a small project's bundles as equal, and its packages as safe: it has neither."""
    from twinserve.measure.statistics import Outcome, estimate_mean
    from twinserve.renewal import fit, fresh_rows, kinds, trees
    from twinserve.renewal.report import Answers, Effect
    from twinserve.renewal.rows.duel import ALL, Duel
    from twinserve.review.report import ModelChange

    def wait_at(phase: str, new: Path) -> None:
        if (new / "broken.txt").read_text().startswith(f"{phase} "):
            (new.parent / "began").write_text(str(os.getpid()))
            time.sleep(600)

    def compete(_: Path, new: Path, *__: object) -> tuple[Duel]:
        wait_at("compete", new)
        return (Duel(ALL, "wrong", 40, 0.0, 0.0, estimate_mean([0.0] * 40), Outcome.KEPT),)

    def measure(_: Path, new: Path, *__: object) -> Effect:
        wait_at("compare", new)
        told = (new / "broken.txt").read_text().startswith("model ")
        artifacts = ("model.pkl",) if told else ()
        model = ModelChange(base_version="v1", head_version="v1", artifacts=artifacts)
        return Effect(model, Answers(3, 3, 0, None), (), (), (1000, 1000))

    def ask(*_: object) -> tuple[()]:
        return ()

    patch.object(trees, "measure_effect", measure).start()
    patch.object(fresh_rows, "_compete", compete).start()
    patch.object(fresh_rows, "_drift", lambda *_: ()).start()
    patch.object(kinds, "runtime_of", lambda _: "none").start()
    patch.object(fit, "_keep_runtime", lambda *_: None).start()
    # No database is asked for packages of ours.
    patch.object(kinds, "ask", ask).start()


def played() -> None:
    """Ask the played sources of tools, where a test has some."""
    from twinserve.renewal.tools import dates, registry, renewing

    if url := os.environ.get(SOURCES):
        place_of = registry.place_of
        patch.object(renewing, "GCLOUD", f"{url}/gcloud").start()
        patch.object(dates, "PYTHON", f"{url}/python").start()
        patch.object(registry, "place_of", lambda name: (url, place_of(name)[1])).start()


def make_small_project(folder: Path, index: PackageIndex, broken: str = "") -> Repository:
    """The project with its first locks, committed."""
    folder.mkdir()
    project = Repository(folder)
    project.begin()
    for name in ("config", ".gitignore"):
        project.write(f".dvc/{name}", (ROOT / ".dvc" / name).read_text())
    project.write("twinserve/__init__.py", "")
    project.write("twinserve/__main__.py", ENGINE)
    project.write("twinserve/delivery/environment/install.py", "")
    project.write("pyproject.toml", PYPROJECT)
    project.write("params.yaml", (ROOT / "tests/project/params.yaml").read_text())
    project.write("dvc.yaml", "stages: {}\n")
    project.write("made.json", "")
    project.write("broken.txt", broken)
    project.write(".gitignore", IGNORED)
    project.write("Makefile", MAKEFILE)
    for name in ("alpha", "beta", "gamma", "delta", "omega"):
        index.publish(name, "1.0")
    # As uv writes them, without having to ask it.
    for room, names in ROOMS.items():
        project.write(f"locks/{room}.txt", "".join(index.pin(name) for name in names))
    project.commit("The first version")
    return project


def call(folder: Path, index: PackageIndex, *words: str) -> subprocess.CompletedProcess[str]:
    """One of this engine's commands in a project."""
    return subprocess.run(
        command(*words),
        cwd=folder,
        env=environment(index),
        capture_output=True,
        text=True,
        check=False,
    )


def command(*words: str) -> list[str]:
    """What is started."""
    return [sys.executable, "-c", COMMAND, *words]


def environment(index: PackageIndex) -> dict[str, str]:
    """With no package index but the local one."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "UV_DEFAULT_INDEX": f"{index.url}/simple",
        "UV_CACHE_DIR": str(index.folder.parent / "uv"),
        **{name: text for name, text in os.environ.items() if name == SOURCES},
        **covered(),
    }


def kept(project: Repository) -> tuple[str, str, dict[str, bytes]]:
    """The project's state, without what is written to be read, and what DVC keeps for itself."""
    head, status, files = project.state()
    unread = ("reports/", ".dvc/cache/", ".dvc/tmp/")
    return head, status, {name: text for name, text in files.items() if not name.startswith(unread)}


def pins_of(project: Repository, ref: str, room: str = "dev") -> dict[str, str]:
    """The versions that a room has at a commit."""
    text = project.git("show", f"{ref}:locks/{room}.txt")
    return dict(re.findall(r"^(\w+)==(\S+)", text, re.MULTILINE))
