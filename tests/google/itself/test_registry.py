"""Images and their tags as the real gcloud sees them."""

from pathlib import Path

import pytest

from tests.google.commands import IMAGE, deploy_service, fail, predict, succeed
from tests.google.fake import FakeGoogle

IMAGES = ["artifacts", "docker", "images"]
TAGS = ["artifacts", "docker", "tags"]


@pytest.fixture
def digest(google: FakeGoogle, dist: Path) -> str:
    """An image with two tags."""
    google.push_image(f"{IMAGE}:v1", dist / "service")
    return google.push_image(f"{IMAGE}:v1-0", dist / "service")


def test_image_is_found_by_its_tag(google: FakeGoogle, digest: str) -> None:
    """With its digest; a tag that isn't there is told."""
    described = succeed(google, *IMAGES, "describe", f"{IMAGE}:v1")
    assert described["image_summary"]["digest"] == digest
    assert "Image not found" in fail(google, *IMAGES, "describe", f"{IMAGE}:v2")


@pytest.mark.parametrize("path", [IMAGE, IMAGE.rpartition("/")[0]], ids=["package", "repository"])
def test_images_are_listed_with_their_tags(google: FakeGoogle, digest: str, path: str) -> None:
    """A line an image."""
    (listed,) = succeed(google, *IMAGES, "list", path, "--include-tags")
    assert (listed["package"], listed["version"]) == (IMAGE, digest)
    assert sorted(listed["tags"]) == ["v1", "v1-0"]


def test_tags_lead_to_digests(google: FakeGoogle, digest: str) -> None:
    """Also one that was added by hand."""
    google.gcloud(*TAGS, "add", f"{IMAGE}:v1", f"{IMAGE}:stable")
    listed = succeed(google, *TAGS, "list", IMAGE)
    assert {item["tag"].rpartition("/")[2] for item in listed} == {"v1", "v1-0", "stable"}
    assert {item["version"].rpartition("/")[2] for item in listed} == {digest}


def test_tagged_image_is_deleted_with_its_tags_only(
    google: FakeGoogle, dist: Path, digest: str
) -> None:
    """And what runs from it runs on."""
    url = deploy_service(google, dist / "service")["status"]["url"]
    delete = [*IMAGES, "delete", f"{IMAGE}@{digest}", "--quiet"]
    assert "because it is tagged" in fail(google, *delete)
    succeed(google, *delete, "--delete-tags")
    assert succeed(google, *IMAGES, "list", IMAGE, "--include-tags") == []
    google.clear_instances()
    assert predict(url).status == 200
