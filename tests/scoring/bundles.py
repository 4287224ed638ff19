"""Bundles to score with, and what their endpoint answers for a row."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.callers import InProcessCaller
from twinserve.config.card import Card
from twinserve.inference.endpoint import open_endpoint
from twinserve.scoring.files import Summary, Task, score_csv
from twinserve.scoring.options import Format, Options

FILES = {"compiled": "model.so", "onnx": "model.onnx", "joblib": "model.pkl"}


def bundle_of(
    folder: Path, card: Card, runtime: str, artifact: bytes, steps: str = "", **more: object
) -> Path:
    """A bundle of this model under another runtime; ``steps`` are the user's, ``more`` settings."""
    name, digest = FILES[runtime], hashlib.sha256(artifact).hexdigest()
    card = card._replace(runtime=runtime, served=name, artifacts={name: digest})
    settings = {"max_body_bytes": 65536, "allowed_origins": ["*"], **more}
    files = {
        name: artifact,
        "model.json": card.to_json().encode(),
        "serving.json": json.dumps(settings | ({"own": ["steps"]} if steps else {})).encode(),
    }
    folder.mkdir(parents=True)
    for path, content in files.items():
        (folder / path).write_bytes(content)
    if steps:
        (folder / "custom").mkdir()
        (folder / "custom/steps.py").write_text(steps)
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    bundle = hashlib.sha256(json.dumps(digests).encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({"bundle": bundle, "files": digests}))
    return folder


class Endpoint:
    """The service's handler over a bundle, asked row by row."""

    def __init__(self, bundle: Path) -> None:
        self._caller = InProcessCaller(open_endpoint(bundle, {"/predict"})[0])

    def answer(self, features: object, include: str = "") -> dict[str, Any]:
        """The body of an answer, or of a refusal."""
        body = json.dumps({"features": features}).encode()
        path = f"/predict?include={include}" if include else "/predict"
        reply = self._caller.call("POST", path, body=body)
        answer: dict[str, Any] = json.loads(reply.body)
        return answer

    def predictions(self, rows: Sequence[object]) -> list[Any]:
        """Of each row."""
        return [self.answer(row)["prediction"] for row in rows]


def scored(
    source: Path,
    bundle: Path,
    *include: str,
    on_error: str = "stop",
    marks: Format | None = None,
    processes: int = 1,
) -> Summary:
    """Score a file into ``out.csv`` beside it."""
    options = Options(include or None, on_error, marks or Format())
    target = source.with_name("out.csv")
    return score_csv(Task(source, target, bundle, options, processes, lambda _rows, _share: None))
