"""DVC's options of this tree alone, as the commands set them."""

from pathlib import Path

import pytest

from twinserve.config.errors import UserError
from twinserve.delivery.data import dvc as data
from twinserve.delivery.data.remotes import default_remote, verify_remotes

COMMITTED = """[core]
    remote = store
['remote "store"']
    url = gs://bucket/dvc
"""
OWN = """[core]
    autostage = true
['remote "store"']
    credentialpath = key.json
"""


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a tree without a history, with options of the user's own."""
    monkeypatch.chdir(tmp_path)
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text(COMMITTED)
    path = Path(".dvc/config.local")
    path.write_text(OWN)
    return path


def test_what_the_user_has_set_stays(options: Path) -> None:
    """Only what the command needs is changed, and the same once more changes nothing."""
    data.prepare()
    verify_remotes()
    written = options.read_text()
    lines = [line.strip() for line in written.splitlines()]
    assert lines == [
        "[core]",
        "autostage = true",
        "no_scm = True",
        "['remote \"store\"']",
        "credentialpath = key.json",
        "verify = True",
    ]
    data.prepare()
    verify_remotes()
    assert options.read_text() == written
    assert Path(".dvc/config").read_text() == COMMITTED


def test_default_remote_is_the_one_that_dvc_takes(options: Path) -> None:
    """Of the tree, or of this machine alone; none where DVC is told none."""
    assert default_remote() == "store"
    options.write_text("[core]\n    remote = mine\n")
    assert default_remote() == "mine"
    options.unlink()
    Path(".dvc/config").write_text("")
    assert default_remote() is None


def test_options_that_dvc_refuses_are_told(options: Path) -> None:
    """In one line, and the file stays as it is."""
    options.write_text("[core]\n    autostage = perhaps\n")
    with pytest.raises(UserError, match=r"DVC cannot read its configuration: .*autostage"):
        data.prepare()
    assert options.read_text() == "[core]\n    autostage = perhaps\n"
