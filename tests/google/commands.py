"""The gcloud commands that more than one test of the fake gives."""

import json
from pathlib import Path

from tests.google.api import Json
from tests.google.fake import FakeGoogle
from tests.google.state import PROJECT, REGION, REGISTRY
from twinserve.contract.calls import HttpCaller
from twinserve.targets.opener import Reply

SERVICE = "fastapi-ml-service"
FUNCTION = "predict-ml"
IMAGE = f"{REGISTRY}/{PROJECT}/ml-models/{SERVICE}"
HERE = f"--region={REGION}"
BODY = b'{"features": [5.1, 3.5, 1.4, 0.2]}'
JSON_BODY = (("Content-Type", "application/json"),)


def succeed(google: FakeGoogle, *arguments: str, stdin: str = "") -> Json:
    """The output of a command that must succeed, with ``--format=json``."""
    done = google.gcloud(*arguments, "--format=json", stdin=stdin)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def fail(google: FakeGoogle, *arguments: str, stdin: str = "") -> str:
    """The error of a command that must fail."""
    done = google.gcloud(*arguments, stdin=stdin)
    assert done.returncode == 1, done.stdout
    return done.stderr


def deploy_service(google: FakeGoogle, bundle: Path, *flags: str) -> Json:
    """Deploy the bundle as a public service."""
    digest = google.push_image(f"{IMAGE}:v1", bundle)
    command = ["run", "deploy", SERVICE, f"--image={IMAGE}@{digest}", HERE]
    return succeed(google, *command, "--allow-unauthenticated", *flags)


def deploy_function(google: FakeGoogle, bundle: Path, *flags: str) -> Json:
    """Deploy the bundle's source as a function; private unless a flag says otherwise."""
    command = ["run", "deploy", FUNCTION, "--function=predict", f"--source={bundle}", HERE]
    base = ["--base-image=python311", "--no-automatic-updates"]
    private = [] if "--allow-unauthenticated" in flags else ["--no-allow-unauthenticated"]
    base.append(
        f"--build-service-account=projects/{PROJECT}/serviceAccounts/{make_builder(google)}"
    )
    return succeed(google, *command, *base, *private, *flags)


def make_builder(google: FakeGoogle) -> str:
    """The email of an account that may build."""
    email = f"builder@{PROJECT}.iam.gserviceaccount.com"
    google.state.accounts[email] = {"email": email}
    binding = {"role": "roles/run.builder", "members": [f"serviceAccount:{email}"]}
    google.state.policy(f"projects/{PROJECT}").bindings.append(binding)
    return email


def predict(url: str, *headers: tuple[str, str]) -> Reply:
    """Ask for a prediction."""
    return HttpCaller(url).call("POST", "/predict", [*JSON_BODY, *headers], BODY)
