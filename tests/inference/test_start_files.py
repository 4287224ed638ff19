"""Whatever kind of file stands in a bundle, a start ends in one line, at once."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.inference.endpoint import open_endpoint
from twinserve.inference.runtimes import compiled

NAMES = ("manifest.json", "model.json", "serving.json", "model.so")


def as_pipe(path: Path) -> None:
    """Nobody ever writes to it."""
    path.unlink()
    os.mkfifo(path)


def as_folder(path: Path) -> None:
    """Of that name."""
    path.unlink()
    path.mkdir()


def as_loop(path: Path) -> None:
    """A link to itself."""
    path.unlink()
    path.symlink_to(path.name)


def as_device(path: Path) -> None:
    """It never ends."""
    path.unlink()
    path.symlink_to("/dev/zero")


def as_nothing(path: Path) -> None:
    """As after a copy that ran out of space."""
    path.write_bytes(b"")


def as_half(path: Path) -> None:
    """As after a copy that was broken off."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "spoil", [as_pipe, as_folder, as_loop, as_device, as_nothing, as_half, Path.unlink]
)
def test_whatever_stands_there_is_one_line(
    bundle: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    """The file's name and the command that makes the bundle again; nothing is waited for."""
    spoil(bundle / name)
    with pytest.raises(UserError, match=f"{name}: ") as refused:
        open_endpoint(bundle, {"/predict"})
    assert "dvc repro" in str(refused.value)
    assert "\n" not in str(refused.value)


def rewrite(bundle: Path, name: str, content: bytes) -> None:
    """Put a file in a bundle and its hash in the manifest, as a writer of all files would."""
    (bundle / name).write_bytes(content)
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    manifest["files"][name] = hashlib.sha256(content).hexdigest()
    (bundle / "manifest.json").write_text(json.dumps(manifest))


DAMAGED = [b"", b"{", b"[]", b"5", b"null", b"{}", b"\xff", b"[" * 100_000, b'"' + b"x" * 9]


@pytest.mark.parametrize("content", [*DAMAGED, b'{"bundle": 1, "files": {}}', b'{"bundle": "1"}'])
def test_damaged_manifest_is_one_line(bundle: Path, content: bytes) -> None:
    """It is JSON of its form, or the line says that it is no manifest."""
    (bundle / "manifest.json").write_bytes(content)
    with pytest.raises(UserError, match=r"manifest\.json: not a manifest; make the bundle again"):
        open_endpoint(bundle, {"/predict"})


@pytest.mark.parametrize(
    "content",
    [
        *DAMAGED,
        b'{"max_body_bytes": "1", "allowed_origins": []}',
        b'{"max_body_bytes": true, "allowed_origins": []}',
        b'{"max_body_bytes": 1, "allowed_origins": "*"}',
        b'{"max_body_bytes": 1, "allowed_origins": [1]}',
        b'{"max_body_bytes": 1, "allowed_origins": [], "of_tomorrow": 1}',
    ],
)
def test_settings_of_another_form_are_one_line(bundle: Path, content: bytes) -> None:
    """Even where the manifest has their hash."""
    rewrite(bundle, "serving.json", content)
    with pytest.raises(UserError, match=r"serving\.json: not the settings of this version"):
        open_endpoint(bundle, {"/predict"})


@pytest.mark.parametrize("content", DAMAGED)
def test_card_of_another_form_is_one_line(bundle: Path, content: bytes) -> None:
    """Even where the manifest has its hash."""
    rewrite(bundle, "model.json", content)
    with pytest.raises(UserError, match=r"model\.json: not a model card "):
        open_endpoint(bundle, {"/predict"})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("artifacts", []),
        ("artifacts", {}),
        ("artifacts", {"model.so": 5}),
        ("classes", 5),
        ("classes", [1, 2]),
        ("version", None),
        ("served", ["model.so"]),
        ("features", []),
        ("features", 5),
        ("parity", None),
    ],
)
def test_card_with_a_member_of_another_kind_is_one_line(
    bundle: Path, member: str, value: object
) -> None:
    """What a server reads before its first answer is looked at."""
    card = json.loads((bundle / "model.json").read_bytes())
    rewrite(bundle, "model.json", json.dumps({**card, member: value}).encode())
    with pytest.raises(UserError, match=r"model\.json: not a model card ") as refused:
        open_endpoint(bundle, {"/predict"})
    assert "\n" not in str(refused.value)


def test_linked_file_with_the_right_content_is_served(bundle: Path) -> None:
    """What counts at a start is the bytes."""
    shutil.move(bundle / "model.so", bundle / "elsewhere")
    (bundle / "model.so").symlink_to("elsewhere")
    open_endpoint(bundle, {"/predict"})


def test_model_is_loaded_without_proc(
    card: Card, artifacts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file in memory has no name, the object is loaded from a private folder."""
    monkeypatch.setattr(Path, "exists", lambda _: False)
    before = set(Path("/proc/self/fd").iterdir())
    model = compiled.load(artifacts["compiled"], card)
    for golden in card.golden:
        assert model.predict(golden.features) == golden.prediction
    assert len(set(Path("/proc/self/fd").iterdir()) - before) == 0
