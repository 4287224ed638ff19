"""Push, fresh clone, fetch with a real server of each scheme; and what each fault ends in."""

import re
from pathlib import Path

import pytest

from tests.delivery.data.projects import CONTENT, TABLE
from tests.pipeline.remotes.attempts import LARGE, LIMIT_S, Begun, Remote
from tests.pipeline.remotes.told import AWAY, HALF_WAY, PATIENT, REFUSED, TOLD
from twinserve.delivery.data.diagnosis import without_login

NIGHTLY = pytest.mark.nightly
QUICK = [pytest.param("http", id="http")]
ALL = [
    *QUICK,
    *(pytest.param(name, id=name, marks=NIGHTLY) for name in ("azure", "gs", "s3", "ssh")),
]


@pytest.mark.parametrize("remote", ALL, indirect=True)
def test_fresh_clone_fetches_what_another_machine_has_pushed(
    remote: Remote, tmp_path: Path
) -> None:
    """Byte for byte, in an environment with the scheme's plug-in."""
    clone = remote.clone(tmp_path / "two")
    assert remote.fetch(clone).ended()[0] == 0
    for name in (TABLE, LARGE, "pictures/two"):
        assert clone.path(name).read_bytes() == remote.made.path(name).read_bytes()


@pytest.mark.parametrize("remote", ALL, indirect=True)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "neither here nor in the remote store", id="gone", marks=NIGHTLY),
        pytest.param(CONTENT[:5].encode(), "was refused", id="cut", marks=NIGHTLY),
        pytest.param(b"a,b\n1,3\n", "was refused", id="tampered with"),
    ],
)
def test_object_that_is_not_what_was_pushed_is_one_line(
    remote: Remote, tmp_path: Path, content: bytes | None, said: str
) -> None:
    """It comes into no tree, and the line says whose turn it is."""
    name = remote.name_of(TABLE)
    clone = remote.clone(tmp_path / "two")
    remote.server.write(name, content)
    try:
        line = remote.fetch(clone).refusal()
    finally:
        remote.server.write(name, CONTENT.encode())
    assert line.startswith(f"error: {TABLE}: ")
    assert said in line
    assert "`dvc push data/table.csv.dvc` on the machine that has it" in line
    assert not clone.path(TABLE).exists()


def unreadable(begun: Begun, fault: str) -> str:
    """The line of a remote that cannot be read: which file, which remote, its own words."""
    attempt = begun.attempts[fault]
    line = attempt.refusal()
    assert line.startswith("error: data/large.csv: not here, and the remote store (")
    assert re.search(r"\) cannot be read \(.+\): see that it is up, log in or ask for access", line)
    assert not attempt.clone.path(LARGE).exists()
    return line


@NIGHTLY
@pytest.mark.parametrize(("remote", "fault"), REFUSED, indirect=["remote"])
def test_who_is_not_let_in_is_told_in_a_line(remote: Remote, begun: Begun, fault: str) -> None:
    """Without a login, with a wrong one, and with one that was right until yesterday."""
    line = unreadable(begun, fault)
    assert f"store ({without_login(remote.server.url)})" in line
    assert TOLD[remote.scheme][fault] in line


@NIGHTLY
@pytest.mark.parametrize("remote", TOLD, indirect=True)
def test_server_that_is_away_is_one_line(remote: Remote, begun: Begun) -> None:
    """Nothing listens there."""
    assert TOLD[remote.scheme][AWAY] in unreadable(begun, AWAY)


@NIGHTLY
@pytest.mark.parametrize("remote", [name for name in TOLD if name != PATIENT], indirect=True)
def test_server_that_goes_away_half_way_is_one_line_and_loses_nothing(
    remote: Remote, begun: Begun
) -> None:
    """No part of a file is taken for the whole, and what was cut comes when the server is back."""
    unreadable(begun, HALF_WAY)
    clone = begun.attempts[HALF_WAY].clone
    assert not clone.object_of(LARGE, clone.path(".dvc/cache")).exists()
    begun.way.most = None
    assert remote.through(begun.way.port).fetch(clone).ended()[0] == 0
    assert clone.path(LARGE).read_bytes() == remote.made.path(LARGE).read_bytes()


@NIGHTLY
@pytest.mark.parametrize("remote", [PATIENT], indirect=True)
def test_patient_client_gets_the_rest_from_a_server_that_is_back(
    remote: Remote, begun: Begun
) -> None:
    """What was cut half-way is asked for again by the client itself, and comes whole."""
    assert begun.way.broken.wait(LIMIT_S)
    begun.way.most = None
    attempt = begun.attempts[HALF_WAY]
    assert attempt.ended()[0] == 0
    assert attempt.clone.path(LARGE).read_bytes() == remote.made.path(LARGE).read_bytes()
