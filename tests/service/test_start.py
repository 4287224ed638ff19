"""A server whose bundle was changed does not start, and says why in a line."""

import shutil
import subprocess
from pathlib import Path

import pytest

from config.errors import UserError
from targets.local import local_function, local_service
from targets.ready import wait_until_answering


@pytest.mark.parametrize("name", ["service", "function"])
@pytest.mark.parametrize("spoiled", ["model.so", "model.json", "serving.json"])
def test_server_refuses_a_changed_bundle(
    name: str, spoiled: str, dist: Path, tmp_path: Path
) -> None:
    """One more byte in a model file: exit code 1, and the file is named."""
    bundle = tmp_path / name
    shutil.copytree(dist / name, bundle)
    with (bundle / spoiled).open("ab") as file:
        file.write(b"\n")
    target = (local_service if name == "service" else local_function)(bundle)
    expected = rf"{name} ended with exit code 1: error: .*/{spoiled}: SHA-256 .*nothing is served"
    with target.start() as endpoint, pytest.raises(UserError, match=expected):
        wait_until_answering(endpoint)


def test_port_that_is_none_is_told(dist: Path) -> None:
    """A PORT that is not a number ends the service with the variable's name."""
    target = local_service(dist / "service")
    done = subprocess.run(
        target.command,
        cwd=target.directory,
        env={**target.environment, "PORT": "http"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "error: PORT must be a number, found 'http'\n")
