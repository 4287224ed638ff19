"""The command that keeps a measurement and draws what is kept, on this machine."""

import json
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest
import yaml

from tests.measure.fakes import card, results
from tests.tools import require
from tests.tree import PROJECT
from twinserve.config.errors import UserError
from twinserve.delivery.probe.history import repository_url, run
from twinserve.measure.run.report import write_report


@pytest.fixture(autouse=True)
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with parameters and a report, as the current one."""
    monkeypatch.chdir(tmp_path)
    params = yaml.safe_load((PROJECT / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    write_report(results(), card(), [], tmp_path / "reports")


def history(*, deployed: bool = False, append: bool = False) -> None:
    """The command with these options."""
    run(Namespace(deployed=deployed, append=append, project=None))


def test_measurement_is_kept_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the folder that params.yaml names; drawing again keeps nothing anew."""
    history(append=True)
    history()
    (kept,) = (tmp_path / "history").iterdir()
    assert json.loads(kept.read_text())["place"] == "local"
    assert capsys.readouterr().out.splitlines() == [
        "kept: history/20240229T123456Z-unknown-local.json",
        "1 measurement: reports/history/index.html",
        "1 measurement: reports/history/index.html",
    ]
    page = (tmp_path / "reports" / "history" / "index.html").read_text(encoding="utf-8")
    assert "On this machine" in page


def test_figures_of_a_laptop_are_kept_from_those_of_the_cloud(tmp_path: Path) -> None:
    """A local report is not appended to the history of what is deployed."""
    params = yaml.safe_load((tmp_path / "params.yaml").read_text())
    params["history"]["deployed"] = "elsewhere"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(UserError, match="is of a local run: without --deployed"):
        history(deployed=True, append=True)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("place", ["gs://UPPER", "git:origin", "elsewhere:x"])
def test_place_that_is_none_is_told(tmp_path: Path, place: str) -> None:
    """By its key in params.yaml."""
    params = yaml.safe_load((tmp_path / "params.yaml").read_text())
    params["history"]["local"] = place
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(UserError, match=r"history\.local: String should match"):
        history()


@pytest.mark.parametrize(
    ("origin", "url"),
    [
        ("https://github.com/owner/flowers.git", "https://github.com/owner/flowers"),
        ("git@github.com:owner/flowers", "https://github.com/owner/flowers"),
        ("https://example.com/owner/flowers", None),
    ],
)
def test_commits_are_looked_up_at_github(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str, url: str | None
) -> None:
    """Where the checkout comes from there, or a workflow says so."""
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    git = [require("git"), "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "remote", "add", "origin", origin], check=True)
    assert repository_url() == url
    monkeypatch.setenv("PATH", "")
    assert repository_url() is None
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/twinserve")
    assert repository_url() == "https://github.com/owner/twinserve"
