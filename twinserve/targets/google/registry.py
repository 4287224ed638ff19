"""Images in Artifact Registry.

Source of the field names: ``gcloud artifacts docker images list``, which prints Artifact Registry's
``projects.locations.repositories.dockerImages``.
"""

from dataclasses import dataclass
from typing import Any

from twinserve.targets.google.gcloud import Gcloud, if_it_exists


@dataclass(frozen=True, slots=True)
class Image:
    """An image.

    Attributes:
        path: without tag and digest.
        digest: ``sha256:…``.
        uploaded: RFC 3339.
    """

    path: str
    digest: str
    tags: tuple[str, ...]
    uploaded: str

    @property
    def url(self) -> str:
        """By digest."""
        return f"{self.path}@{self.digest}"


def list_images(gcloud: Gcloud, path: str) -> list[Image]:
    """Every image at ``path``, newest first; none if there is no such repository.

    Raises:
        GcloudError: they cannot be listed.
    """
    listed: list[dict[str, Any]] = []
    with if_it_exists():
        listed = gcloud.read("artifacts", "docker", "images", "list", path, "--include-tags") or []
    images = [
        Image(image["package"], image["version"], _tags(image.get("tags")), image["createTime"])
        for image in listed
    ]
    return sorted(images, key=lambda image: image.uploaded, reverse=True)


def delete_image(gcloud: Gcloud, image: Image) -> None:
    """Delete it with its tags.

    Raises:
        GcloudError: it is refused.
    """
    gcloud.change("artifacts", "docker", "images", "delete", image.url, "--delete-tags")


def _tags(tags: str | list[str] | None) -> tuple[str, ...]:
    """Tags as gcloud prints them: a list, or names between commas."""
    if isinstance(tags, str):
        return tuple(name.strip() for name in tags.split(",") if name.strip())
    return tuple(tags or ())
