"""`twinserve renew tools`, against fakes of the sources on the loopback."""

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.renewal.tools.fake_sources import NEW, Sources, serve_sources
from tests.renewed import PYTHON
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.delivery.cloud.doctor.ends import read_support
from twinserve.renewal.tools import dates, registry, renewing
from twinserve.renewal.tools.google import Login
from twinserve.renewal.tools.images import DOCKERFILE
from twinserve.renewal.tools.moved import Moved
from twinserve.renewal.tools.registry import PINNED, look_up, place_of
from twinserve.renewal.tools.renewing import (
    FILES,
    PRICES,
    SUPPORT,
    VERSION,
    Google,
    Renewed,
    renew_tools,
)

DAY = date(2027, 3, 1)


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sources]:
    """All of them, at one address."""
    with serve_sources() as served:
        monkeypatch.setattr(renewing, "GCLOUD", f"{served.url}/gcloud")
        monkeypatch.setattr(dates, "PYTHON", f"{served.url}/python")
        monkeypatch.setattr(registry, "place_of", lambda name: (served.url, place_of(name)[1]))
        yield served


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files as they stand here."""
    for name in (*FILES, SUPPORT, PRICES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def nobody() -> Login:
    """No login."""
    raise UserError("nobody is logged in")


def renew(tree: Path) -> Renewed:
    """What comes of it where Google cannot be asked."""
    return renew_tools(tree, Google(nobody, "us-central1"), DAY)


@pytest.mark.usefixtures("sources")
def test_versions_and_digests_move_together(tree: Path) -> None:
    """In every file at once, each line that is reported; nothing else of a file changes."""
    before = {path: (tree / path).read_text() for path in FILES}
    (old,) = set(VERSION.findall("".join(before.values())))
    names = {move.name for move in renew(tree).moved}
    images = {f"python:{PYTHON}-bookworm", f"python:{PYTHON}-slim-bookworm", "docker:29-cli"}
    assert {"gcloud", *images} <= names
    for path in FILES:
        text = (tree / path).read_text()
        assert old not in text
        assert text.count("\n") == before[path].count("\n")
        expected = {
            (name, tag.replace(old, "600.0.0"), NEW)
            for name, tag, _ in PINNED.findall(before[path])
        }
        assert set(PINNED.findall(text)) == expected
    assert not renew(tree).moved


@pytest.mark.usefixtures("sources")
def test_dates_of_support_follow_their_source(tree: Path) -> None:
    """A month counts from its first day; a Python that was released since is known too."""
    known = read_support(tree / SUPPORT).python
    moved = renew(tree).moved
    support = read_support(tree / SUPPORT)
    assert support.python.as_of == DAY
    assert support.python.ends["3.11"] == date(2027, 10, 1)
    assert support.python.ends["3.12"] == date(2028, 11, 1)
    assert support.python.ends["3.15"] == date(2031, 10, 1)
    # What is not released, what is older than all that is known, and what the source forgot.
    assert not {"3.16", "3.10"} & set(support.python.ends)
    assert support.python.ends["3.14"] == known.ends["3.14"]
    old = str(known.ends["3.12"])
    assert Moved("the end of Python 3.12", old, "2028-11-01") in moved


@pytest.mark.usefixtures("sources")
def test_day_of_the_base_image_is_kept_with_its_digest(tree: Path) -> None:
    """The doctor tells its age from there."""
    renew(tree)
    image = read_support(tree / SUPPORT).base_image
    assert f"ARG BASE_IMAGE={image.name}\n" in (tree / DOCKERFILE).read_text()
    assert image.name.endswith(NEW)
    assert image.created == date(2027, 1, 2)
    assert image.source.endswith(f"/v2/library/python/manifests/{PYTHON}-slim-bookworm")


@pytest.mark.usefixtures("sources")
def test_image_of_ones_own_is_let_be(tree: Path) -> None:
    """Without a digest nothing is pinned, and what is known of the image before stays."""
    before = read_support(tree / SUPPORT).base_image
    text = (tree / DOCKERFILE).read_text()
    (tree / DOCKERFILE).write_text(re.sub(r"(?m)^ARG BASE_IMAGE=.*", "ARG BASE_IMAGE=own:1", text))
    renew(tree)
    assert "ARG BASE_IMAGE=own:1\n" in (tree / DOCKERFILE).read_text()
    assert read_support(tree / SUPPORT).base_image == before


@pytest.mark.usefixtures("sources")
def test_without_a_login_the_rest_is_renewed(tree: Path) -> None:
    """What Google was not asked for stays as it was, with its day, and is told."""
    before = read_support(tree / SUPPORT), (tree / PRICES).read_text()
    unasked = renew(tree).unasked
    assert unasked == [
        "the ends of Google's runtimes: nobody is logged in",
        "Cloud Run's prices: nobody is logged in",
    ]
    assert (read_support(tree / SUPPORT).runtimes, (tree / PRICES).read_text()) == (
        before[0].runtimes,
        before[1],
    )


def test_older_gcloud_is_not_taken(tree: Path, sources: Sources) -> None:
    """A list that is behind takes nothing back."""
    sources.answers["/gcloud"] = {"version": "1.0.0"}
    (there,) = set(VERSION.findall((tree / "cloudbuild.yaml").read_text()))
    renew(tree)
    assert there in (tree / "cloudbuild.yaml").read_text()


@pytest.mark.parametrize("path", ["/gcloud", "/python"])
def test_source_that_does_not_answer_is_told(tree: Path, sources: Sources, path: str) -> None:
    """By its address and status."""
    sources.gone.add(path)
    with pytest.raises(UserError, match=rf"{path}: status 404"):
        renew(tree)


def test_cycle_that_is_written_otherwise_is_told(tree: Path, sources: Sources) -> None:
    """By its address, and by what was not there."""
    sources.answers["/python"] = {"3.11": {"until": "2027-10"}}
    with pytest.raises(UserError, match="/python: is written otherwise than known: KeyError"):
        renew(tree)


def test_tag_that_is_gone_is_told(sources: Sources) -> None:
    """With the image's name."""
    sources.gone.add("/v2/library/python/manifests/3.11-bookworm")
    with pytest.raises(UserError, match=r"status 404, and no digest of python:3\.11-bookworm"):
        look_up("python", "3.11-bookworm")


def test_answer_with_another_digest_is_refused(sources: Sources) -> None:
    """What is pinned is the hash of the bytes that were seen."""
    sources.digest = f"sha256:{'a' * 64}"
    with pytest.raises(UserError, match="has not the digest that it names"):
        look_up("python", "3.11-bookworm")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("python", ("https://registry-1.docker.io", "library/python")),
        ("owner/image", ("https://registry-1.docker.io", "owner/image")),
        ("gcr.io/a/b/c", ("https://gcr.io", "a/b/c")),
    ],
)
def test_image_without_a_host_is_docker_hubs(name: str, place: tuple[str, str]) -> None:
    """A name with a dot before its first slash has its own registry."""
    assert place_of(name) == place


def test_no_version_that_is_renewed_stands_in_a_workflow() -> None:
    """A workflow's own token may push none: of gcloud, of an image, of a Python."""
    text = "".join(path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml"))
    assert not VERSION.findall(text)
    assert not PINNED.findall(text)
    assert not re.findall(r"python[\w.-]*: *[\"'\[]*3\.\d+", text)
