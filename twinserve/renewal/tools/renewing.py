"""Newer tools: gcloud, the images that builds and services stand on, prices, dates of support.

Sources: gcloud's own list of components; the images' registries; Google's billing catalogue and
list of runtimes; Python's release cycle. Google's two want a login, and are left as they are
without it, which the report says; `twinserve support` tells when that is too long ago.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from packaging.version import Version

from twinserve.config.errors import UserError
from twinserve.config.prices import Prices
from twinserve.config.reference import PAGE, SCHEMA
from twinserve.delivery.cloud.doctor.ends import PATH, BaseImage, Ends, read_support, write_support
from twinserve.renewal.tools.dates import look_up_pythons
from twinserve.renewal.tools.google import Login, look_up_prices, look_up_runtimes
from twinserve.renewal.tools.images import DOCKERFILE, base_image_of, look_up_images, pin
from twinserve.renewal.tools.images import FILES as IMAGE_FILES
from twinserve.renewal.tools.moved import Moved, moved
from twinserve.renewal.tools.sources import read_json

GCLOUD = "https://dl.google.com/dl/cloudsdk/channels/rapid/components-2.json"
# Those with an image, and that which has gcloud's version besides; none is a workflow.
FILES = (*IMAGE_FILES, Path(".github/actions/gcloud/action.yml"))
SUPPORT = PATH.relative_to(PATH.parents[4])
PRICES = Path("twinserve/config/prices.json")
# All that may change: the reference has the prices, as defaults.
TOUCHED = (*FILES, SUPPORT, PRICES, PAGE, SCHEMA)
VERSION = re.compile(r"(?:version: |google-cloud-cli:)(\d+\.\d+\.\d+)")
_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?e-\d+")
_EMPTY_FRACTION = re.compile(r"(?<=\d)\.0\b")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Google:
    """How to ask Google.

    Attributes:
        log_in: raises a UserError where that is not possible.
        region: of which the runtimes are asked for.
    """

    log_in: Callable[[], Login]
    region: str


@dataclass(slots=True)
class Renewed:
    """What has moved, and what could not be asked for."""

    moved: list[Moved] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)


def renew_tools(tree: Path, google: Google, today: date | None = None) -> Renewed:
    """Bring a tree's files up to date.

    Raises:
        UserError: a source that wants no login cannot be asked, or answers otherwise than known.
    """
    day = today or datetime.now(UTC).date()
    texts = {path: (tree / path).read_text(encoding="utf-8") for path in FILES}
    gcloud = _renew_gcloud(texts)
    images = look_up_images(texts)
    renewed = Renewed([*gcloud, *pin(texts, images)])
    base_image = base_image_of(texts[DOCKERFILE], images, day)
    for path, text in texts.items():
        (tree / path).write_text(text, encoding="utf-8")
    _renew_support(tree, google, base_image, day, renewed)
    _renew_prices(tree, google, day, renewed)
    return renewed


def _renew_gcloud(texts: dict[Path, str]) -> list[Moved]:
    newest = read_json(GCLOUD).get("version", "")
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(newest)):
        raise UserError(f"{GCLOUD}: names no version of gcloud")
    there = {version for text in texts.values() for version in VERSION.findall(text)}
    older = sorted(version for version in there if Version(version) < Version(newest))
    for path, text in texts.items():
        texts[path] = VERSION.sub(
            lambda match: match[0].replace(match[1], newest) if match[1] in older else match[0],
            text,
        )
    return [Moved("gcloud", version, newest) for version in older]


def _renew_support(
    tree: Path, google: Google, base_image: BaseImage | None, today: date, renewed: Renewed
) -> None:
    known = read_support(tree / SUPPORT)
    asked = _ask(
        google,
        lambda login: look_up_runtimes(login, google.region, known.runtimes, today),
        "the ends of Google's runtimes",
        renewed,
    )
    new = known.model_copy(
        update={
            "python": look_up_pythons(known.python, today),
            "runtimes": asked or known.runtimes,
            "base_image": base_image or known.base_image,
        }
    )
    renewed.moved += [
        *_ends_moved("Python", known.python, new.python),
        *_ends_moved("the runtime", known.runtimes, new.runtimes),
        *moved("the base image's day", known.base_image.created, new.base_image.created),
    ]
    write_support(new, tree / SUPPORT)


def _renew_prices(tree: Path, google: Google, today: date, renewed: Renewed) -> None:
    path = tree / PRICES
    known = Prices.model_validate_json(path.read_bytes())
    new = _ask(
        google, lambda login: look_up_prices(login, known, today), "Cloud Run's prices", renewed
    )
    if new is None:
        return
    old = _flat(known)
    for name, value in _flat(new).items():
        renewed.moved += moved(f"prices: {name}", old[name], value)
    path.write_text(written(new), encoding="utf-8")


def _ask(google: Google, look: Callable[[Login], T], what: str, renewed: Renewed) -> T | None:
    """What wants a login; why not, where that is not to be had."""
    try:
        return look(google.log_in())
    except UserError as error:
        renewed.unasked.append(f"{what}: {error}")
        return None


def _ends_moved(what: str, old: Ends, new: Ends) -> Iterator[Moved]:
    for version, day in new.ends.items():
        yield from moved(f"the end of {what} {version}", old.ends.get(version), day)
    yield from moved(f"the ends of {what}, looked up", old.as_of, new.as_of)


def _flat(prices: Prices) -> dict[str, object]:
    """Every value by its dotted name."""
    always = {f"always.{name}": value for name, value in prices.always.model_dump().items()}
    return prices.model_dump(exclude={"always"}) | always


def written(prices: Prices) -> str:
    """The table as it is kept: no number in scientific notation, none with an empty fraction."""
    text = json.dumps(prices.model_dump(), indent=2)
    plain = _SCIENTIFIC.sub(lambda match: f"{Decimal(match[0]):f}", text)
    return _EMPTY_FRACTION.sub("", plain) + "\n"
