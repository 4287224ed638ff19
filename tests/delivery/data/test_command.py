"""`twinserve fetch`: for a workflow's jobs, with a login, with a secret, and without either."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.delivery.data.projects import CONTENT, TABLE, Project
from twinserve.config.errors import UserError
from twinserve.delivery.data import command
from twinserve.delivery.data import dvc as data
from twinserve.delivery.data.command import fetch, outdated
from twinserve.delivery.data.fetch import fetch_sources


@pytest.fixture
def head(whole: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh clone, as the current folder; GitHub's output is a file in it."""
    clone = whole.clone(tmp_path / "head")
    monkeypatch.chdir(clone.directory)
    monkeypatch.setenv("GITHUB_OUTPUT", str(clone.path("output")))
    monkeypatch.delenv("WITHOUT_LOGIN", raising=False)
    # There are no parameters in so small a project.
    monkeypatch.setattr(command, "is_taken", lambda: False)
    return clone


def lose(clone: Project) -> None:
    """Have the remote nowhere."""
    config = clone.path(".dvc/config")
    config.write_text(config.read_text().replace(str(clone.remote), "/nowhere/to/be/found"))


def test_both_sides_are_fetched_into_one_cache(
    whole: Project, head: Project, tmp_path: Path
) -> None:
    """Of the base too, whose object is here by then; the jobs after are told so."""
    base = whole.clone(tmp_path / "head" / ".base")
    fetch(Path(".base"), Path("review.json"))
    assert head.path(TABLE).read_text() == base.path(TABLE).read_text() == CONTENT
    assert not base.path(".dvc/cache").exists()
    assert head.path("output").read_text() == "table=fetched\n"
    assert not head.path("review.json").exists()


def test_run_without_a_login_says_what_it_could_not_read(
    head: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """For the comment, in a file; what the stages would do is shown, and it is no failure."""
    lose(head)
    monkeypatch.setenv("WITHOUT_LOGIN", "true")
    fetch(None, Path("reports/review.json"))
    why = json.loads(head.path("reports/review.json").read_text())["unchecked"]
    assert why.startswith("data/table.csv: not here, and the remote store (")
    assert why.endswith("; by dvc.lock no stage would run")
    assert head.path("output").read_text() == "table=unreadable\n"
    said = capfd.readouterr()
    assert "not checked: data/table.csv" in said.out
    assert "by dvc.lock, were it here: no stage would run" in said.out


def test_stage_that_was_changed_is_told_without_its_files(head: Project) -> None:
    """Its command, parameters or code: that table and outputs are missing is no difference."""
    pipeline = yaml.safe_load(head.path("dvc.yaml").read_text())
    stage = pipeline["stages"]["read"] | {"params": ["n"], "deps": [TABLE, "code"]}
    head.path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"read": stage}}))
    head.path("params.yaml").write_text("n: 1\n")
    head.path("code").write_text("one")
    fetch_sources()
    data.dvc("repro")
    for name in (TABLE, "out", ".dvc/cache"):
        shutil.rmtree(name) if Path(name).is_dir() else Path(name).unlink()
    assert outdated() == []
    for name, before, after in (
        ("params.yaml", "n: 1", "n: 2"),
        ("code", "one", "two"),
        ("dvc.yaml", "cat ", "cat  "),
    ):
        text = head.path(name).read_text()
        head.path(name).write_text(text.replace(before, after))
        assert outdated() == ["read"], name
        head.path(name).write_text(text)


def test_run_with_a_login_must_read(head: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forgotten `dvc push` is no fork's matter."""
    lose(head)
    for given in ("false", ""):
        monkeypatch.setenv("WITHOUT_LOGIN", given)
        with pytest.raises(UserError, match=r"data/table\.csv: not here"):
            fetch(None, Path("review.json"))
    assert not head.path("output").exists()


def test_fork_that_changed_its_table_without_the_pipeline_is_refused(
    head: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashes are compared whoever asks, before anything is fetched."""
    deps = [{"path": TABLE, "md5": "0" * 32}]
    head.path("dvc.lock").write_text(yaml.safe_dump({"stages": {"read": {"deps": deps}}}))
    monkeypatch.setenv("WITHOUT_LOGIN", "true")
    with pytest.raises(UserError, match="changed without `dvc repro`"):
        fetch(None, Path("review.json"))


def test_secret_is_what_a_machine_keeps_for_itself(
    head: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workflow's secret is merged into `.dvc/config.local`, and nothing else of it changes."""
    head.path(".dvc/config.local").write_text("[core]\n    autostage = true\n")
    remote = "['remote \"mine\"']\n    url = https://host\n    password = secret\n"
    monkeypatch.setenv(data.LOGIN, remote)
    data.prepare()
    options = data.configuration()
    assert options["remote"]["mine"]["password"] == "secret"  # noqa: S105 - a test's
    assert options["core"]["autostage"] in {"true", True}
    assert "secret" not in head.path(".dvc/config").read_text()


def test_secret_that_is_no_configuration_is_one_line_without_it(
    head: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, and not shown."""
    assert head.directory.is_dir()
    monkeypatch.setenv(data.LOGIN, "[a secret\n")
    with pytest.raises(UserError, match=r"^\$DVC_CONFIG_LOCAL: not as ") as refused:
        data.prepare()
    assert "a secret" not in str(refused.value)
