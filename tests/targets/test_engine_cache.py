"""Docker takes the layers of the image that was pushed last, and keeps this one for the next."""

import itertools
import json
from pathlib import Path

import pytest

from tests.targets.fake_engine import FakeEngines, Reply
from tests.tree import ROOT
from twinserve.targets.engine import Engine, Recipe

REPOSITORY = "us-central1-docker.pkg.dev/a-project/ml-models/service"
IMAGE, CACHE = f"{REPOSITORY}:v1.0-0123456789ab", f"{REPOSITORY}:cache"
DIGEST = f"sha256:{'1' * 64}"


def test_docker_builds_from_the_last_image_and_says_so_in_this_one(tmp_path: Path) -> None:
    """The options come before the folder; without a cache there are none of them."""
    command = Engine("docker").build_command(Recipe(tmp_path, IMAGE, cache=CACHE))
    for pair in (("--cache-from", CACHE), ("--build-arg", "BUILDKIT_INLINE_CACHE=1")):
        assert pair in itertools.pairwise(command)
    assert command[-1] == str(tmp_path)
    assert "--cache-from" not in Engine("docker").build_command(Recipe(tmp_path, IMAGE))
    assert CACHE not in Engine("podman").build_command(Recipe(tmp_path, IMAGE, cache=CACHE))


def test_pushed_image_is_the_next_ones_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is pushed under both names, logged in once; the digest is that of the release's."""
    engines = FakeEngines(tmp_path, monkeypatch)
    references = json.dumps([f"{REPOSITORY}@{DIGEST}"])
    engines.add(
        "docker",
        Reply(["login"]),
        Reply(["push"]),
        Reply(["tag"]),
        Reply(["image", "inspect"], out=references),
    )
    said: list[str] = []
    assert Engine("docker").push(IMAGE, "a token", said.append, cache=CACHE) == DIGEST
    asked = [words[1:] for words in engines.asked]
    assert asked[1:4] == [["push", IMAGE], ["tag", IMAGE, CACHE], ["push", CACHE]]
    assert [words[0] for words in asked].count("login") == 1


def test_list_of_packages_alone_decides_the_environments_layer() -> None:
    """The stage that installs copies the list and what prunes it, so that code changes leave it."""
    dockerfile = (ROOT / "service" / "Dockerfile").read_text()
    stage = dockerfile.split("AS environment\n")[1].split("\nFROM ")[0]
    copied = [line for line in stage.splitlines() if line.startswith("COPY ")]
    assert copied == ["COPY requirements.txt service/prune.py /tmp/"]
    assert "COPY --from=environment /opt/venv /opt/venv" in dockerfile
