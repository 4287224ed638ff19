"""What is handed to Google is what was verified: a private copy, held to the release's name."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.tools import write_program
from tests.tree import PROJECT, TREE
from twinserve.config.deployment import RequireAttestation
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.bundle import assembly as bundle
from twinserve.delivery.bundle.archive import pack, unpack
from twinserve.delivery.bundle.identity import Identity, read_identity
from twinserve.delivery.bundle.manifest import read_verified
from twinserve.delivery.project import Cloud
from twinserve.delivery.release import payload
from twinserve.delivery.release.builds import BuildRecord, build_record
from twinserve.delivery.release.payload import open_payload
from twinserve.targets.github import attestation
from twinserve.targets.google.gcloud import Gcloud

DIGEST = f"sha256:{'ab' * 32}"
COMMIT = "c" * 40
GH = """\
import json, os, pathlib, sys
folder = pathlib.Path({folder!r})
with (folder / "asked").open("a") as file:
    file.write(json.dumps([sys.argv[1:], os.environ.get("DOCKER_CONFIG")]) + "\\n")
if os.environ.get("DOCKER_CONFIG"):
    config = pathlib.Path(os.environ["DOCKER_CONFIG"]) / "config.json"
    (folder / "login").write_text(config.read_text())
else:
    (folder / "file").write_bytes(pathlib.Path(sys.argv[3]).read_bytes())
refused = folder / "refused"
if refused.exists() and refused.read_text() in sys.argv[3]:
    sys.exit("Error: no attestations found for subject")
"""


@pytest.fixture
def tree(dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with bundles to be spoilt, as the current one."""
    shutil.copytree(dist, tmp_path / "tree" / "dist")
    for name in ("dvc.lock", "params.yaml"):
        shutil.copy(TREE / name, tmp_path / "tree")
    monkeypatch.chdir(tmp_path / "tree")
    for variable in ("ATTESTED", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "tree"


@pytest.fixture
def cloud() -> Cloud:
    console = Console(file=io.StringIO(), width=200)
    return Cloud(Gcloud("p"), load_params(PROJECT / "params.yaml"), console, as_json=False)


def requiring(cloud: Cloud, required: RequireAttestation) -> Cloud:
    """The same, with the parameter set."""
    deployment = cloud.deployment.model_copy(update={"require_attestation": required})
    return replace(cloud, params=cloud.params.model_copy(update={"deployment": deployment}))


@pytest.fixture
def built(tree: Path, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> BuildRecord:
    """What `push` keeps of the tree, with the bucket played: one record, one archive."""
    archive = pack(read_verified(tree / "dist" / "function"))
    identity = read_identity(COMMIT)
    build = build_record(cloud, identity, DIGEST, hashlib.sha256(archive).hexdigest())
    monkeypatch.setattr(payload, "read_build", lambda *_: build)
    monkeypatch.setattr(payload, "read_archive", lambda *_: archive)
    return build


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In place of GitHub's client: notes what it is asked, and refuses what it is told to."""
    folder = tmp_path / "gh"
    write_program(folder / "gh", GH.format(folder=str(folder)))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr("twinserve.targets.google.gcloud.run_gcloud", lambda *_, **__: "a token\n")
    monkeypatch.setattr(attestation, "PAUSE_S", 0.0)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def refused(cloud: Cloud, identity: Identity, build: BuildRecord | None = None) -> str:
    """The one line that it ends with."""
    with pytest.raises(UserError) as refusal, open_payload(cloud, identity, build):
        pass
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


SPOILT: dict[str, Callable[[Path], object]] = {
    "main.py was changed": lambda dist: (dist / "function" / "main.py").open("a").write("x = 1\n"),
    "main.py is missing": lambda dist: (dist / "function" / "main.py").unlink(),
    "more.py does not belong there": lambda dist: (dist / "function" / "more.py").touch(),
    "Dockerfile was changed": lambda dist: (dist / "service" / "Dockerfile").write_text(""),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_bundle_that_is_not_what_was_assembled_is_refused(
    tree: Path, cloud: Cloud, built: BuildRecord, spoilt: str
) -> None:
    """Of either target; the line names the file where the user has it."""
    identity = built.identity
    SPOILT[spoilt](tree / "dist")
    line = refused(cloud, identity)
    assert spoilt in line
    assert line.startswith("dist/")


def test_whole_other_assembly_is_refused(tree: Path, cloud: Cloud, built: BuildRecord) -> None:
    """A bundle that is right in itself, manifest included, is still not the release's."""
    identity = built.identity
    path = tree / "dist" / "function" / "main.py"
    path.write_text(path.read_text() + "# another\n")
    manifest = tree / "dist" / "function" / "manifest.json"
    members = json.loads(manifest.read_text())
    members["files"]["main.py"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(members))
    assert "is of another assembly" in refused(cloud, identity)


def test_change_after_the_check_is_not_handed_over(
    tree: Path, cloud: Cloud, built: BuildRecord
) -> None:
    """The copy is private and stays as verified; it goes afterwards."""
    before = contents(tree / "dist" / "function")
    with open_payload(cloud, built.identity) as opened:
        SPOILT["main.py was changed"](tree / "dist")
        assert contents(opened.function) == before
        assert opened.function.parent.stat().st_mode & 0o777 == 0o700
        assert not opened.function.is_relative_to(tree)
        kept = opened.function
    assert not kept.exists()


def test_build_is_released_without_the_machine_that_built(
    tree: Path, cloud: Cloud, built: BuildRecord
) -> None:
    """Image, card and function's source come from the project; dist/ is not looked at."""
    before = contents(tree / "dist" / "function")
    shutil.rmtree(tree / "dist")
    with open_payload(cloud, built.identity, built) as opened:
        assert contents(opened.function) == before
        assert opened.card.version == built.version
        assert opened.image == built.image
        assert opened.attested is None


@pytest.mark.parametrize(
    "change",
    [
        {"service": {"app.py": "0" * 64}},
        {"service": None},
        {"release": "v9-000000000000"},
    ],
)
def test_build_that_is_not_what_its_name_says_is_refused(
    cloud: Cloud, built: BuildRecord, change: dict[str, object]
) -> None:
    """Its name is a hash over both bundles; the function's files are hashed anew."""
    other = replace(built, **change)  # type: ignore[arg-type]
    assert "is of another assembly" in refused(cloud, other.identity, other)


@pytest.mark.usefixtures("tree")
def test_image_of_another_bundle_is_refused(
    cloud: Cloud, built: BuildRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record of the release's image says what that was built from."""
    monkeypatch.setattr(payload, "read_build", lambda *_: replace(built, bundle="0" * 64))
    assert "was built from another bundle" in refused(cloud, built.identity)


def test_archive_is_the_same_wherever_it_is_made(tree: Path) -> None:
    """Neither times nor the order in which the files come are in it."""
    files = read_verified(tree / "dist" / "function")
    first = pack(files)
    for path in (tree / "dist" / "function").rglob("*"):
        os.utime(path, (1, 1))
    assert pack(dict(reversed(read_verified(tree / "dist" / "function").items()))) == first
    assert unpack(first) == files


@pytest.mark.parametrize("content", [b"", b"no archive", pack({"../out": b""}), pack({"/a": b""})])
def test_archive_that_is_none_is_a_line(content: bytes) -> None:
    """Damaged, or with a place of its own: refused before anything is written."""
    with pytest.raises(UserError, match="the archive"):
        unpack(content)


@pytest.mark.usefixtures("gh")
@pytest.mark.parametrize(
    ("required", "variable", "verified"),
    [
        (RequireAttestation.AUTO, None, False),
        (RequireAttestation.AUTO, "false", False),
        (RequireAttestation.AUTO, "true", True),
        (RequireAttestation.NEVER, "true", False),
        (RequireAttestation.ALWAYS, "false", True),
        (RequireAttestation.ALWAYS, None, True),
    ],
)
def test_attestation_is_verified_where_it_is_asked_for(
    cloud: Cloud,
    built: BuildRecord,
    required: RequireAttestation,
    variable: str | None,
    verified: bool,  # noqa: FBT001 - a column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the parameter; auto, by what the workflow says of itself."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    if variable is not None:
        monkeypatch.setenv("ATTESTED", variable)
    with open_payload(requiring(cloud, required), built.identity) as opened:
        assert opened.attested == ("owner/name" if verified else None)


def test_image_and_source_are_verified_by_gh(
    cloud: Cloud, built: BuildRecord, gh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image by digest, logged in for this alone, and the very archive that is unpacked."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    with open_payload(requiring(cloud, RequireAttestation.ALWAYS), built.identity, built) as opened:
        assert pack(contents(opened.function)) == (gh / "file").read_bytes()
    asked = [json.loads(line) for line in (gh / "asked").read_text().splitlines()]
    policy = ["--repo=owner/name", f"--source-digest={COMMIT}"]
    (image, login), (file, no_login) = asked
    assert image == ["attestation", "verify", f"oci://{built.image}", *policy]
    assert file[:2] == ["attestation", "verify"]
    assert file[3:] == policy
    assert no_login is None
    assert not Path(login).exists()
    host = built.image.partition("/")[0]
    assert json.loads((gh / "login").read_text())["auths"].keys() == {host}


@pytest.mark.parametrize("subject", ["oci://", "function.tar.gz"])
def test_what_is_not_attested_is_refused(
    cloud: Cloud, built: BuildRecord, gh: Path, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either of the two, after it was asked again: what was just signed may take a while."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    (gh / "refused").write_text(subject)
    line = refused(requiring(cloud, RequireAttestation.ALWAYS), built.identity, built)
    assert "is not attested by owner/name" in line
    assert "no attestations found" in line
    assert (gh / "asked").read_text().count(subject) == attestation.TRIES


def test_what_cannot_be_verified_is_refused(
    cloud: Cloud, built: BuildRecord, gh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No repository, no gh, no commit, a word that is neither: one line each, never a pass."""
    always = requiring(cloud, RequireAttestation.ALWAYS)
    assert "$GITHUB_REPOSITORY" in refused(always, built.identity, built)
    monkeypatch.setenv("GITHUB_REPOSITORY", "--owner=x")
    assert "$GITHUB_REPOSITORY" in refused(always, built.identity, built)
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    unknown = replace(built, commit="unknown")
    assert "no attestation can name" in refused(always, unknown.identity, unknown)
    (gh / "gh").unlink()
    assert "gh is not installed" in refused(always, built.identity, built)
    monkeypatch.setenv("ATTESTED", "yes")
    assert "$ATTESTED is 'yes'" in refused(cloud, built.identity, built)


def test_older_build_can_only_be_released_from_dist(cloud: Cloud, built: BuildRecord) -> None:
    """A record without the function's source says how to make one that has it."""
    older = replace(built, version=None, dvc_lock=None, function=None, service=None)
    with pytest.raises(UserError, match="build it again"):
        _ = older.identity
    with open_payload(cloud, built.identity) as opened:
        assert opened.image == built.image
    assert Path("dist") == bundle.DIST
