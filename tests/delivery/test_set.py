"""twinserve set: values of params.yaml by their keys, every other byte kept."""

import difflib
from contextlib import chdir
from pathlib import Path

import pytest

from tests.training.project import Project
from twinserve.commands import run_command
from twinserve.config.errors import UserError

IN_LINES = {
    "split:\n  test_fraction: 0.2\n  seed: 42\n": "split: {test_fraction: 0.2, seed: 42}\n",
    "  arguments:\n    n_estimators: 100\n": "  arguments: {n_estimators: 100}\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Iris, with some mappings in one line."""
    made = Project.new(tmp_path / "project")
    path = made.root / "params.yaml"
    text = path.read_text()
    for block, line in IN_LINES.items():
        assert block in text
        text = text.replace(block, line)
    path.write_text(text)
    return made


def assign(project: Project, *assignments: str) -> list[str]:
    """The lines that differ afterwards."""
    path = project.root / "params.yaml"
    before = path.read_text(encoding="utf-8")
    with chdir(project.root):
        run_command("set", assignments)
    after = path.read_text(encoding="utf-8")
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line.startswith(("+ ", "- "))]


def test_only_the_lines_of_the_keys_change(project: Project) -> None:
    """An argument that is not there yet is added beside the others; lists and comments stay."""
    assert assign(project, "estimator.arguments.max_depth=4", "model.version=v1.1") == [
        "-   version: v1.0",
        "+   version: v1.1",
        "-   arguments: {n_estimators: 100}",
        "+   arguments: {n_estimators: 100, max_depth: 4}",
    ]
    assert project.params.estimator.arguments == {"n_estimators": 100, "max_depth": 4}


def test_key_that_the_file_leaves_out_goes_to_its_section(project: Project) -> None:
    """Its default stands nowhere in the file."""
    assert assign(project, "split.test_fraction=0.25", "data.missing_values=[NA, '?']") == [
        "+   missing_values: [NA, '?']",
        "- split: {test_fraction: 0.2, seed: 42}",
        "+ split: {test_fraction: 0.25, seed: 42}",
    ]


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("model.version=1.1", "expected a text that begins with v, as v1.1"),
        ("estimator.argument.depth=1", "estimator.argument is no section of it"),
        ("golden.0.prediction=1", "golden.0 is no section of it"),
        ("model.version", "expected KEY=VALUE, as estimator.arguments.max_depth=4"),
        ("model.version=[", "model.version: not YAML: "),
    ],
)
def test_what_does_not_fit_is_one_line_and_changes_nothing(
    project: Project, assignment: str, expected: str
) -> None:
    """The file stays as it was, byte for byte."""
    before = (project.root / "params.yaml").read_bytes()
    with pytest.raises(UserError, match=expected) as refused:
        assign(project, "model.name=other", assignment)
    assert "\n" not in str(refused.value)
    assert before == (project.root / "params.yaml").read_bytes()
