"""Images that are pinned by digest in several files, and the one that the service stands on."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from twinserve.delivery.cloud.doctor.ends import BaseImage
from twinserve.renewal.tools.moved import Moved
from twinserve.renewal.tools.registry import PINNED, Image, look_up, manifest_url

DOCKERFILE = Path("service/Dockerfile")
CLOUD_BUILD = Path("cloudbuild.yaml")
# Files in which an image stands with its digest; none is a workflow.
FILES = (Path(".devcontainer/devcontainer.json"), CLOUD_BUILD, DOCKERFILE)
_BASE = re.compile(r"^ARG BASE_IMAGE=(\S+)$", re.MULTILINE)

# By name and tag.
Images = Mapping[tuple[str, str], Image]


def look_up_images(texts: Mapping[Path, str]) -> Images:
    """What the registries have now for each name and tag that is pinned.

    Raises:
        UserError: a registry cannot be asked, or has no such tag.
    """
    pinned = dict.fromkeys(
        (name, tag) for text in texts.values() for name, tag, _ in PINNED.findall(text)
    )
    return {(name, tag): look_up(name, tag) for name, tag in pinned}


def pin(texts: dict[Path, str], images: Images) -> list[Moved]:
    """Give each image the digest that its tag has now; every file has the same."""
    moved: dict[Moved, None] = {}
    for path, text in texts.items():
        for name, tag, old in PINNED.findall(text):
            new = images[name, tag].digest
            if new != old:
                texts[path] = texts[path].replace(f"{name}:{tag}@{old}", f"{name}:{tag}@{new}")
                moved[Moved(f"{name}:{tag}", old, new)] = None
    return list(moved)


def base_image_of(dockerfile: str, images: Images, today: date) -> BaseImage | None:
    """What is known of the image in the Dockerfile; nothing of another's own."""
    line = _BASE.search(dockerfile)
    pinned = PINNED.fullmatch(line[1]) if line else None
    if pinned is None:
        return None
    name, tag, digest = pinned.groups()
    created = images[name, tag].created
    if created is None:
        return None
    return BaseImage(
        source=manifest_url(name, tag),
        as_of=today,
        name=f"{name}:{tag}@{digest}",
        created=created,
    )
