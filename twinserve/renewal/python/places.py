"""Where the Python stands that is built upon and served, and how it is written there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

from twinserve.config.errors import UserError
from twinserve.config.params import PARAMS_PATH
from twinserve.delivery.adoption.yaml_edit import edited
from twinserve.delivery.bundle.oldest import PROJECT
from twinserve.delivery.cloud.doctor.ends import read_support, write_support
from twinserve.renewal.tools.images import CLOUD_BUILD, DOCKERFILE, FILES, base_image_of
from twinserve.renewal.tools.moved import Moved
from twinserve.renewal.tools.registry import PINNED, Image, look_up
from twinserve.renewal.tools.renewing import SUPPORT

# What the engine's own files say, each of which must say it.
WRITTEN: Mapping[Path, tuple[str, ...]] = {
    PROJECT: ('requires-python = ">={version}"', 'python_version = "{version}"'),
    Path("Makefile"): ("sys.version_info < (3, {minor})", "Python {version} or newer"),
    Path(".github/actions/setup/action.yml"): ('default: "{version}"',),
}
# What a user may have worded otherwise.
TOLD: Mapping[Path, tuple[str, ...]] = {
    Path("README.md"): ("Python {version} or newer",),
    Path("docs/deploy.md"): ("Python {version} or newer",),
    Path("docs/function.md"): ("--base-image {runtime}", "--runtime {runtime}"),
}
PLACES = (*WRITTEN, *TOLD, *FILES, PARAMS_PATH, SUPPORT)
FUNCTION = ("deployment", "function")
_CLASSIFIER = '    "Programming Language :: Python :: {version}",\n'
_CLASSIFIERS = re.compile(_CLASSIFIER.format(version=r"3\.(\d+)"))


@dataclass(frozen=True, slots=True)
class Python:
    """A version of it, as `3.12`."""

    version: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Take a version as a user writes it.

        Raises:
            UserError: it is none of Python 3's.
        """
        if not re.fullmatch(r"3\.[1-9]\d?", text):
            raise UserError(f"{text!r} is no version such as 3.12")
        return cls(text)

    @property
    def minor(self) -> int:
        return int(self.version.partition(".")[2])

    @property
    def runtime(self) -> str:
        """The function's, as Google names it."""
        return f"python3{self.minor}"

    def write(self, template: str) -> str:
        """What a file says of it."""
        return template.format(version=self.version, minor=self.minor, runtime=self.runtime)


def write_python(tree: Path, old: Python, new: Python, today: date) -> list[Moved]:
    """Write another version in each place of a tree; the images that have moved with it.

    Raises:
        UserError: a place does not say what it must, or a registry has no such image.
    """
    for path, templates in (*WRITTEN.items(), *TOLD.items()):
        _rewrite(tree / path, templates, old, new, must=path in WRITTEN)
    _rewrite_classifiers(tree / PROJECT, new)
    params = tree / PARAMS_PATH
    params.write_text(_with_runtime(params.read_text(encoding="utf-8"), new), encoding="utf-8")
    return _rewrite_images(tree, old, new, today)


def _rewrite(
    path: Path, templates: tuple[str, ...], old: Python, new: Python, *, must: bool
) -> None:
    if not must and not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    for template in templates:
        if must and old.write(template) not in text:
            raise UserError(
                f"{path}: does not say `{old.write(template)}`: write it so, then renew"
            )
        text = text.replace(old.write(template), new.write(template))
    path.write_text(text, encoding="utf-8")


def _rewrite_classifiers(path: Path, new: Python) -> None:
    """Name no older version any more, and the new one first."""
    text = path.read_text(encoding="utf-8")
    own = _CLASSIFIER.format(version=new.version)
    at = _CLASSIFIERS.search(text)
    kept = _CLASSIFIERS.sub(lambda one: "" if int(one[1]) <= new.minor else one[0], text)
    if at:
        kept = kept[: at.start()] + own + kept[at.start() :]
    path.write_text(kept, encoding="utf-8")


def _with_runtime(params: str, new: Python) -> str:
    """The parameters with the function's runtime, in its section or in one that is made."""
    try:
        return edited(params, {(*FUNCTION, "base_image"): new.runtime})
    except KeyError:
        section = {"base_image": new.runtime}
    try:
        return edited(params, {FUNCTION: section})
    except KeyError:
        return edited(params, {FUNCTION[:1]: {FUNCTION[1]: section}})


def _rewrite_images(tree: Path, old: Python, new: Python, today: date) -> list[Moved]:
    """The same kind of image of the new version, in every file, and of which day it is."""
    texts = {path: (tree / path).read_text(encoding="utf-8") for path in FILES}
    images: dict[tuple[str, str], Image] = {}
    moved: dict[Moved, None] = {}
    for path, text in texts.items():
        for name, tag, digest in PINNED.findall(text):
            if name != "python" or not tag.startswith(f"{old.version}-"):
                continue
            other = f"{new.version}{tag.removeprefix(old.version)}"
            if (name, other) not in images:
                images[name, other] = look_up(name, other)
            was, now = f"{name}:{tag}", f"{name}:{other}"
            pinned = f"{now}@{images[name, other].digest}"
            texts[path] = texts[path].replace(f"{was}@{digest}", pinned)
            moved[Moved(path.as_posix(), was, now)] = None
    for path in (CLOUD_BUILD, DOCKERFILE):
        if not any(move.name == path.as_posix() for move in moved):
            raise UserError(f"{path}: pins no python:{old.version}-… by digest: write it so")
    for path, text in texts.items():
        (tree / path).write_text(text, encoding="utf-8")
    support = read_support(tree / SUPPORT)
    base = base_image_of(texts[DOCKERFILE], images, today) or support.base_image
    write_support(support.model_copy(update={"base_image": base}), tree / SUPPORT)
    return list(moved)
