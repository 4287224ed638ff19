"""What a server opens: the card, the settings and the model of one bundle, proven unchanged."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from twinserve.config.card import Card, parse_card, read_file
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME, MANIFEST_NAME, SETTINGS_NAME
from twinserve.inference.http.limits import Limits


def locate_bundle(root: Path, target: str) -> Path:
    """The bundle that code below ``root`` serves: ``root`` itself, or of a checkout ``dist/``."""
    return root if (root / MANIFEST_NAME).exists() else root / "dist" / target


class Settings:
    """What ``params.yaml`` says of serving, as the bundle carries it.

    Attributes:
        max_body_bytes: of a request; one byte more is refused.
        allowed_origins: for CORS; ``*`` is every one.
        include: what an answer has beside the prediction where the request does not say.
        max_rows: of a request for many.
        max_batch_bytes: of such a request.
        drift_window: rows that a drift score is taken over; with 0 nothing is monitored.
        log_every_s: the figures of monitoring are logged no more often.
        limits: what a client may keep an instance waiting for.
        own: modules of the user's own that the bundle carries.
        routes: regular expressions of the paths that the user's own routes answer.
        routes_at_start: FastAPI is imported, and those routes are built, before the first request.
    """

    __slots__ = (
        "allowed_origins",
        "drift_window",
        "include",
        "limits",
        "log_every_s",
        "max_batch_bytes",
        "max_body_bytes",
        "max_rows",
        "own",
        "routes",
        "routes_at_start",
    )

    def __init__(
        self,
        max_body_bytes: int,
        allowed_origins: list[str],
        drift_window: int = 0,
        log_every_s: int = 60,
        own: Sequence[str] = (),
        routes: Sequence[str] = (),
        include: Sequence[str] = (),
        max_rows: int = 1000,
        max_batch_bytes: int = 1024 * 1024,
        routes_at_start: bool = False,  # noqa: FBT001, FBT002 - by name, from the file
        **limits: float,
    ) -> None:
        self.max_body_bytes = max_body_bytes
        self.allowed_origins = allowed_origins
        self.include = include
        self.max_rows = max_rows
        self.max_batch_bytes = max_batch_bytes
        self.drift_window = drift_window
        self.log_every_s = log_every_s
        self.limits = Limits(**limits)
        self.own = frozenset(own)
        self.routes = routes
        self.routes_at_start = routes_at_start


_KINDS = Settings.__init__.__annotations__


class Bundle:
    """An opened bundle.

    Attributes:
        hash: SHA-256 over the manifest's files.
        card_json: the model card as it stands in the bundle.
    """

    __slots__ = ("card", "card_json", "directory", "hash", "settings")

    def __init__(self, directory: Path) -> None:
        """Read and check everything but the model, whose hash its loader checks.

        Raises:
            UserError: a file is missing, or is not the one that the manifest names.
        """
        self.directory = directory
        self.hash, files = _read_manifest(directory / MANIFEST_NAME)
        self.card_json = _proven(directory, CARD_NAME, files)
        self.card: Card = parse_card(self.card_json, source=str(directory / CARD_NAME))
        self.settings = _read_settings(directory, files)
        if files.get(self.card.served) != self.card.artifacts[self.card.served]:
            raise UserError(
                f"{directory}: {MANIFEST_NAME} and {CARD_NAME} disagree on {self.card.served}; "
                "nothing is served. Make the bundle again with `dvc repro`"
            )


def read_proven(directory: Path, name: str) -> bytes:
    """A file of the bundle that a start does not read.

    Raises:
        UserError: it is missing, or is not the one that the manifest names.
    """
    return _proven(directory, name, _read_manifest(directory / MANIFEST_NAME)[1])


def _read_manifest(path: Path) -> tuple[str, dict[str, str]]:
    try:
        manifest = json.loads(_read(path))
        bundle, files = manifest["bundle"], manifest["files"]
        if isinstance(bundle, str) and isinstance(files, dict):
            return bundle, files
    except (ValueError, TypeError, LookupError, RecursionError):
        pass
    raise UserError(f"{path}: not a manifest; make the bundle again with `dvc repro`")


def _read_settings(directory: Path, files: dict[str, str]) -> Settings:
    content = _proven(directory, SETTINGS_NAME, files)
    try:
        members = json.loads(content)
        # What has no name of its own is one of the limits.
        if all(_fits(value, _KINDS.get(name, float)) for name, value in members.items()):
            return Settings(**members)
    except (ValueError, TypeError, AttributeError, RecursionError):
        pass
    raise UserError(
        f"{directory / SETTINGS_NAME}: not the settings of this version; make the bundle again "
        "with `dvc repro`"
    )


def _fits(value: object, kind: object) -> bool:
    """Whether a member of the settings is what it is annotated as."""
    if kind in {list[str], Sequence[str]}:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    # A whole number is one of the others too, a truth value is neither.
    return type(value) is kind or (kind is float and type(value) is int)


def _read(path: Path) -> bytes:
    return read_file(path, "make the bundle with `dvc repro`")


def _proven(directory: Path, name: str, files: dict[str, str]) -> bytes:
    content = _read(directory / name)
    digest = hashlib.sha256(content).hexdigest()
    if files.get(name) != digest:
        raise UserError(
            f"{directory / name}: SHA-256 {digest[:12]}… is not the one in {MANIFEST_NAME}; "
            "nothing is served. Make the bundle again with `dvc repro`"
        )
    return content
