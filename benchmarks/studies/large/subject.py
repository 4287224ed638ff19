"""A forest under a runtime: ``make`` its artifact, or ``ask`` it, in a fresh process.

``python -m benchmarks.studies.large.subject make|ask TREES DEPTH RUNTIME FOLDER
MAX_SOURCE_MB`` prints what it measured as one line of JSON.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinserve.config.card import Card, Choice, Feature, Parity
from twinserve.inference.model import Model
from twinserve.measure.machine.memory import tree_pss_bytes

if TYPE_CHECKING:
    from twinserve.training.served.serving import Source

FEATURES, CLASSES = 100, 3
TRAINED_ON, ASKED = 5_000, 1_000
# One row at a time goes on for so long; the slowest model is asked a few dozen times then.
SINGLE_LIMIT_S = 5.0
BATCHES = 3
SEED = 42


def make(
    trees: int, depth: int, runtime: str, folder: Path, max_source_mb: int
) -> dict[str, float]:
    """Train the forest unless that was done, and write its artifact for the runtime."""
    from twinserve.training.fitting.digest import digest_path, write_model
    from twinserve.training.fitting.pickled import pickle_of, read_pickled, unpickle
    from twinserve.training.served.conversion import to_onnx

    pickled = folder / f"{trees}x{depth}.joblib"
    if not digest_path(pickled).exists():
        write_model(pickle_of(_fitted(trees, depth, folder)), pickled)
    content = read_pickled(pickled)
    forest: Any = unpickle(content)
    figures: dict[str, float] = {"nodes": sum(tree.tree_.node_count for tree in forest.estimators_)}
    began = time.perf_counter()
    if runtime == "compiled":
        source, artifact = _compiled(forest, max_source_mb)
        figures["source_bytes"] = source.size
    elif runtime == "onnx":
        artifact = to_onnx(forest, FEATURES, "large")
    else:
        artifact = content
    figures["make_s"] = time.perf_counter() - began
    figures["bytes"] = len(artifact)
    _artifact(trees, depth, runtime, folder).write_bytes(artifact)
    return figures


def ask(
    trees: int, depth: int, runtime: str, folder: Path, _max_source_mb: int
) -> dict[str, float]:
    """Load the artifact and time it: one row after another, then all at once."""
    rows: list[list[float]] = json.loads((folder / "rows.json").read_bytes())
    artifact = _artifact(trees, depth, runtime, folder).read_bytes()
    began = time.perf_counter()
    module = import_module(f"twinserve.inference.runtimes.{runtime}")
    model: Model = module.load(artifact, _card(runtime))
    load_s = time.perf_counter() - began
    # In no server is the file's content kept once it is loaded.
    del artifact
    singles = _singles(model, rows)
    batches = [_timed(lambda: model.scores(rows)) for _ in range(BATCHES)]
    return {
        "load_ms": load_s * 1e3,
        "single_us": statistics.median(singles) * 1e6,
        "batch_ms": statistics.median(batches) * 1e3,
        "memory_bytes": tree_pss_bytes(os.getpid()) or 0,
    }


def _fitted(trees: int, depth: int, folder: Path) -> object:
    from sklearn.datasets import make_classification
    from sklearn.ensemble import RandomForestClassifier

    rows, labels = make_classification(
        TRAINED_ON + ASKED, FEATURES, n_informative=20, n_classes=CLASSES, random_state=SEED
    )
    (folder / "rows.json").write_text(json.dumps(rows[TRAINED_ON:].tolist()))
    forest = RandomForestClassifier(trees, max_depth=depth, random_state=SEED, n_jobs=-1)
    forest.fit(rows[:TRAINED_ON], labels[:TRAINED_ON])
    return forest.set_params(n_jobs=None)


def _compiled(forest: object, max_source_mb: int) -> "tuple[Source, bytes]":
    from twinserve.targets.platforms import this_machine, this_system
    from twinserve.training.served.compilation import compile_object
    from twinserve.training.served.serving import write_within

    source, _ = write_within(max_source_mb, forest)  # type: ignore[arg-type]
    return source, compile_object(source.text, this_machine(), this_system(), source.tables)


def _singles(model: Model, rows: list[list[float]]) -> list[float]:
    deadline = time.perf_counter() + SINGLE_LIMIT_S
    taken = []
    for row in rows:
        taken.append(_timed(lambda row=row: model.predict(row)))  # type: ignore[misc]
        if time.perf_counter() > deadline:
            break
    return taken


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _artifact(trees: int, depth: int, runtime: str, folder: Path) -> Path:
    return folder / f"{trees}x{depth}.{runtime}"


def _card(runtime: str) -> Card:
    """As much of a card as a runtime looks at."""
    return Card(
        name="large",
        version="v1",
        runtime=runtime,
        choice=Choice(runtime, {}, ""),
        served=f"model.{runtime}",
        artifacts={},
        features=[Feature(f"x{number}", "", 0.0, 0.0) for number in range(FEATURES)],
        classes=[str(number) for number in range(CLASSES)],
        golden=[],
        metrics={},
        parity=Parity(0, 0, 0, 0.0, 0.0, 0, 0),
        estimator={},
        data={},
        libraries={},
    )


if __name__ == "__main__":
    action, trees, depth, runtime, folder, limit = sys.argv[1:]
    step = {"make": make, "ask": ask}[action]
    print(json.dumps(step(int(trees), int(depth), runtime, Path(folder), int(limit))))
