"""Rows and outputs of a renewal on their way into DVC's remote, by real git and real DVC."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.renewal.proposal.hub import BRANCH, Hub
from tests.renewal.proposal.jobs import (
    LATER,
    ROWS,
    SOURCE,
    Jobs,
    digest_of,
    keep,
    lock,
    source,
)
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.renewal.proposal.objects import LEFT

NIGHTLY = "\ntraining: {reproduce: nightly}\n"


def test_rows_that_came_in_are_added_to_the_remote(jobs: Jobs) -> None:
    """By the job that may; the rows that were there before are not handed over."""
    keep(jobs.renewing, ROWS)
    name = keep(jobs.renewing, LATER)
    commit = jobs.hand_over(SOURCE, source(LATER))
    with tarfile.open(jobs.left / LEFT) as tar:
        assert tar.getnames() == [name]
    assert jobs.add(commit) == "added to DVC's remote store: 1 objects"
    assert jobs.kept() == {name: LATER}


def test_outputs_are_added_where_the_night_alone_makes_them(jobs: Jobs) -> None:
    """A folder with each of its files; what git has of the outputs is not DVC's."""
    for side in (jobs.renewing, jobs.opening):
        side.write("params.yaml", side.path("params.yaml").read_text() + NIGHTLY)
    jobs.renewing.commit("Nightly")
    inner = keep(jobs.renewing, b"page")
    entries = [{"md5": inner, "relpath": "page.html"}]
    folder = keep(jobs.renewing, json.dumps(entries).encode(), ".dir")
    model = keep(jobs.renewing, b"model")
    made = lock(model=model, evaluation=folder, metrics=digest_of(b"in git"))
    assert jobs.add(jobs.hand_over("dvc.lock", made)) == "added to DVC's remote store: 3 objects"
    assert jobs.kept().keys() == {inner, folder, model}


def test_outputs_that_each_push_makes_are_not_handed_over(jobs: Jobs) -> None:
    """The pull request's own checks make them."""
    made = lock(model=keep(jobs.renewing, b"model"))
    assert jobs.add(jobs.hand_over("dvc.lock", made)) == ""
    assert not jobs.left.exists()


def test_nothing_is_asked_without_a_remote(jobs: Jobs) -> None:
    """Whoever checks the commit out fetches the rows from their source."""
    keep(jobs.renewing, LATER)
    commit = jobs.hand_over(SOURCE, source(LATER))
    jobs.opening.write(".dvc/config", "[core]\n    analytics = false\n")
    assert jobs.add(commit) == ""


def hand_in(left: Path, name: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> None:
    """Leave an archive of one member."""
    left.mkdir(exist_ok=True)
    with tarfile.open(left / LEFT, "w") as tar:
        member = tarfile.TarInfo(name)
        member.size, member.type, member.linkname = len(content), kind, "/etc/passwd"
        tar.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    ("name", "content", "kind", "told"),
    [
        (digest_of(LATER), b"other rows", tarfile.REGTYPE, "is not what its name says"),
        ("../../../../../bin/sh", LATER, tarfile.REGTYPE, "is no object"),
        (digest_of(LATER), b"", tarfile.SYMTYPE, "is no object"),
        (
            digest_of(ROWS),
            ROWS,
            tarfile.REGTYPE,
            r"data/iris\.csv\.dvc names was left",
        ),
    ],
    ids=["other content", "other place", "link", "other object"],
)
def test_what_is_not_what_the_commit_names_is_refused(
    jobs: Jobs, name: str, content: bytes, kind: bytes, told: str
) -> None:
    """Whatever the job that ran other people's code has left."""
    commit = jobs.hand_over(SOURCE, source(LATER))
    hand_in(jobs.left, name, content, kind)
    with pytest.raises(UserError, match=f"{told}.*: refused"):
        jobs.add(commit)
    assert jobs.kept() == {}


def test_no_archive_is_refused(jobs: Jobs) -> None:
    """Other bytes under its name, or none at all."""
    commit = jobs.hand_over(SOURCE, source(LATER))
    with pytest.raises(UserError, match="names was left: refused"):
        jobs.add(commit)
    jobs.left.mkdir()
    (jobs.left / LEFT).write_bytes(b"no archive" * 100)
    with pytest.raises(UserError, match=r"objects\.tar: .*: refused"):
        jobs.add(commit)


def test_branch_and_pull_request_wait_for_the_remote(hub: Hub) -> None:
    """Where it takes nothing, nothing is pushed and nothing is opened; the line says why."""
    store = "['remote \"store\"']\n    url = /dev/null/remote\n"
    for repository in (hub.origin, hub.checkout):
        repository.write(
            ".dvc/config", f"[core]\n    remote = store\n    analytics = false\n{store}"
        )
        repository.write(".gitignore", "/.dvc/cache\n/.dvc/tmp\n")
        repository.write("params.yaml", repository.path("params.yaml").read_text() + NIGHTLY)
    hub.origin.commit("A remote")
    hub.checkout.git("fetch", "--quiet")
    hub.checkout.git("reset", "--quiet", "--hard", "origin/main")
    hub.checkout.path("twinserve").symlink_to(ROOT / "twinserve")
    hub.renew("dvc.lock", lock(model=digest_of(b"model")))
    hand_in(hub.left, digest_of(b"model"), b"model")
    with pytest.raises(UserError, match=r"remote store does not take what .*/dev/null/remote"):
        hub.open()
    assert hub.origin.git("branch", "--list", BRANCH) == ""
    assert hub.read()["pulls"] == []
