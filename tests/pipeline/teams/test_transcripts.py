"""What docs/data.md shows of two clones, of a fork and of a long fit is what a run prints."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Show
from tests.pipeline.remotes.http_store import PASSWORD, USER, kept
from tests.pipeline.remotes.server import HOST
from tests.pipeline.teams.clones import Clone, team
from tests.pipeline.teams.long_fit import TEN_MINUTES
from tests.pipeline.teams.transcripts import play, steps
from tests.pipeline.workflows.commands import fault
from tests.tree import share_environments

ADDRESS = "https://store.example.com/dvc"
HOME = "/home/team"
# Each another person's, or a fork's run.
SHARING = ("one", "two", "fork")
WAITING = "slow"


@pytest.fixture
def sharing(tmp_path: Path) -> Iterator[dict[str, Clone]]:
    """Two that share a remote behind a password and a repository, and a fork that knows neither."""
    with kept(tmp_path / "server") as store:
        url = f"http://{HOST}:{store.port}/data"
        first = team(tmp_path, url, {"auth": "basic", "user": USER}, {"password": PASSWORD})
        first.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin"))
        first.git("remote", "add", "origin", str(tmp_path / "origin"))
        first.git("fetch", "--quiet", "origin")
        first.git("branch", "--quiet", "--set-upstream-to=origin/main")
        clones = {"one": first}
        for name in SHARING[1:]:
            first.git("clone", "--quiet", str(tmp_path / "origin"), str(tmp_path / name))
            clones[name] = Clone(tmp_path / name)
            share_environments(tmp_path / name)
        clones["two"].run("dvc", "remote", "modify", "--local", "store", "password", PASSWORD)
        for clone in clones.values():
            clone.path(".venv").symlink_to(Path(sys.executable).parent.parent)
        yield clones


def test_commands_of_the_transcripts_are_the_projects() -> None:
    """Each `twinserve` with its options; and all transcripts are there."""
    typed = steps(*SHARING, WAITING)
    assert {step.who for step in typed} == {*SHARING, WAITING}
    lines = [line for step in typed for line in re.findall(r"twinserve [^&|;]+", step.command)]
    assert [said for line in lines if (said := fault(f".venv/bin/{line.strip()}"))] == []


@pytest.mark.nightly
def test_clones_and_a_fork_print_what_the_document_shows(
    sharing: dict[str, Clone], tmp_path: Path, show: Show
) -> None:
    """Changed in one clone, reviewed and reproduced in the other; a fork that has no password."""
    (address,) = re.findall(r"url = (\S+)", sharing["one"].path(".dvc/config").read_text())
    differences = play(
        steps(*SHARING),
        sharing,
        lambda text: text.replace(address, ADDRESS).replace(str(tmp_path), HOME),
        lambda whole: show("transcript of clones", whole),
    )
    assert differences == []


@pytest.mark.nightly
def test_fit_of_ten_minutes_prints_what_the_document_shows(
    slow: Clone, tmp_path: Path, show: Show
) -> None:
    """A colleague's clone, the commands of a pull request and a push: it is never fitted."""
    clone = slow.clone(tmp_path / "home" / "clone")
    (clone.directory.parent / "seconds").write_text(TEN_MINUTES)
    differences = play(
        steps(WAITING),
        {WAITING: clone},
        lambda text: text.replace(str(clone.directory.parent), HOME).replace(str(tmp_path), HOME),
        lambda whole: show("transcript of a long fit", whole),
    )
    assert differences == []
