"""Both sides of a pull request, measured on one machine, into one JSON file."""

import json
import subprocess
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.params import PARAMS_PATH, load_params
from twinserve.config.variables import user_environment
from twinserve.delivery.data.cached import share_cache
from twinserve.measure.imports.trace import STARTS
from twinserve.measure.pairs.micro import ROUNDS
from twinserve.review.differences import metric_changes, model_change, param_changes
from twinserve.review.imports import compare_imports
from twinserve.review.latency import compare_latency
from twinserve.review.report import Report, Reproduction, Sizes
from twinserve.review.speed import compare_speed
from twinserve.training.fitting.digest import read_digest
from twinserve.training.paths import MODEL_PATH

BUNDLES = ("dist/service", "dist/function")


def collect(base: Path, head: Path, output: Path, *, rounds: int | None, image: bool) -> Report:
    """Reproduce both trees, compare them, and write what differs.

    ``rounds`` takes the place of the numbers that are usual.

    Raises:
        UserError: a side cannot be reproduced, measured or built.
    """
    # What one side has fetched or made, the other takes.
    share_cache(base)
    for tree in (base, head):
        _run(tree, ["make", "repro"])
    params = load_params(head / PARAMS_PATH)
    wanted = params.measurement
    if rounds is not None:
        comparison = wanted.comparison.model_copy(update={"rounds": rounds})
        wanted = wanted.model_copy(update={"comparison": comparison})
    allowed = wanted.comparison.allowed_ratio
    report = Report(
        version=3,
        allowed_ratio=allowed,
        same_version=params.renewal.same_version,
        model=model_change(base, head),
        metrics=metric_changes(base, head),
        params=param_changes(base, head),
        benchmarks=compare_speed(base, head, allowed, rounds=rounds or ROUNDS),
        latency=compare_latency(base, head, wanted),
        imports=compare_imports(base, head, starts=rounds or STARTS),
        image_bytes=compare_images(base, head) if image else None,
        bundle_bytes=Sizes(base=bundle_size(base), head=bundle_size(head)),
        reproduction=Reproduction(
            by=params.training.reproduce,
            model_sha256=read_digest(head / MODEL_PATH),
        ),
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return report


def bundle_size(tree: Path) -> int:
    """Bytes of both bundles' files."""
    files = (path for bundle in BUNDLES for path in (tree / bundle).rglob("*"))
    return sum(path.stat().st_size for path in files if path.is_file())


def compare_images(base: Path, head: Path) -> Sizes | None:
    """Build both images; None, and a line that says why, if the base's cannot be built.

    A base may be from before there was an image, or from before there was this command.
    """
    ours = _image_size(head)
    try:
        theirs = _image_size(base)
    except UserError as error:
        print(f"no size of the base's image: {error}")
        return None
    return Sizes(base=theirs, head=ours)


def _image_size(tree: Path) -> int:
    """Bytes, uncompressed, the base image's included."""
    done = _run(tree, [".venv/bin/twinserve", "build", "--json"])
    built = json.loads(done)
    return int(built["base_bytes"]) + int(built["own_bytes"])


def _run(tree: Path, command: list[str]) -> str:
    """Run a command in a tree; its stdout.

    Raises:
        UserError: it fails, with its last lines, or the tree has no such command.
    """
    try:
        done = subprocess.run(
            command, cwd=tree, env=user_environment(), capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UserError(f"{tree} has no `{command[0]}`: {error.strerror}") from None
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise UserError(f"`{' '.join(command)}` fails in {tree}: {' '.join(lines[-3:])[:400]}")
    return done.stdout
