"""The cost in a line, by a process of its own: a stage has nothing else to do with servers."""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import twinserve
from twinserve.config.card import Card
from twinserve.config.layout import CARD_NAME, MANIFEST_NAME, SETTINGS_NAME
from twinserve.config.variables import tool_environment
from twinserve.inference.typed import RowReader

_SETTINGS = {"max_body_bytes": 2**20, "allowed_origins": ["*"]}
_TRIAL = "twinserve.training.served.cost.trial"


def measured_cost(card: Card, artifact: bytes, row: Sequence[Any]) -> str:
    """First answer, requests a second over a connection and memory, as a part of a line."""
    body = json.dumps({"features": RowReader(card).as_sent(row)})
    with tempfile.TemporaryDirectory() as folder:
        _write_bundle(Path(folder), card, artifact)
        done = subprocess.run(
            [sys.executable, "-m", _TRIAL, folder, str(Path.cwd())],
            input=body,
            env=tool_environment() | {"PYTHONPATH": str(Path(twinserve.__file__).parent.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1].removeprefix("error: ")
        return f"which does not answer here either ({why})"
    return done.stdout.strip()


def _write_bundle(folder: Path, card: Card, artifact: bytes) -> None:
    """What a server opens, without its code."""
    files = {
        CARD_NAME: card.to_json().encode(),
        SETTINGS_NAME: json.dumps(_SETTINGS).encode(),
        card.served: artifact,
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    files[MANIFEST_NAME] = json.dumps({"bundle": "", "files": digests}).encode()
    for name, content in files.items():
        (folder / name).write_bytes(content)
