"""The served OpenAPI document, held against the running service by schemathesis."""

import subprocess
import sys
from pathlib import Path

from twinserve.targets.local import local_service
from twinserve.targets.ready import wait_until_answering


def test_service_does_as_its_openapi_says(dist: Path, tmp_path: Path) -> None:
    """No generated request gets an undocumented status, type, header or body."""
    with local_service(dist / "service").start() as endpoint:
        wait_until_answering(endpoint)
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            f"{endpoint.url}/openapi.json",
            "--checks=all",
            "--max-examples=50",
            "--seed=1",
            "--generation-database=none",
            "--no-color",
        ]
        # It keeps a cache where it runs.
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout
