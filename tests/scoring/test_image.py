"""The image ``score``, built by the command, and a task in a container of it."""

import json
from pathlib import Path

import pytest

from tests.google import FakeGoogle
from tests.google.buckets import Bucket
from tests.pipeline.containers.engine import build_image, podman
from tests.scoring.in_bucket import environment_of_task, expected, plan_of, results
from tests.tools import run
from twinserve.delivery.image.score import COMMAND
from twinserve.targets.container import CONFINEMENT
from twinserve.targets.engine import Engine


def layers_of(engine: Engine, image: str) -> list[tuple[int, str]]:
    """Size and instruction of each layer."""
    return [(layer.size, layer.made_by) for layer in engine.inspect(image).layers]


@pytest.mark.nightly
def test_task_runs_in_the_image_of_the_services_recipe(
    google: FakeGoogle, bucket: Bucket, dist: Path, rows: list[list[float]]
) -> None:
    """All layers but the code are the service's; a confined task scores, in several processes."""
    long = bucket.objects["2026/0.csv"]
    long.content = long.content.replace(b"\n", b"," + b"n" * 50_000 + b"\n")
    with podman() as engine:
        service = json.loads(build_image(engine, "c0ffee").stdout)["image"]
        image = json.loads(build_image(engine, "c0ffee", "--target=score").stdout)["image"]
        assert image.partition(":")[0] == f"{service.partition(':')[0]}-score"
        assert layers_of(engine, image)[:-1] == layers_of(engine, service)[:-1]
        plan = plan_of(google, dist / "service", "0.csv", "1.csv")
        with environment_of_task(google, plan) as variables:
            authority = variables["SSL_CERT_FILE"]
            inside = {**variables, "SSL_CERT_FILE": "/authority.pem"}
            run(
                [
                    engine.name,
                    "run",
                    "--rm",
                    "--network=host",
                    *CONFINEMENT,
                    f"--volume={authority}:/authority.pem:ro",
                    *(f"--env={name}={value}" for name, value in inside.items()),
                    image,
                    *COMMAND,
                ],
                code=0,
            )
    every = expected(dist / "service", rows)
    assert results(bucket) == {name: every[name] for name in ("0.csv", "1.csv")}
