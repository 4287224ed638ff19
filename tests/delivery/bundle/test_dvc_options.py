"""DVC's options of this tree alone, as the commands set them."""

from pathlib import Path

import pytest

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.data import dvc as data

OWN = """[core]
    autostage = true
['remote "store"']
    url = gs://another
    credentialpath = key.json
"""


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a tree without a history, with options of the user's own."""
    params = load_params()
    storage = params.storage.model_copy(update={"dvc_remote": "gs://bucket/dvc"})
    monkeypatch.setattr(data, "load_params", lambda: params.model_copy(update={"storage": storage}))
    monkeypatch.chdir(tmp_path)
    Path(".dvc").mkdir()
    Path(".dvc/config").touch()
    path = Path(".dvc/config.local")
    path.write_text(OWN)
    return path


def test_what_the_user_has_set_stays(options: Path) -> None:
    """Only what the command needs is changed, and the same once more changes nothing."""
    data.prepare()
    assert data.open_remote()
    written = options.read_text()
    lines = [line.strip() for line in written.splitlines()]
    assert lines == [
        "[core]",
        "autostage = true",
        "no_scm = True",
        "remote = store",
        "['remote \"store\"']",
        "url = gs://bucket/dvc",
        "credentialpath = key.json",
        "verify = True",
    ]
    data.prepare()
    assert data.open_remote()
    assert options.read_text() == written


def test_options_that_dvc_refuses_are_told(options: Path) -> None:
    """In one line, and the file stays as it is."""
    options.write_text("[core]\n    autostage = perhaps\n")
    with pytest.raises(UserError, match=r"DVC cannot read its configuration: .*autostage"):
        data.prepare()
    assert options.read_text() == "[core]\n    autostage = perhaps\n"
