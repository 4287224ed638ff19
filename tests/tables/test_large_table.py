"""A table above the size that a setting names goes under DVC, and into nothing else."""

import shutil
import subprocess
from contextlib import chdir
from pathlib import Path

import pytest
from dvc.repo import Repo

from tests.tables.shapes import as_csv, cars
from tests.tools import require
from tests.training.project import Project
from tests.tree import ROOT
from twinserve.commands import run_command
from twinserve.config.errors import UserError

FILES = (".gitignore", ".gcloudignore", ".dockerignore", ".dvcignore")


def git(root: Path, *words: str) -> list[str]:
    """What git prints, in lines."""
    command = [require("git"), "-C", str(root), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with the ignore files, and a setting under which a small table is large."""
    project = Project.new(tmp_path / "project")
    for name in FILES:
        shutil.copy(ROOT / name, project.root / name)
    git(project.root, "init", "--quiet")
    Repo.init(str(project.root)).close()
    project.change({"storage": {"git_limit_mb": 0.001}})
    return project


def adopt(project: Project, name: str) -> None:
    """Adopt a table at this path."""
    path = project.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(as_csv(cars()))
    with chdir(project.root):
        run_command("adopt", [name, "--label", "mpg"])


@pytest.mark.parametrize("name", ["data/cars.csv", "own/cars.csv"])
def test_large_table_is_kept_by_dvc_and_reaches_nothing_else(
    project: Project, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Neither a commit nor an upload, by what git and gcloud say; what follows is said."""
    adopt(project, name)
    said = capsys.readouterr().out
    assert f"adopt: {name}: 0.0" in said
    assert "storage.git_limit_mb is 0.001: kept by DVC, not by git" in said
    assert "`dvc remote add --default NAME URL`, then `dvc push`, and commit" in said
    assert (project.root / f"{name}.dvc").exists()
    git(project.root, "add", "--all")
    kept = git(project.root, "ls-files")
    assert f"{name}.dvc" in kept
    assert name not in kept
    listing = [require("gcloud"), "meta", "list-files-for-upload"]
    home = {"HOME": str(project.root.parent), "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1"}
    done = subprocess.run(
        listing, cwd=project.root, env={"PATH": "/usr/bin:/bin:/usr/local/bin", **home},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    uploaded = done.stdout.splitlines()
    assert "params.yaml" in uploaded
    assert name not in uploaded
    assert not [path for path in uploaded if path.startswith(".dvc/cache")]
    texts = [(project.root / file).read_text() for file in FILES[1:3]]
    assert texts[0] == texts[1]


def test_table_under_the_limit_stays_with_git(project: Project) -> None:
    """By default ten megabytes."""
    project.change({"storage.git_limit_mb": 10})
    adopt(project, "data/cars.csv")
    assert not (project.root / "data/cars.csv.dvc").exists()
    git(project.root, "add", "--all")
    assert "data/cars.csv" in git(project.root, "ls-files")


def test_table_that_git_keeps_is_not_put_under_dvc_beside_it(project: Project) -> None:
    """One line names the command that leaves it to DVC; nothing is written."""
    (project.root / "data/cars.csv").write_text(as_csv(cars()))
    git(project.root, "add", "--all")
    before = (project.root / "params.yaml").read_bytes()
    with pytest.raises(UserError, match=r"`git rm --cached data/cars\.csv`"):
        adopt(project, "data/cars.csv")
    assert (project.root / "params.yaml").read_bytes() == before
