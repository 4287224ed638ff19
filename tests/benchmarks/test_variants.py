"""What is compared: both targets under each runtime, and the peers beside them."""

import sys
from pathlib import Path

import pytest

from benchmarks import frameworks, variants
from benchmarks.compare import compare
from tests.measure.fakes import LOAD_S, card, fake_target
from tests.tools import NIGHTLY_CASE
from tests.tree import TREE
from twinserve.config.card import Choice, load_card
from twinserve.config.errors import UserError
from twinserve.delivery.bundle.assembly import bundled_card
from twinserve.targets.process import ProcessTarget

MODEL = ("flowers", "v1.0")

pytestmark = pytest.mark.usefixtures("short")


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variants are made from this environment, unlocked."""
    monkeypatch.setattr(variants, "ensure_environment", lambda _: Path(sys.executable))


@pytest.mark.usefixtures("peers")
@pytest.mark.parametrize("name", ["ceiling", "empty function"])
def test_a_peer_without_a_model_answers(name: str) -> None:
    """Started as a comparison starts it."""
    comparison = compare(variants.prepare([name], card()), rounds=1, model=MODEL, seconds=LOAD_S)
    assert comparison.variants[0].per_second.value > 0


@pytest.mark.usefixtures("peers")
@pytest.mark.parametrize("name", ["floor", NIGHTLY_CASE("floor onnx"), "reference"])
def test_a_peer_with_a_model_answers(
    name: str, dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The floor and the reference design serve this project's own artifacts."""
    monkeypatch.chdir(dist.parent)
    prepared = variants.prepare([name], bundled_card())
    comparison = compare(prepared, rounds=1, model=MODEL, seconds=LOAD_S)
    assert comparison.variants[0].per_second.value > 0


@pytest.mark.usefixtures("peers")
@pytest.mark.parametrize("name", ["service onnx", NIGHTLY_CASE("service joblib")])
def test_the_same_model_under_another_runtime_answers(
    name: str, dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exported and bundled beside the working tree, whose own bundles stay as they are."""
    monkeypatch.chdir(dist.parent)
    before = (dist / "service" / "manifest.json").read_bytes()
    (variant,) = variants.prepare([name], bundled_card())
    assert isinstance(variant.target, ProcessTarget)
    assert load_card(variant.target.directory / "model.json").runtime == name.split()[1]
    comparison = compare([variant], rounds=1, model=MODEL, seconds=LOAD_S)
    assert (comparison.variants[0].name, comparison.variants[0].readings[0].round) == (name, 0)
    assert (dist / "service" / "manifest.json").read_bytes() == before


def test_a_runtime_that_cannot_have_the_model_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What export says of it; here there is no model at all."""
    (tmp_path / "params.yaml").write_text((TREE / "params.yaml").read_text())
    for room in ("data", "twinserve"):
        (tmp_path / room).symlink_to(TREE / room)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UserError, match=r"^serving.runtime: onnx: models/model.pkl: No such"
    ) as refused:
        variants.prepare(["service onnx"], card()._replace(runtime="compiled"))
    assert "\n" not in str(refused.value)


def test_by_default_each_runtime_that_the_model_can_have_is_run_once() -> None:
    """The bundle's own is the row that names none."""
    names = set(variants.default_names(card()))
    assert set(variants.DESCRIPTIONS) - names - set(frameworks.NAMES) == {
        "service onnx",
        "function onnx",
        "service compiled",
        "function compiled",
        "floor",
        "service unmonitored",
        "function unmonitored",
    }
    assert not names & set(frameworks.NAMES)


def test_peers_are_whatever_serves_the_model() -> None:
    """The empty function serves none; without ONNX, none is measured with it.

    Nor is what own code costs: a run beside the frameworks is long enough.
    """
    assert set(variants.peer_names(card())) == {
        *variants.default_names(card()),
        *frameworks.NAMES,
    } - {"empty function", "function unset", "service middleware", "service step"}
    without = card()._replace(
        runtime="joblib", choice=Choice("auto", {"compiled": "no", "onnx": "no"}, "")
    )
    assert not [name for name in variants.peer_names(without) if name.endswith("onnx")]
    assert {"litserve", "bentoml", "mlserver", "mlflow"} <= set(variants.peer_names(without))


@pytest.mark.usefixtures("peers")
def test_both_targets_come_from_their_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the functions that ``make serve`` uses too."""
    monkeypatch.setattr(variants, "local_service", lambda bundle: fake_target(name=bundle.name))
    monkeypatch.setattr(variants, "local_function", lambda bundle: fake_target(name=bundle.name))
    prepared = variants.prepare(["function", "service"], card())
    assert [target.name for target in prepared] == ["function", "service"]


@pytest.mark.parametrize(
    ("name", "message"),
    [("reference", "reference needs .*model.pkl"), ("roof", "no variant 'roof'")],
)
def test_a_variant_that_cannot_be_had_is_one_line(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An artifact that is not there, or an unknown name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        variants.prepare([name], card())


def test_without_a_bundle_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how to make one."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="make it with `make repro`"):
        bundled_card()
