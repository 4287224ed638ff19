"""GTO's tag of the model that was promoted, and versions that it would not match."""

import argparse
import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.github import GitHub, install
from tests.tree import PROJECT
from twinserve.config.errors import UserError
from twinserve.delivery import tag

HERE = "repos/owner/twinserve"
COMMIT, OTHER = "c" * 40, "d" * 40
DIGEST = "1" * 64


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitHub:
    """A repository without tags, whose model is v1.2 and is to be tagged."""
    made = install(tmp_path / "gh", monkeypatch)
    made.tell(**{f"GET {HERE}/tags": []})
    tree = tmp_path / "tree"
    (tree / "models").mkdir(parents=True)
    (tree / "models/model.pkl.sha256").write_text(f"{DIGEST}  models/model.pkl\n")
    monkeypatch.chdir(tree)
    set_params(version="v1.2", tags=True)
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    return made


def set_params(*, version: str, tags: bool) -> None:
    """The tests' own params.yaml, with this version and this setting."""
    content = yaml.safe_load((PROJECT / "params.yaml").read_text())
    content["model"]["version"] = version
    content["deployment"]["model_tags"] = tags
    Path("params.yaml").write_text(yaml.safe_dump(content))


def run(*, check: bool) -> None:
    """The command."""
    tag.run(argparse.Namespace(check=check))


def output(github: GitHub) -> str:
    """What the workflow's later jobs are told."""
    return (github.folder.parent / "output").read_text()


def tagged(name: str, commit: str, digest: str = DIGEST) -> dict[str, Any]:
    """A tag of a commit, with that commit's model."""
    content = base64.b64encode(f"{digest}  models/model.pkl\n".encode()).decode()
    return {
        f"GET {HERE}/tags": [{"name": name, "commit": {"sha": commit}}],
        f"GET {HERE}/contents/models/model.pkl.sha256?ref={commit}": {"content": content},
    }


@pytest.mark.parametrize(
    ("version", "name"),
    [("v1", "model@v1.0.0"), ("v1.0", "model@v1.0.0"), ("v1.20.3", "model@v1.20.3")],
)
def test_tag_has_three_numbers(version: str, name: str) -> None:
    """As GTO wants it, whatever the version leaves out."""
    assert tag.tag_of(version) == name


@pytest.mark.parametrize("version", ["v1.2-rc1", "v2026-03-04", "v1.02", "v1.2.3.4", "vnext"])
def test_version_without_a_tag_is_refused_with_the_way_out(version: str) -> None:
    """Before anything is built, for the check comes first."""
    with pytest.raises(UserError, match="GTO has no tag for it; change it, or set"):
        tag.tag_of(version)


def test_tag_is_written_after_the_promotion_only(github: GitHub) -> None:
    """The check says that it is to be; then the tag is annotated, and named."""
    run(check=True)
    assert output(github) == "tag=true\n"
    assert [call for call, _ in github.calls()] == [f"GET {HERE}/tags"]
    github.tell(**{f"POST {HERE}/git/tags": {"sha": "a" * 40}, f"POST {HERE}/git/refs": {}})
    run(check=False)
    (made, about), (ref, named) = github.calls()[-2:]
    assert (made, ref) == (f"POST {HERE}/git/tags", f"POST {HERE}/git/refs")
    assert (about["tag"], about["object"], about["type"]) == ("model@v1.2.0", COMMIT, "commit")
    assert named == {"ref": "refs/tags/model@v1.2.0", "sha": "a" * 40}


def test_tag_of_the_same_model_is_written_once(github: GitHub) -> None:
    """A later commit with the same model needs none."""
    github.tell(**tagged("model@v1.2.0", OTHER))
    run(check=True)
    assert output(github) == "tag=false\n"
    run(check=False)
    assert not [call for call, _ in github.calls() if call.startswith("POST")]


def test_tag_of_another_version_on_the_commit_is_refused(github: GitHub) -> None:
    """Somebody has tagged what params.yaml calls otherwise."""
    github.tell(**tagged("model@v1.3.0", COMMIT))
    with pytest.raises(UserError, match=r"is tagged model@v1\.3\.0, and .* it model@v1\.2\.0"):
        run(check=True)


def test_name_that_is_another_models_is_refused(github: GitHub) -> None:
    """What a tag names stays what it was: the version is to be raised."""
    github.tell(**tagged("model@v1.2.0", OTHER, "2" * 64))
    with pytest.raises(UserError, match=r"model@v1\.2\.0 names another model, of commit d"):
        run(check=True)


def test_tags_of_other_things_are_nobodys_business(github: GitHub) -> None:
    """A release's tag on the commit, another artifact's, another commit's."""
    listed = [
        {"name": "v7", "commit": {"sha": COMMIT}},
        {"name": "service@v9.0.0", "commit": {"sha": COMMIT}},
        {"name": "model@v1.1.0", "commit": {"sha": OTHER}},
    ]
    github.tell(**{f"GET {HERE}/tags": listed})
    run(check=True)
    assert output(github) == "tag=true\n"


def test_nothing_is_asked_where_the_setting_does_not_say_so(
    github: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    """The default: no call, no tag, a line."""
    set_params(version="vnext", tags=False)
    run(check=True)
    assert output(github) == "tag=false\n"
    assert github.calls() == []
    assert "no tag of the model is written" in capsys.readouterr().out
