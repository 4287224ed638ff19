"""Where in the life of a model this project acts, and the files that do it."""

from pathlib import Path
from typing import NamedTuple


class Stage(NamedTuple):
    """A part of that life; each file is one that acts in it."""

    name: str
    purpose: str
    files: tuple[Path, ...]


def _stage(name: str, purpose: str, *files: str) -> Stage:
    return Stage(name, purpose, tuple(Path(file) for file in files))


LIFE = (
    _stage(
        "data",
        "the table is checked against what params.yaml says of it, and split",
        "params.yaml",
        "twinserve/training/table.py",
        "twinserve/training/prepare.py",
    ),
    _stage(
        "training",
        "the estimator is fitted, and judged by gates on held-out rows",
        "twinserve/training/train.py",
        "twinserve/training/evaluate.py",
    ),
    _stage(
        "versioning",
        "data, model and bundles are locked by hash; a release names its model version and bundle",
        "dvc.yaml",
        "dvc.lock",
        "twinserve/delivery/bundle/identity.py",
        "twinserve/delivery/release/records.py",
    ),
    _stage(
        "packaging",
        "the model is exported, proven equal to the estimator, and bundled for both targets",
        "twinserve/training/export.py",
        "twinserve/delivery/bundle/assembly.py",
        "service/Dockerfile",
    ),
    _stage(
        "deployment",
        "both targets get a release, or neither does; a rollback takes both back",
        ".github/workflows/deploy.yml",
        "cloudbuild.yaml",
        "twinserve/delivery/release/transaction.py",
        "twinserve/delivery/release/rollback.py",
    ),
    _stage(
        "serving",
        "one handler answers on both",
        "twinserve/inference/endpoint.py",
        "service/front.py",
        "function/main.py",
    ),
    _stage(
        "monitoring",
        "latency is measured each night; drift, errors and classes are read from the logs of both",
        ".github/workflows/measure.yml",
        ".github/workflows/monitor.yml",
        "twinserve/delivery/probe/deployed.py",
        "twinserve/monitoring/command.py",
        "twinserve/inference/telemetry.py",
    ),
    _stage(
        "retraining",
        "what has changed is made anew, and reviewed as metrics, speed and size",
        "twinserve/delivery/bundle/reproduce.py",
        ".github/workflows/pr.yml",
        "twinserve/review/report.py",
    ),
)
