"""Secrets of the targets: read by the runtime account only, named beforehand where they lack."""

import psutil
import pytest
import yaml

from tests.google.state import Secret
from tests.pipeline.cloud.repository import NAME
from tests.pipeline.releases.project import RUNTIME, Project

VALUE = "open sesame"
ACCESSOR = "roles/secretmanager.secretAccessor"


def ask_for_secret(project: Project) -> None:
    """Both targets read version 1 of api-key, and a plain variable with a comma."""
    path = project.tree / "params.yaml"
    params = yaml.safe_load(path.read_text())
    for target in ("service", "function"):
        params["deployment"][target] |= {
            "variables": {"PLACES": "alps,andes"},
            "secrets": {"API_KEY": "api-key:1"},
        }
    path.write_text(yaml.safe_dump(params, sort_keys=False))


@pytest.mark.nightly
def test_release_needs_the_secret_that_a_target_reads(project: Project) -> None:
    """Refused and undone while the account may not read it; then both processes have its value."""
    state = project.google.state
    project.bundle("v1.0")
    ask_for_secret(project)
    state.secrets["api-key"] = Secret("api-key", {}, [VALUE])
    refused = project.run("release", code=1)
    assert "Permission denied on secret: projects/123456789012/secrets/api-key/versions/1 for " in (
        refused.stderr
    )
    assert "Traceback" not in refused.stderr
    assert not state.services
    binding = {"role": ACCESSOR, "members": [f"serviceAccount:{RUNTIME}"]}
    state.policy("secrets/api-key").bindings.append(binding)
    released = project.run("release")
    assert VALUE not in released.stdout + released.stderr
    having = [
        process.environ()
        for process in psutil.Process().children(recursive=True)
        if process.environ().get("API_KEY") == VALUE
    ]
    assert len(having) >= 2
    assert {variables["PLACES"] for variables in having} == {"alps,andes"}


@pytest.mark.nightly
def test_bootstrap_makes_the_secret_and_doctor_asks_for_its_value(project: Project) -> None:
    """No value passes through either; once there is one, nothing stops."""
    project.bundle("v1.0")
    ask_for_secret(project)
    google = project.google
    google.state.github[NAME] = {"id": 1, "owner": {"id": 2}}
    made = project.run("bootstrap", "--github", NAME, code=1)
    (told,) = [line for line in made.stdout.splitlines() if "secrets: " in line]
    assert told == (
        "stop    secrets: api-key has no version 1 Fix: gcloud secrets versions add api-key "
        "--data-file=FILE; its number in params.yaml"
    )
    given = google.state.policy("secrets/api-key").bindings
    assert given == [{"role": ACCESSOR, "members": [f"serviceAccount:{RUNTIME}"]}]
    google.gcloud("secrets", "versions", "add", "api-key", "--data-file=-", stdin=VALUE)
    assert google.state.secrets["api-key"].versions == [VALUE]
    asked = project.run("doctor", code=None)
    assert "secrets: " not in asked.stdout
    assert VALUE not in made.stdout + asked.stdout
