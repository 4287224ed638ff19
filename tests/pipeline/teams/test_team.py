"""Two clones that share a remote, a pull request between them, and another repository."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.pipeline.teams.clones import Clone
from tests.tools import run
from twinserve.delivery.bundle.manifest import read_manifest

pytestmark = pytest.mark.nightly
TABLE = "data/iris.csv"


def error(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a refusal."""
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return line


def test_fresh_clone_reproduces_what_the_first_has(first: Clone, tmp_path: Path) -> None:
    """The table alone is fetched, and what comes out is as locked; git sees no change."""
    second = first.clone(tmp_path / "two")
    assert not second.path(TABLE).exists()
    done = second.run("twinserve", "repro", "--locked")
    assert "fetching data/iris.csv (3.86 kB)" in done.stderr
    assert "Running stage 'train'" in done.stdout
    assert second.git("status", "--porcelain") == ""
    for name in ("models/model.pkl", "dist/service/manifest.json"):
        assert second.path(name).read_bytes() == first.path(name).read_bytes()
    # Nothing of the table is in what an image is built from.
    for target in ("service", "function"):
        names = read_manifest(second.path("dist") / target).files
        assert not [name for name in names if name.endswith((".csv", ".dvc"))]


def test_pull_takes_the_outputs_too(first: Clone, tmp_path: Path) -> None:
    """No stage but the engine's own is run, the bundle's neither."""
    second = first.clone(tmp_path / "two")
    done = second.run("twinserve", "repro", "--pull", "--locked")
    assert [line for line in done.stdout.splitlines() if line.startswith("Running stage")] == [
        "Running stage 'engine':"
    ]
    second.run("twinserve", "verify")


def test_change_in_one_clone_is_reviewed_and_reproduced_in_the_other(
    first: Clone, tmp_path: Path
) -> None:
    """Table changed, reproduced, pushed; then a forgotten push, and a forgotten reproduction."""
    second = first.clone(tmp_path / "two")
    table = first.path(TABLE)
    rows = table.read_text().splitlines(keepends=True)
    table.chmod(0o644)
    table.write_text("".join(rows[:-3]))
    first.run("twinserve", "repro")
    changed = first.git("status", "--porcelain").split()[1::2]
    assert {"data/iris.csv.dvc", "dvc.lock"} <= set(changed)
    first.commit("Less rows")
    second.git("pull", "--quiet")
    second.path(TABLE).unlink(missing_ok=True)
    said = error(second.run("twinserve", "fetch", check=False))
    assert "data/iris.csv: neither here nor in the remote store (" in said
    assert "`dvc push data/iris.csv.dvc` on the machine that has it" in said
    first.run("dvc", "push")
    second.run("twinserve", "fetch")
    assert second.path(TABLE).read_text() == table.read_text()
    second.run("twinserve", "repro", "--locked")
    # Changed, added, and not reproduced.
    table.write_text("".join(rows[:-6]))
    first.run("dvc", "add", "--quiet", TABLE)
    first.run("dvc", "push", "data/iris.csv.dvc")
    first.commit("Fewer rows, no lock")
    second.git("pull", "--quiet")
    said = error(second.run("twinserve", "fetch", check=False))
    assert "data/iris.csv: changed without `dvc repro`" in said
    said = error(second.run("twinserve", "repro", "--locked", check=False))
    assert "data/iris.csv: changed without `dvc repro`" in said


def test_remote_that_is_away_leaves_earlier_outputs(first: Clone, tmp_path: Path) -> None:
    """The line names file and remote, and nothing that was made before has changed."""
    second = first.clone(tmp_path / "two")
    second.run("twinserve", "repro")
    before = {path: path.read_bytes() for path in second.path("models").rglob("*.*")}
    second.path(TABLE).unlink()
    shutil.rmtree(second.path(".dvc/cache"))
    remote = first.directory.parent / "remote"
    remote.rename(remote.with_name("away"))
    said = error(second.run("twinserve", "repro", check=False))
    assert "data/iris.csv: not here, and the remote store (" in said
    assert {path: path.read_bytes() for path in before} == before


def test_serve_of_a_fresh_clone_makes_its_bundles_first(
    first: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is fetched for it."""
    from twinserve.delivery.local import serve

    second = first.clone(tmp_path / "two")
    monkeypatch.chdir(second.directory)
    served: list[bool] = []
    monkeypatch.setattr(
        serve, "_serve_until", lambda *_: served.append(Path("dist/service/model.json").exists())
    )
    serve.serve()
    assert served == [True]
    assert second.path(TABLE).exists()


STAGES = ["engine", "evaluate", "export", "bundle"]


def stages_of(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The stages that a command has run, in their order."""
    lines = [line for line in done.stdout.splitlines() if line.startswith("Running stage '")]
    return [line.split("'")[1] for line in lines]


def test_long_fit_is_taken_by_hash_and_proven_and_the_night_fits_it(
    first: Clone, tmp_path: Path
) -> None:
    """No push fits it; gates, parity and bundle are made anew on it; nothing differs at night."""
    with first.path("params.yaml").open("a") as file:
        file.write("\ntraining: {reproduce: nightly}\n")
    first.commit("Fit by night")
    second = first.clone(tmp_path / "two")
    second.run("twinserve", "fetch")
    assert second.path("models/model.pkl").exists()
    assert stages_of(second.run("twinserve", "repro", "--locked")) == STAGES
    second.run("twinserve", "verify")
    done = second.run("twinserve", "repro", "--afresh", "--locked")
    assert stages_of(done) == ["engine", "prepare", "train", "accept", *STAGES[1:]]
    assert second.git("status", "--porcelain") == ""


def test_long_fit_that_was_not_pushed_or_not_run_is_one_line(first: Clone, tmp_path: Path) -> None:
    """The output that the remote has not, with its command; a change without a reproduction."""
    with first.path("params.yaml").open("a") as file:
        file.write("\ntraining: {reproduce: nightly}\n")
    first.commit("Fit by night")
    lock = yaml.safe_load(first.path("dvc.lock").read_text())["stages"]["train"]
    (digest,) = [out["md5"] for out in lock["outs"]]
    name = f"files/md5/{digest[:2]}/{digest[2:]}"
    gone = first.directory.parent / "remote" / name
    content = gone.read_bytes()
    gone.unlink()
    second = first.clone(tmp_path / "two")
    for words in (("fetch",), ("repro", "--locked")):
        said = error(second.run("twinserve", *words, check=False))
        assert said.startswith("error: models/fitted.pkl: neither here nor in DVC's remote")
        assert "run `dvc push` on the machine that has made it" in said
    gone.write_bytes(content)
    path = second.path("params.yaml")
    path.write_text(path.read_text().replace("n_estimators: 100", "n_estimators: 99"))
    done = second.run("twinserve", "repro", "--locked", check=False)
    assert "not as in dvc.lock: " in error(done)
    assert "train" in error(done)
    assert stages_of(done) == ["engine"]


def test_artifacts_are_found_by_name(first: Clone, tmp_path: Path) -> None:
    """By DVC's command, at a version that GTO's tags name, and by its Python interface."""
    declared = yaml.safe_load(first.path("dvc.yaml").read_text())["artifacts"]
    assert set(declared) == {"model", "service", "function"}
    for name in ("model", "service"):
        first.git("tag", "--annotate", f"{name}@v1.0.0", "--message", "v1.0 as served")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name, path in (("model", "model.pkl"), ("service", "service")):
        command = ["-m", "dvc", "artifacts", "get", str(first.directory), name, "--rev", "v1.0.0"]
        done = run([sys.executable, *command], cwd=elsewhere, code=0)
        assert (elsewhere / path).exists()
    code = (
        "import dvc.api, sys; repo = sys.argv[1];"
        "print(dvc.api.artifacts_show('model', repo=repo)['path']);"
        "print(len(dvc.api.read('models/model.pkl', repo=repo, mode='rb')))"
    )
    done = run([sys.executable, "-c", code, str(first.directory)], cwd=elsewhere)  # fmt: skip
    path, size = done.stdout.split()
    assert (path, int(size)) == ("models/model.pkl", first.path(path).stat().st_size)
