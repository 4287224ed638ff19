"""`twinserve renew python`: whole or not at all, in a small engine that stands in for this one."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.delivery.update.forks import Repository
from tests.renewal.package_index import PackageIndex
from tests.renewal.small_project import (
    call,
    environment,
    make_small_project,
    pins_of,
)
from tests.renewal.tools.fake_sources import NEW, Sources
from tests.tree import PROJECT, ROOT
from twinserve.config.errors import UserError
from twinserve.config.params import PARAMS_PATH
from twinserve.delivery.bundle.oldest import oldest_python, tried_pythons
from twinserve.delivery.cloud.doctor.ends import read_support
from twinserve.renewal.python import interpreter, places, renewing
from twinserve.renewal.python.places import PLACES, Python, write_python
from twinserve.renewal.tools import registry
from twinserve.renewal.tools.images import DOCKERFILE
from twinserve.renewal.tools.renewing import SUPPORT

BRANCH = "renew/python"
OLD = oldest_python(ROOT)
NEW_VERSION = "3.13" if OLD == "3.12" else "3.12"
# As `small_project.COMMAND`, with a registry and an interpreter of the test's.
COMMAND = """
import os, sys
sys.path.insert(0, {root!r})
from tests.renewal.small_project import unserved
from twinserve.__main__ import main
from twinserve.config.errors import run_as_command
from twinserve.renewal.python import renewing
from twinserve.renewal.tools import registry
unserved()
registry.place_of = lambda name: ({registry!r}, "library/" + name)
renewing.find_interpreter = lambda version, fetch: sys.executable
run_as_command(lambda: main(sys.argv[1:]))
"""


def source(path: Path) -> str:
    """A place as it stands here; parameters are the tests' own."""
    return ((PROJECT if path == PARAMS_PATH else ROOT) / path).read_text()


def make_project(folder: Path, index: PackageIndex, broken: str = "") -> Repository:
    """The small engine with every place in which the Python stands, as they stand here."""
    project = make_small_project(folder, index, broken)
    for path in PLACES:
        if path.name not in {"Makefile", "params.yaml", "pyproject.toml"}:
            project.write(str(path), (ROOT / path).read_text())
    # Another upload of the same version: it needs something by an older Python alone.
    index.files["gamma"].clear()
    index.add(
        "gamma", "1.0", {"gamma.py": ""}, requires=(f'delta; python_version < "{NEW_VERSION}"',)
    )
    pyproject = project.path("pyproject.toml").read_text().replace(">=3.11", f">={OLD}")
    listed = "".join(
        f'    "Programming Language :: Python :: {version}",\n' for version in tried_pythons(ROOT)
    )
    project.write(
        "pyproject.toml",
        pyproject.replace("\n\n[dependency", f"\nclassifiers = [\n{listed}]\n\n[dependency")
        + f'\n[tool.ruff]\ntarget-version = "py311"\n\n[tool.mypy]\npython_version = "{OLD}"\n',
    )
    minor = OLD.partition(".")[2]
    makefile = project.path("Makefile").read_text()
    told = f"# sys.version_info < (3, {minor}): Python {OLD} or newer is needed\n"
    project.write("Makefile", told + makefile)
    locked = call(project.directory, index, "lock")
    assert locked.returncode == 0, locked.stderr
    project.commit("Every place")
    return project


def started(sources: Sources, *words: str) -> list[str]:
    """The command, as it is started."""
    script = COMMAND.format(root=str(ROOT), registry=sources.url)
    return [sys.executable, "-c", script, *words]


def renew(
    project: Repository, index: PackageIndex, sources: Sources, version: str
) -> subprocess.CompletedProcess[str]:
    """It renews Python."""
    return subprocess.run(
        started(sources, "renew", "python", version),
        cwd=project.directory,
        env=environment(index),
        capture_output=True,
        text=True,
        check=False,
    )


def test_another_python_comes_in_everywhere_at_once(
    tmp_path: Path, index: PackageIndex, sources: Sources
) -> None:
    """Base image, function, builds, locks and checks are of it, in one commit with its report."""
    project = make_project(tmp_path / "project", index)
    done = renew(project, index, sources, NEW_VERSION)
    assert done.returncode == 0, done.stdout + done.stderr
    changed = set(project.git("diff", "--name-only", f"main..{BRANCH}").split())
    assert changed == {
        *(path.as_posix() for path in PLACES),
        "locks/dev.txt",
        "locks/peers/other.txt",
        "made.json",
    }
    text = {path.as_posix(): project.git("show", f"{BRANCH}:{path.as_posix()}") for path in PLACES}
    assert f"ARG BASE_IMAGE=python:{NEW_VERSION}-slim-bookworm@{NEW}" in text["service/Dockerfile"]
    assert f"python:{NEW_VERSION}-bookworm@{NEW}" in text[".devcontainer/devcontainer.json"]
    assert f"base_image: python{NEW_VERSION.replace('.', '')}" in text["params.yaml"]
    assert f'default: "{NEW_VERSION}"' in text[".github/actions/setup/action.yml"]
    assert f'requires-python = ">={NEW_VERSION}"' in text["pyproject.toml"]
    assert f'python_version = "{NEW_VERSION}"' in text["pyproject.toml"]
    assert f"Python :: {OLD}" not in text["pyproject.toml"]
    # What only the old one needs is locked no longer.
    assert "delta" in pins_of(project, "main")
    assert "delta" not in pins_of(project, BRANCH)
    page = project.path("reports/renewal/python.md").read_text()
    assert f"Renew Python: {OLD} to {NEW_VERSION}" in page
    assert project.git("worktree", "list").count("\n") == 0
    assert project.git("status", "--porcelain") == ""


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("broken", "gone", "told"),
    [
        ("test-model gamma 1.0 row 3", "", "error: model: error: row 3"),
        ("", f"/v2/library/python/manifests/{NEW_VERSION}-slim-bookworm", "and no digest of"),
    ],
    ids=["a check fails", "no image of it"],
)
def test_what_does_not_fit_changes_nothing(
    tmp_path: Path, index: PackageIndex, sources: Sources, broken: str, gone: str, told: str
) -> None:
    """Whole or not at all."""
    project = make_project(tmp_path / "project", index, broken)
    sources.gone.add(gone)
    before = project.git("rev-parse", "HEAD"), project.git("branch", "--list")
    done = renew(project, index, sources, NEW_VERSION)
    assert done.returncode == 1
    assert told in done.stderr
    assert (project.git("rev-parse", "HEAD"), project.git("branch", "--list")) == before
    assert project.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("4.0", "'4.0' is no version such as 3.12"),
        ("3.10", "the engine is written for Python 3.11 and newer"),
        ("3.99", "3.99: https://peps.python.org/api/release-cycle.json had no last day of it"),
        ("3.12", "3.12 is out of support since 2028-10-01"),
    ],
)
def test_python_that_cannot_be_served_is_refused(version: str, told: str) -> None:
    """Before anything is looked for or resolved."""
    with pytest.raises(UserError, match=re.escape(told)):
        renewing.check(Python.read(version), read_support(ROOT / SUPPORT), date(2028, 11, 1))


@pytest.mark.parametrize("path", [*places.WRITTEN, *places.TOLD], ids=str)
def test_each_place_says_what_is_rewritten(path: Path) -> None:
    """A place that is worded otherwise would be left behind in silence; a fork's README may be."""
    text = source(path)
    for template in (*places.WRITTEN.get(path, ()), *places.TOLD.get(path, ())):
        assert path.name == "README.md" or Python.read(OLD).write(template) in text


def test_whole_tree_is_rewritten_as_it_stands(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line that a renewal is for names the old one any more; there and back gives the same."""
    monkeypatch.setattr(
        registry, "place_of", lambda name: (sources.url, f"library/{name.rpartition('/')[2]}")
    )
    for path in PLACES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(source(path))
    old, new = Python.read(OLD), Python.read(NEW_VERSION)
    write_python(tmp_path, old, new, date(2027, 1, 1))
    left = {
        path: [
            line for line in (tmp_path / path).read_text().splitlines() if f"python:{OLD}" in line
        ]
        for path in PLACES
    }
    assert not any(left.values()), left
    image = read_support(tmp_path / SUPPORT).base_image
    assert f"ARG BASE_IMAGE={image.name}\n" in (tmp_path / DOCKERFILE).read_text()
    assert oldest_python(tmp_path) == NEW_VERSION
    assert tried_pythons(tmp_path)[0] == NEW_VERSION
    with pytest.raises(UserError, match=r"does not say `requires-python"):
        write_python(tmp_path, old, new, date(2027, 1, 1))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ("deployment:\n  function:\n    name: f # a name\n", "    base_image: python312\n"),
        ("deployment:\n  region: r\n", "  function: {base_image: python312}\n"),
        ("model: {name: m}\n", "deployment: {function: {base_image: python312}}\n"),
        (
            "deployment:\n  function:\n    base_image: python311 # of Google's\n",
            "    base_image: python312 # of Google's\n",
        ),
    ],
    ids=["in its section", "a new section", "neither", "another one"],
)
def test_runtime_is_written_where_params_have_its_place(params: str, expected: str) -> None:
    """Every other byte stays."""
    written = places._with_runtime(params, Python.read("3.12"))  # noqa: SLF001
    assert written.endswith(expected)
    assert written.startswith(params.splitlines()[0].partition(":")[0])


def test_interpreter_that_is_not_here_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is fetched unless that is allowed; that it cannot be had is uv's own line."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UserError) as refused:
        interpreter.find_interpreter("3.99", fetch=False)
    assert str(refused.value) == (
        "no Python 3.99 runs on this machine: put one on the PATH, or let uv fetch one "
        "(`twinserve renew python 3.99 --fetch`)"
    )
    with pytest.raises(UserError, match=r"^uv could not fetch Python 3\.99: .*No download"):
        interpreter.find_interpreter("3.99", fetch=True)
    monkeypatch.setenv("PATH", f"{sys.base_prefix}/bin")
    here = "{}.{}".format(*sys.version_info)
    found = interpreter.find_interpreter(here, fetch=False)
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"Python {here}.")
