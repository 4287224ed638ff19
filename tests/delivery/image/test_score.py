"""The image that scores files: the service's recipe over a larger context, under another name."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.targets.fake_engine import FakeEngines, Reply
from tests.tools import twinserve
from tests.tree import TREE
from twinserve.config.params import load_params
from twinserve.delivery.bundle.identity import read_identity
from twinserve.delivery.image.push import push_plain
from twinserve.delivery.names import image_path, score_path
from twinserve.delivery.project import Cloud
from twinserve.targets.engine import Engine
from twinserve.targets.google.gcloud import Gcloud

DIGEST = f"sha256:{'cd' * 32}"


def dry_run(*words: str) -> list[list[str]]:
    """The commands that `twinserve build` would run."""
    environment = {"PATH": "/nowhere", "COMMIT_SHA": "c0ffee"}
    done = twinserve(
        "build", "--dry-run", "--engine=podman", *words, cwd=TREE, env=environment, code=0
    )
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("dist")
def test_it_is_built_and_pushed_beside_the_services_and_recorded_as_no_release() -> None:
    """Under its own name; the service's commands are as they were."""
    deployment, name = load_params().deployment, read_identity().name
    build, login, push = dry_run("--target=score", "--push", "--project=p")
    image = f"{score_path(deployment, 'p')}:{name}"
    assert image == f"{image_path(deployment, 'p')}-score:{name}"
    assert image in build
    assert login[:3] == ["gcloud", "auth", "print-access-token"]
    assert push == ["podman", "push", image]
    ((*_, tag, image, _context),) = dry_run("--target=score")
    assert (tag, image) == ("--tag", f"fastapi-ml-service-score:{name}")
    assert dry_run("--target=service") == dry_run()


def test_pushed_image_has_the_registrys_digest(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No record of a build is written: no release has it."""
    assert dist.is_dir()
    engines = FakeEngines(tmp_path, monkeypatch)
    engines.add("podman", Reply(["login"]), Reply(["push"], out=DIGEST))
    engines.add("gcloud", Reply(["auth", "print-access-token"], out="a token\n"))
    cloud = Cloud(Gcloud("p"), load_params(), Console(file=io.StringIO()), as_json=False)
    image = f"{score_path(cloud.deployment, 'p')}:v1"
    assert push_plain(cloud, Engine("podman"), image) == DIGEST
    assert [json.dumps(words) for words in engines.asked if "storage" in words] == []
