"""A bundle that is not what it was made as is not served."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from twinserve.config.card import Card, load_card
from twinserve.config.errors import UserError
from twinserve.inference.bundle import Bundle
from twinserve.inference.endpoint import open_endpoint
from twinserve.inference.model import RUNTIMES, load_model, load_runtime


def append(name: str) -> Callable[[Path], None]:
    """Spoils one file."""

    def spoil(bundle: Path) -> None:
        with (bundle / name).open("ab") as file:
            file.write(b" ")

    return spoil


def remove(name: str) -> Callable[[Path], None]:
    """Removes one file."""
    return lambda bundle: (bundle / name).unlink()


def forge_manifest(bundle: Path) -> None:
    """Makes the manifest agree with another model than the card's."""
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    manifest["files"]["model.so"] = "0" * 64
    (bundle / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (append("model.so"), "model.so: SHA-256"),
        (append("model.json"), "model.json: SHA-256"),
        (append("serving.json"), "serving.json: SHA-256"),
        (remove("model.so"), "model.so: No such file"),
        (remove("manifest.json"), "manifest.json: No such file"),
        (forge_manifest, "disagree on model.so"),
    ],
)
def test_changed_bundle_is_refused(bundle: Path, spoil: Callable[[Path], None], names: str) -> None:
    """One line names the file that was changed and what to do."""
    spoil(bundle)
    with pytest.raises(UserError, match=names) as refused:
        open_endpoint(bundle, {"/predict"})
    assert "dvc repro" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_bundle_has_its_hash_and_settings(bundle: Path) -> None:
    """An opened bundle knows its hash, its limit and its card, byte for byte."""
    opened = Bundle(bundle)
    assert len(opened.hash) == 64
    assert opened.settings.max_body_bytes == 65536
    assert opened.card_json == (bundle / "model.json").read_bytes()


def test_unknown_runtime_is_refused(card: Card) -> None:
    """A card from another time may name a runtime that is not here."""
    with pytest.raises(UserError, match=f"one of: {', '.join(RUNTIMES)}"):
        load_runtime(card._replace(runtime="abacus"))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_bytes_that_are_no_model_are_refused(card: Card, runtime: str) -> None:
    """Each runtime says in a line that it cannot load what it was given."""
    with pytest.raises(UserError, match="cannot load it") as refused:
        load_runtime(card._replace(runtime=runtime)).load(b"not a model", card)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_model_of_another_width_is_refused(
    card: Card, artifacts: dict[str, bytes], runtime: str
) -> None:
    """A model that takes another number of features than the card names is not served."""
    artifact = artifacts[runtime]
    narrow = card._replace(features=card.features[:-1])
    expected = f"takes {len(card.features)} features, the model card names {len(narrow.features)}"
    with pytest.raises(UserError, match=expected):
        load_runtime(card._replace(runtime=runtime)).load(artifact, narrow)


def test_runtimes_agree(card: Card, artifacts: dict[str, bytes], tmp_path: Path) -> None:
    """All runtimes, loaded from their files, give every golden case its class."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in artifacts.items()}
    for runtime, content in artifacts.items():
        (tmp_path / runtime).write_bytes(content)
        chosen = card._replace(runtime=runtime, served=runtime, artifacts=digests)
        model = load_model(chosen, tmp_path)
        for golden in card.golden:
            assert model.predict(golden.features) == golden.prediction
            labels, scores = model.scores([golden.features, golden.features])
            assert labels == [golden.prediction] * 2
            assert sum(scores[0]) == pytest.approx(1)


@pytest.mark.parametrize("text", ["{", "[]", '{"features": []}', "null"])
def test_file_that_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    """A broken card is one line that names the file and the command that makes it anew."""
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"model\.json: not a model card .*dvc repro"):
        load_card(path)
    with pytest.raises(UserError, match="No such file"):
        load_card(tmp_path / "absent.json")
