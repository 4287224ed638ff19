"""adopt --runtime: a choice that is written, said, and lets the estimator itself read free text."""

from contextlib import chdir
from pathlib import Path

import pytest

from tests.tables.shapes import as_csv
from tests.training.project import Project
from twinserve.commands import run_command
from twinserve.config.card import load_card
from twinserve.config.errors import UserError

SPAM = ["cheap pills number {}", "meeting at noon, room {}"]


def messages(rows: int = 40) -> str:
    """Texts, each another, and whether they are spam."""
    body = [[SPAM[place % 2].format(place), ["yes", "no"][place % 2]] for place in range(rows)]
    return as_csv((["message", "spam"], body))


def adopt(project: Project, text: str, *more: str) -> None:
    (project.root / "data/mine.csv").write_text(text, encoding="utf-8")
    with chdir(project.root):
        run_command("adopt", ["data/mine.csv", "--label", "spam", *more])


def test_choice_is_written_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The estimator itself serves free text: the runtime in params.yaml, and a line for it."""
    project = Project.new(tmp_path / "project")
    adopt(project, messages(), "--runtime", "joblib")
    assert project.params.serving.runtime == "joblib"
    assert [(feature.name, feature.type) for feature in project.params.data.features] == [
        ("message", "text")
    ]
    said = capsys.readouterr().out
    assert "adopt: serving.runtime joblib, which is a choice: no other is tried; the est" in said
    project.run("prepare", "train", "evaluate", "export")
    assert "serving.runtime joblib gives joblib" in capsys.readouterr().out


def test_free_text_is_taken_for_onnx_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With an estimator that reads words, which ONNX then serves."""
    project = Project.new(tmp_path / "project")
    adopt(project, messages(), "--runtime", "onnx")
    project.run("prepare", "train", "evaluate", "export")
    assert "serving.runtime onnx gives onnx" in capsys.readouterr().out
    assert load_card(project.root / "models/model.json").features[0].type == "text"


def test_choice_stays_until_it_is_undone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next table is adopted for the runtime that params.yaml names; auto says nothing."""
    project = Project.new(tmp_path / "project")
    project.change({"serving.runtime": "onnx"})
    text = as_csv((["one", "spam"], [[f"{n % 7}", ["yes", "no"][n % 2]] for n in range(40)]))
    adopt(project, text)
    assert "adopt: serving.runtime onnx, which is a choice: no other is tried\n" in (
        capsys.readouterr().out
    )
    adopt(project, text, "--runtime", "auto")
    assert project.params.serving.runtime == "auto"
    assert "serving.runtime" not in capsys.readouterr().out


def test_table_of_nothing_but_text_names_the_runtime_that_takes_it(tmp_path: Path) -> None:
    """What is left out, and the word that would take it; nothing is written."""
    project = Project.new(tmp_path / "project")
    before = (project.root / "params.yaml").read_bytes()
    with pytest.raises(UserError) as refused:
        adopt(project, messages())
    assert str(refused.value) == (
        "data/mine.csv: found no column but spam from which anything can be learnt (message: free "
        "text, another in most rows); --runtime onnx (`make adopt … RUNTIME=onnx`) would take "
        "the free text"
    )
    assert before == (project.root / "params.yaml").read_bytes()
