"""From bundle to image to registry: what is refused, what is run, what is said."""

import io
import json
import py_compile
import shutil
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from tests.renewed import PYTHON
from tests.targets.fake_engine import FakeEngines, Reply
from tests.tools import require, run, twinserve
from tests.tree import ROOT, TREE
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.bundle.assembly import read_bundle_hash
from twinserve.delivery.bundle.identity import read_identity
from twinserve.delivery.bundle.manifest import read_manifest, verify_bundle
from twinserve.delivery.image.build import WIDTH, Built, base_image, size_table
from twinserve.delivery.image.push import push_image
from twinserve.delivery.names import BUNDLE_LABEL, image_name
from twinserve.delivery.project import Cloud
from twinserve.targets.engine import Engine, Layer
from twinserve.targets.google.gcloud import Gcloud

DIGEST = f"sha256:{'ab' * 32}"


@pytest.fixture
def bundle(tmp_path: Path, dist: Path) -> Path:
    """A copy of the service's bundle, to be spoilt."""
    return Path(shutil.copytree(dist / "service", tmp_path / "service"))


def delivery(*arguments: str, path: str = "/nowhere") -> subprocess.CompletedProcess[str]:
    """`twinserve` where neither an engine nor gcloud is, unless `path` has them."""
    return twinserve(*arguments, cwd=TREE, env={"PATH": path, "COMMIT_SHA": "c0ffee"})


def test_bundle_as_it_was_assembled_is_verified(bundle: Path) -> None:
    """Bytecode that running it has left there is not part of it."""
    py_compile.compile(str(bundle / "service" / "app.py"), doraise=True)
    verify_bundle(bundle)


@pytest.mark.parametrize(
    ("name", "content", "difference"),
    [
        ("model.so", b"another", "was changed"),
        ("model.so", None, "is missing"),
        ("extra.py", b"", "does not belong there"),
    ],
)
def test_bundle_that_differs_is_not_built(
    name: str, content: bytes | None, difference: str, bundle: Path
) -> None:
    """Each kind of difference is named with its file, and how to mend it."""
    if content is None:
        (bundle / name).unlink()
    else:
        (bundle / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"{name} {difference}.*dvc repro"):
        verify_bundle(bundle)


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"bundle": "1", "files": 1}'])
def test_what_is_no_manifest_is_told(content: str, tmp_path: Path) -> None:
    """Cut short, or something else: one line, whoever reads it."""
    (tmp_path / "manifest.json").write_text(content)
    for reader in (verify_bundle, read_manifest, read_bundle_hash):
        with pytest.raises(UserError, match=r"manifest\.json: not a manifest; .*dvc repro"):
            reader(tmp_path)


def test_bundle_without_a_manifest_is_told(tmp_path: Path) -> None:
    """No manifest, nothing to verify by."""
    with pytest.raises(UserError, match=r"manifest\.json.*make it with `dvc repro`"):
        verify_bundle(tmp_path)


def test_base_image_stands_in_one_place(dist: Path) -> None:
    """The Dockerfile names it once, pinned to a digest, and every stage begins with it."""
    text = (dist / "service" / "Dockerfile").read_text()
    name, _, digest = base_image(dist / "service").partition("@sha256:")
    assert name
    assert len(digest) == 64
    assert text.count(digest) == 1
    stages = [line for line in text.splitlines() if line.startswith("FROM ")]
    assert [line.split()[1] for line in stages] == ["${BASE_IMAGE}"] * 3


def test_dockerfile_without_a_base_is_told(tmp_path: Path) -> None:
    """Somebody has rewritten it."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(UserError, match="no line `ARG BASE_IMAGE="):
        base_image(tmp_path)


@pytest.mark.usefixtures("dist")
def test_dry_run_prints_the_commands() -> None:
    """Build and push, labelled, named for the registry; the record's command too. Nothing runs."""
    done = delivery("build", "--dry-run", "--push", "--project=my-project", "--engine=podman")
    assert done.returncode == 0, done.stderr
    build, login, push, source, *records = (line.split() for line in done.stdout.splitlines())
    image = image_name(load_params().deployment, "my-project", read_identity().name)
    assert build[:2] == ["podman", "build"]
    assert image in build
    assert "org.opencontainers.image.revision=c0ffee" in build
    assert login[:6] == ["gcloud", "auth", "print-access-token", "|", "podman", "login"]
    assert push == ["podman", "push", image]
    assert source[:4] == ["gcloud", "storage", "cp", "function.tar.gz"]
    assert [record[:4] for record in records] == [["gcloud", "storage", "cp", "-"]] * 2
    alone = delivery("push", "--dry-run", "--project=my-project", "--engine=podman")
    assert alone.stdout.splitlines() == done.stdout.splitlines()[1:]


@pytest.mark.usefixtures("dist")
def test_image_without_a_project_is_this_machines() -> None:
    """No gcloud and no project: an image can still be built, but not pushed."""
    done = delivery("build", "--dry-run")
    assert f"--tag fastapi-ml-service:{read_identity().name} dist/service" in done.stdout
    refused = delivery("build", "--push")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: gcloud is not on the PATH")


@pytest.mark.usefixtures("dist")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build",), f"no container engine can run python:{PYTHON}"),
        (("build", "--ca=absent.pem"), "absent.pem: no such file"),
        (("push", "--project=my-project"), "no container engine can run us-central1-docker"),
    ],
)
def test_what_cannot_be_built_ends_in_a_line(arguments: tuple[str, ...], message: str) -> None:
    """Exit code 1 and one line."""
    done = delivery(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {message}")
    assert len(done.stderr.splitlines()) == 1


def test_pushed_image_is_recorded_by_its_digest(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded is what the registry has, in the project's bucket."""
    assert dist.is_dir()
    identity = read_identity("c0ffee")
    engines = FakeEngines(tmp_path, monkeypatch)
    image = {"Id": "1", "Config": {"Labels": {BUNDLE_LABEL: identity.bundle}}}
    engines.add(
        "podman",
        Reply(["image", "inspect"], out=json.dumps([image])),
        Reply(["history"], out="[]"),
        Reply(["login"]),
        Reply(["push"], out=DIGEST),
    )
    engines.add("gcloud", Reply(["auth", "print-access-token"], out="a token\n"))
    changes: list[str] = []
    gcloud = Gcloud("my-project", dry_run=True, on_change=changes.append)
    cloud = Cloud(gcloud, load_params(), Console(file=io.StringIO()), as_json=False)
    build = push_image(cloud, Engine("podman"), identity)
    assert build.image.partition("@")[2] == DIGEST
    pushed = engines.asked[-1]
    assert pushed[-1] == image_name(cloud.deployment, "my-project", identity.name)
    source, by_release, by_commit = changes
    assert f"functions/{build.function}.tar.gz" in source
    assert f"builds/{identity.name}.json" in by_release
    assert "commits/c0ffee.json" in by_commit


def test_image_of_another_bundle_is_not_pushed(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in dist/ has changed since the image was built: one line, and no login."""
    assert dist.is_dir()
    engines = FakeEngines(tmp_path, monkeypatch)
    image = {"Id": "1", "Config": {"Labels": {BUNDLE_LABEL: "another"}}}
    engines.add(
        "podman",
        Reply(["image", "inspect"], out=json.dumps([image])),
        Reply(["history"], out="[]"),
    )
    cloud = Cloud(Gcloud("my-project"), load_params(), Console(), as_json=False)
    with pytest.raises(UserError, match="was built from another bundle"):
        push_image(cloud, Engine("podman"), read_identity("c0ffee"))
    assert "login" not in {words[1] for words in engines.asked}


def test_table_of_layers_fits_a_narrow_terminal() -> None:
    """A long instruction is cut, no size is."""
    layers = (Layer(1_234_567, "RUN [python] " + "x" * 300), Layer(130_000_000, "COPY /opt/venv"))
    built = Built("v1-0", "service:v1-0", None, "c0ffee", "ab", "cd", 100_000_000, layers)
    out = io.StringIO()
    Console(file=out, width=200).print(size_table(built), width=WIDTH)
    lines = out.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= WIDTH
    for text in ("1.2 │ RUN [python] xxx", "100.0 │ the base image", "131.2 │ above the base"):
        assert text in out.getvalue()


def test_json_of_what_was_built_adds_up() -> None:
    """The whole above the base is the sum of its layers."""
    built = Built("v1-0", "s:v1-0", None, "", "", "", 7, (Layer(2, "a"), Layer(3, "b")))
    assert built.own_bytes == 5


@pytest.mark.parametrize("name", [".dockerignore", ".gcloudignore"])
def test_ignore_file_keeps_out_nothing_of_the_project(name: str, tmp_path: Path) -> None:
    """No file that git would have is ignored but tables; environments, caches and reports are."""
    git = [require("git"), f"--git-dir={tmp_path}", f"--work-tree={ROOT}"]
    # A repository of the test's own, since an exported tree has none.
    subprocess.run([*git, "init", "--quiet"], cwd=ROOT, check=True)
    kept = {}
    for option in ("--exclude-per-directory=.gitignore", f"--exclude-from={name}"):
        words = [*git, "ls-files", "--others", option]
        done = run(words, cwd=ROOT, code=0)
        kept[option] = set(done.stdout.splitlines())
    by_git, by_name = kept.values()
    assert "pyproject.toml" in by_git
    assert {path for path in by_git - by_name if not path.startswith("data/")} == set()
    ignored = (ROOT / name).read_text().splitlines()
    assert {"/.git", "/.venv", "/.cache", "/reports", "/models/*"} <= set(ignored)
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".gcloudignore").read_text()
