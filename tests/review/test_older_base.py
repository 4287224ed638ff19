"""A base from before the house was rebuilt has another command line: its image is not compared."""

import shutil
from pathlib import Path

import pytest

from tests.review.test_collect import tree, with_docker
from twinserve.review.collect import compare_images


def test_base_without_the_command_is_left_out_in_a_line(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The head's image is built; of the base's, one line says what is missing where."""
    head, base = tree(tmp_path / "head"), tree(tmp_path / "base")
    shutil.copytree(dist, head / "dist")
    for name in ("models", "evaluation"):
        shutil.copytree(dist.parent / name, head / name, dirs_exist_ok=True)
    (base / ".venv").unlink()
    (base / ".venv/bin").mkdir(parents=True)
    for name, value in with_docker(tmp_path).items():
        monkeypatch.setenv(name, value)
    assert compare_images(base, head) is None
    (line,) = capsys.readouterr().out.splitlines()
    assert line == (
        f"no size of the base's image: {base} has no `.venv/bin/twinserve`: "
        "No such file or directory"
    )
