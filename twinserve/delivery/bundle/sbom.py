"""The service's image beside its base: a CycloneDX list of packages, model and code."""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from twinserve.config.card import Card, load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME, REQUIREMENTS_NAME
from twinserve.config.params import load_params
from twinserve.config.variables import tool_environment
from twinserve.delivery.bundle.assembly import DIST, read_bundle_hash
from twinserve.delivery.names import release_name

BUNDLE = DIST / "service"
OUTPUT = Path("reports/sbom.json")
SPECIFICATION = "1.6"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take where to write."""
    parser.add_argument("--output", type=Path, default=OUTPUT, help=f"default: {OUTPUT}")


def run(arguments: argparse.Namespace) -> None:
    """Write it, and say how much is in it."""
    content = list_contents(BUNDLE)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"{arguments.output}: {len(content['components'])} components of {BUNDLE}")


def list_contents(bundle: Path) -> dict[str, Any]:
    """The list, in CycloneDX's JSON; the same bundle gives the same bytes.

    Raises:
        UserError: there is no bundle, or its requirements cannot be read.
    """
    card = load_card(bundle / CARD_NAME)
    release = release_name(card, read_bundle_hash(bundle))
    content = _packages(bundle / REQUIREMENTS_NAME)
    for component in content["components"]:
        # It would repeat the requirement's line, hashes and all, which stand beside it.
        component.pop("description", None)
    content["components"].append(_model(bundle, card))
    content["metadata"]["component"] = {
        "bom-ref": "image",
        "type": "container",
        "name": load_params().deployment.service.name,
        "version": release,
        "description": "The service's image above its base image",
    }
    return content


def _packages(path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(path)]
    command += ["--output-reproducible", "--validate", "--of", "JSON", "--sv", SPECIFICATION]
    done = subprocess.run(
        command, env=tool_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UserError(f"{path}: {' '.join(done.stderr.split())[-400:]}")
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def _model(bundle: Path, card: Card) -> dict[str, Any]:
    digest = hashlib.sha256((bundle / card.served).read_bytes()).hexdigest()
    return {
        "bom-ref": "model",
        "type": "machine-learning-model",
        "name": card.name,
        "version": card.version,
        "description": f"{card.served}, from {card.estimator['import_path']}",
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
