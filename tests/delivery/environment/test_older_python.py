"""An environment whose Python is older than the project asks for: `make` makes it anew."""

from pathlib import Path

import pytest

from twinserve.delivery.environment.install import expected


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment in a tree that asks for Python 3.12, as `renew python` leaves it."""
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.12"\n')
    (tmp_path / ".venv").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".venv"


@pytest.mark.parametrize(
    ("made_by", "serves"),
    [
        ("version = 3.11.7", False),
        ("version_info = 3.11.7", False),
        ("version = 3.12.0", True),
        ("version = 3.14.0rc1", True),
    ],
)
def test_environment_of_an_older_python_serves_no_more(
    place: Path, made_by: str, *, serves: bool
) -> None:
    """Its locks may be the same to the byte."""
    (place / "pyvenv.cfg").write_text(f"home = /usr/bin\n{made_by}\n")
    assert bool(expected()) == serves
