"""Two versions of the engine, merged into a fork that has changed all that a fork may."""

from pathlib import Path

import pytest

from tests.delivery.update.forks import (
    GENERATED,
    ROUTES,
    Repository,
    generate,
    improve,
    improve_again,
    publish_engine,
    settle,
)
from twinserve.config.errors import UserError
from twinserve.delivery.update.merge import Merged, merge
from twinserve.targets.git import Checkout


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The engine's repository, of one version."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    return publish_engine(tmp_path / "upstream")


@pytest.fixture
def fork(upstream: Repository, tmp_path: Path) -> Repository:
    """A fork of it, with outputs of its own."""
    fork = upstream.fork(tmp_path / "fork")
    settle(fork)
    generate(fork, "the fork's")
    fork.commit("Ours")
    return fork


def bring_in(fork: Repository, theirs: str) -> Merged:
    """Merge and commit, without a run of the pipeline."""
    fork.git("fetch", "--quiet", "upstream")
    merged = merge(Checkout(fork.directory), theirs)
    fork.git("commit", "--quiet", "--message", "Update")
    return merged


OWN = ("README.md", "custom/routes.py", "data/table.csv", *GENERATED)


def test_two_versions_in_a_row_meet_nothing_of_the_forks(
    upstream: Repository, fork: Repository
) -> None:
    """No conflict; the engine is upstream's, and table, page, comments, route, outputs ours."""
    before = {name: fork.path(name).read_text() for name in OWN}
    kept = []
    for number, change in enumerate((improve, improve_again)):
        generate(upstream, f"the engine's, run {number}")
        theirs = change(upstream)
        kept.append(bring_in(fork, theirs))
        assert fork.git("diff", "--stat", theirs, "HEAD", "--", "twinserve", "service") == ""
        assert fork.git("rev-list", "--parents", "-1", "HEAD").split()[2] == theirs
        assert fork.git("status", "--porcelain") == ""
        assert {name: fork.path(name).read_text() for name in OWN} == before
        assert sorted(path.name for path in fork.path("data").iterdir()) == ["table.csv"]
    assert kept == [
        Merged(("README.md", "data/iris.csv"), locks_of_both=False),
        Merged(
            ("README.md", "data/flowers.csv", "data/iris.csv", "params.yaml"), locks_of_both=False
        ),
    ]
    pipeline = fork.path("dvc.yaml").read_text()
    assert pipeline.startswith("# Our pipeline.\n")
    assert "    # Each night.\n    desc: fit\n" in pipeline
    assert "      - serving\n      - model\n" in pipeline
    assert "table: data/table.csv" in fork.path("params.yaml").read_text()
    assert fork.path("custom/routes.py").read_text() == ROUTES


def test_parameters_are_the_forks_line_by_line(upstream: Repository, fork: Repository) -> None:
    """A key that the engine has renamed comes in; a value that both have changed is the fork's."""
    fork.replace("params.yaml", "version: v1.0", "version: v7.0")
    fork.commit("Our version")
    upstream.replace("params.yaml", "version: v1.0", "version: v1.1")
    upstream.replace("params.yaml", "test_fraction:", "held_out:")
    merged = bring_in(fork, upstream.commit("A version, and another name for a key"))
    assert merged.kept == ("params.yaml",)
    text = fork.path("params.yaml").read_text()
    assert "version: v7.0" in text
    assert "held_out:" in text
    assert "test_fraction" not in text
    assert fork.git("ls-files", "--others") == ""


def test_lines_that_both_changed_are_named_and_left_to_a_person(
    upstream: Repository, fork: Repository
) -> None:
    """One line: which files, and where it says what to do."""
    fork.replace("twinserve/training/train.py", '"""', '"""Ours: ')
    fork.replace("Makefile", "# Each", "# Ours: each")
    fork.commit("An edit of the engine")
    upstream.replace("twinserve/training/train.py", '"""', '"""Theirs: ')
    upstream.replace("Makefile", "# Each", "# Theirs: each")
    theirs = upstream.commit("The same lines")
    fork.git("fetch", "--quiet", "upstream")
    with pytest.raises(
        UserError, match=r"same lines of Makefile, twinserve/training/train\.py;"
    ) as e:
        merge(Checkout(fork.directory), theirs)
    assert "docs/updating.md" in str(e.value)
    assert "\n" not in str(e.value)


def test_locks_that_both_changed_are_the_forks_until_they_are_compiled_anew(
    upstream: Repository, fork: Repository
) -> None:
    """None is merged line by line, and no version of theirs is mixed with ours."""
    fork.replace("locks/dev.txt", "==", "==0.0.1+ours.")
    fork.commit("A package of ours")
    before = {path.name: path.read_text() for path in fork.path("locks").glob("*.txt")}
    upstream.replace("locks/service-onnx.txt", "==", "==0.0.1+theirs.")
    upstream.write("locks/service-other.txt", "a==1\n")
    merged = bring_in(fork, upstream.commit("Newer packages, and a runtime"))
    assert merged.locks_of_both
    after = {path.name: path.read_text() for path in fork.path("locks").glob("*.txt")}
    assert after == before


def test_locks_of_the_forks_own_meet_new_requirements(
    upstream: Repository, fork: Repository
) -> None:
    """Though the engine's own locks fit them as they are: ours need not, and are compiled anew."""
    fork.replace("locks/dev.txt", "==", "==0.0.1+ours.")
    fork.commit("A package of ours")
    before = fork.path("locks/dev.txt").read_text()
    upstream.replace("pyproject.toml", '    "scipy",\n', '    "scipy>=1",\n')
    assert bring_in(fork, upstream.commit("At least that one")).locks_of_both
    assert fork.path("locks/dev.txt").read_text() == before


def test_locks_that_only_the_engine_changed_are_taken(
    upstream: Repository, fork: Repository
) -> None:
    """As they are: every version in them was tried together."""
    upstream.replace("locks/dev.txt", "==", "==0.0.1+theirs.")
    assert bring_in(fork, upstream.commit("Newer packages")) == Merged((), locks_of_both=False)
    assert "theirs" in fork.path("locks/dev.txt").read_text()


def test_history_in_common_is_needed(fork: Repository, tmp_path: Path) -> None:
    """A repository that began as a copy is told so."""
    (tmp_path / "other").mkdir()
    other = Repository(tmp_path / "other")
    other.begin()
    other.write("twinserve/__init__.py", '__version__ = "1.0.0"\n')
    theirs = other.commit("Another beginning")
    fork.git("fetch", "--quiet", str(other.directory), "main")
    with pytest.raises(UserError, match="no commit in common"):
        merge(Checkout(fork.directory), theirs)
