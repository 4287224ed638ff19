"""The compiled runtime: what it opens, what it refuses, and sixteen threads at once."""

import os
import platform
import struct
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import joblib
import numpy as np
import pytest

from tests.tools import run
from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.config.layout import NATIVE_VARIABLE
from twinserve.inference.model import load_model
from twinserve.inference.runtimes import compiled
from twinserve.training.served.compilation import compile_object

MACHINE = platform.machine()
PUBLIC = '__attribute__((visibility("default"))) const int model_'
SOFTNESS = f"{PUBLIC}softness = 1;".replace("const int", "const double")


def refusal(artifact: bytes, card: Card) -> str:
    with pytest.raises(UserError) as refused:
        compiled.load(artifact, card)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_object_that_is_cut_short_is_refused(
    artifacts: dict[str, bytes], card: Card, share: float
) -> None:
    """A file that ends too early never reaches the linker, which would die of it."""
    whole = artifacts["compiled"]
    message = refusal(whole[: int(len(whole) * share)], card)
    assert message.startswith("model.so: the linker cannot load it: ")


def test_object_of_another_machine_is_refused(card: Card) -> None:
    """The line names both machines and the parameter."""
    other = {"x86_64": "aarch64", "aarch64": "x86_64"}[MACHINE]
    message = refusal(compile_object("int answer;", other), card)
    assert f"it is compiled for {other}, this machine is {MACHINE}; params.yaml: " in message


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("int other;", "model_features"),
        (
            f"{PUBLIC}features = 4; {PUBLIC}outputs = 3; {PUBLIC}margins = 0;{SOFTNESS}",
            "model_predict",
        ),
    ],
)
def test_object_without_a_symbol_is_refused(card: Card, source: str, named: str) -> None:
    """An object of someone else's, or of another version of this project."""
    message = refusal(compile_object(source, MACHINE), card)
    assert message.startswith("model.so: the linker cannot load it: ")
    assert named in message


def test_object_of_other_classes_is_refused(artifacts: dict[str, bytes], card: Card) -> None:
    """The object's own number of classes is held against the card's."""
    fewer = card._replace(classes=card.classes[:-1])
    expected = "model.so knows 3 classes, the model card names 2"
    assert expected == refusal(artifacts["compiled"], fewer)


def test_two_objects_do_not_become_one(artifacts: dict[str, bytes], card: Card, dist: Path) -> None:
    """The linker takes a known path for a known object; each load has a path of its own."""
    source = (dist.parent / "models" / "served" / "model.c").read_text()
    turned = source.replace("return best;", "return OUTPUTS - 1 - best;")
    other = compiled.load(compile_object(turned, MACHINE), card)
    again = compiled.load(artifacts["compiled"], card)
    features = card.golden[0].features
    assert (other.predict(features), again.predict(features)) == (2, 0)


def test_without_files_in_memory_a_private_folder_serves(
    artifacts: dict[str, bytes], card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a system that has no memfd; nothing is left behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delattr(os, "memfd_create")
    model = compiled.load(artifacts["compiled"], card)
    for golden in card.golden:
        assert model.predict(golden.features) == golden.prediction
    assert list(tmp_path.iterdir()) == []


def test_object_for_this_machine_stands_in_by_its_hash(
    artifacts: dict[str, bytes], card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a local process is told of is opened instead of the bundle's, if it is what was told."""
    native = tmp_path / "native.so"
    native.write_bytes(artifacts["compiled"])
    digest = card.artifacts["model.so"]
    monkeypatch.setenv(NATIVE_VARIABLE, f"{digest}:{native}")
    assert load_model(card, tmp_path / "absent").predict(card.golden[2].features) == 2
    monkeypatch.setenv(NATIVE_VARIABLE, f"{digest[::-1]}:{native}")
    with pytest.raises(UserError, match=r"native\.so: SHA-256 is .*nothing is served"):
        load_model(card, tmp_path)
    onnx = card._replace(runtime="onnx", served="model.onnx", artifacts={"model.onnx": digest})
    with pytest.raises(UserError, match=r"model\.onnx: No such file"):
        load_model(onnx, tmp_path)


@pytest.mark.parametrize("count", [0, 3, 5])
def test_row_of_another_length_is_not_read(
    artifacts: dict[str, bytes], card: Card, count: int
) -> None:
    """The object trusts its caller on the length; nothing shorter or longer reaches it."""
    model = compiled.load(artifacts["compiled"], card)
    with pytest.raises(struct.error):
        model.predict([1.0] * count)
    with pytest.raises(struct.error):
        model.scores([[1.0] * count, [1.0] * 4])


def test_sixteen_threads_get_the_answers_of_one(
    artifacts: dict[str, bytes], card: Card, dist: Path
) -> None:
    """The functions share no memory: every answer is the estimator's, whoever asks beside it."""
    model = compiled.load(artifacts["compiled"], card)
    rows = np.random.default_rng(1).uniform(0, 8, (2_000, len(card.features))).tolist()
    forest = joblib.load(dist.parent / "models" / "model.pkl")
    expected = forest.predict(rows).tolist()
    probabilities = forest.predict_proba(rows).tolist()

    def ask(_: int) -> list[float]:
        assert model.scores(rows) == (expected, probabilities)
        return [model.predict(row) for row in rows]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(64)))
    assert list(chain(*answers)) == expected * 64


def test_nothing_but_the_standard_library_is_imported(dist: Path) -> None:
    """NumPy and every other package stay out of the process that answers."""
    code = (
        "import sys; from pathlib import Path; from twinserve.config.card import load_card; "
        "from twinserve.inference.model import load_model; card = load_card(Path('model.json')); "
        "print(load_model(card, Path()).predict(card.golden[1].features), "
        "*{name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    )
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.'); {code}"]
    bundle = dist / "service"
    done = run(command, cwd=bundle, code=0)
    prediction, *modules = done.stdout.split()
    assert prediction == "1"
    assert set(modules) - {"__main__"} == {"twinserve"}
