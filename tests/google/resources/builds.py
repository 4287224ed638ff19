"""Builds: a function's from source (Cloud Run Admin API v2, builds.submit) and any other.

Cloud Build API v1: projects.locations.builds, operations.
"""

import io
import secrets
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tests.google import building
from tests.google.api import ApiError, Json, Request, Routes, invalid, not_found, timestamp
from tests.google.state import DEFAULT_ACCOUNT, PROJECT, PROJECT_NUMBER, REGION, Image, Kind

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

BUILD = "cloudbuild.googleapis.com/v1/projects/{project}"
PLACE = BUILD + "/locations/{region}"
PARENT = f"projects/{PROJECT}/locations"
LOG = "https://console.cloud.google.com/cloud-build/builds;region={region}/{id}?project={number}"

DEFAULT_NAME = f"projects/{PROJECT}/serviceAccounts/{DEFAULT_ACCOUNT}"

OnBuild: TypeAlias = Callable[[Json, Path], bool]

routes = Routes()


@routes("POST", "run.googleapis.com/v2/projects/{project}/locations/{region}/builds:submit")
def _submit(cloud: "Cloud", request: Request) -> Json:
    """A buildpack's build: the uploaded source becomes the bundle of the image."""
    asked = request.json
    pack = asked.get("buildpackBuild")
    if not pack:
        raise invalid("the fake builds with buildpacks only")
    account = building.account_of(asked.get("serviceAccount", ""))
    building.check_account(cloud, account, request.caller)
    building.check_builder(cloud, account)
    building.check_runtime(pack.get("baseImage", "python311"))
    building.check_quota(cloud, asked.get("machineType", ""))
    source = unpack(cloud, asked["storageSource"])
    settings = {
        "source": {"storageSource": asked["storageSource"]},
        "serviceAccount": asked.get("serviceAccount") or DEFAULT_NAME,
    }
    build = _new(request.values["region"], settings)
    cloud.state.builds[build["id"]] = build
    kind: Kind = "function" if pack.get("functionTarget") else "service"
    main = source / "main.py"
    missing = kind == "function" and not (
        main.exists() and pack["functionTarget"] in main.read_text()
    )
    build["fails"] = bool(cloud.build_failures.pop(0)) if cloud.build_failures else missing
    if not build["fails"]:
        digest, copy = cloud.instances.snapshot(source, kind)
        _, _, repository, name = asked["imageUri"].split("/", 3)
        cloud.state.add_image(repository, name.partition(":")[0], Image(digest, kind, copy))
        build["results"] = {"images": [{"name": asked["imageUri"], "digest": digest}]}
    answer: Json = {"buildOperation": _operation(build, done=False)}
    if base := pack.get("baseImage"):
        answer["baseImageUri"] = base_image(base)
    return answer


def base_image(name: str) -> str:
    """The image that a short name of a runtime stands for.

    cloud.google.com/run/docs/configuring/services/runtime-base-images lists them.
    """
    if "/" in name:
        return name
    return f"{REGION}-docker.pkg.dev/serverless-runtimes/google-22-full/runtimes/{name}"


@routes("POST", PLACE + "/builds", BUILD + "/builds")
def _create(cloud: "Cloud", request: Request) -> Json:
    """Accepted; ``cloud.on_build`` decides what becomes of it."""
    account = building.account_of(request.json.get("serviceAccount", ""))
    building.check_account(cloud, account, request.caller)
    building.check_quota(cloud, request.json.get("options", {}).get("machineType", ""))
    build = _new(request.values.get("region", "global"), request.json)
    cloud.state.builds[build["id"]] = build
    if cloud.on_build is None:
        build["fails"] = bool(cloud.build_failures.pop(0)) if cloud.build_failures else False
    else:
        source = unpack(cloud, build["source"]["storageSource"])
        threading.Thread(target=_run, args=(cloud.on_build, build, source), daemon=True).start()
    return _operation(build, done=False)


def _run(on_build: OnBuild, build: Json, source: Path) -> None:
    """Outside the lock: what a build does may call the fake."""
    succeeded = False
    try:
        succeeded = on_build(build, source)
    finally:
        build["fails"] = not succeeded


@routes("GET", PLACE + "/builds/{id}", BUILD + "/builds/{id}")
def _get(cloud: "Cloud", request: Request) -> Json:
    return shown(_finish(_find(cloud, request.values["id"])))


@routes(
    "GET",
    PLACE + "/operations/{id}",
    "cloudbuild.googleapis.com/v1/operations/build/{project}/{id}",
)
def _get_operation(cloud: "Cloud", request: Request) -> Json:
    build = _finish(_find(cloud, request.values["id"]))
    return _operation(build, done=build["status"] != "WORKING")


@routes("GET", PLACE + "/defaultServiceAccount")
def _default_account(_cloud: "Cloud", _request: Request) -> Json:
    return {
        "name": f"{PARENT}/{REGION}/defaultServiceAccount",
        "serviceAccountEmail": DEFAULT_NAME,
    }


def unpack(cloud: "Cloud", source: Json) -> Path:
    """The uploaded archive as a folder.

    Raises:
        ApiError: it is not in the bucket.
    """
    bucket = cloud.state.buckets.get(source["bucket"])
    stored = bucket.objects.get(source["object"]) if bucket else None
    if stored is None or str(stored.generation) != str(source.get("generation", stored.generation)):
        raise ApiError(
            404, "NOT_FOUND", f"Source gs://{source['bucket']}/{source['object']} not found"
        )
    folder = cloud.directory / "sources" / secrets.token_hex(6)
    folder.mkdir(parents=True)
    if source["object"].endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(stored.content)) as packed:
            # Its names come from the gcloud that the test has run.
            packed.extractall(folder)  # noqa: S202
    else:
        # The filter lets nothing out of the folder.
        with tarfile.open(fileobj=io.BytesIO(stored.content)) as archive:
            archive.extractall(folder, filter="data")
    return folder


def shown(build: Json) -> Json:
    """A build as the API shows it; a step of which nothing else is said has its status."""
    steps = [{"status": build["status"], **step} for step in build.get("steps", [])]
    known = {key: value for key, value in build.items() if key != "fails"}
    return known | ({"steps": steps} if steps else {})


def _new(region: str, asked: Json) -> Json:
    name = secrets.token_hex(4) + "-1111-4222-8333-" + secrets.token_hex(6)
    return asked | {
        "id": name,
        "name": f"projects/{PROJECT_NUMBER}/locations/{region}/builds/{name}",
        "projectId": PROJECT,
        "status": "WORKING",
        "createTime": timestamp(),
        "startTime": timestamp(),
        "logUrl": LOG.format(region=region, id=name, number=PROJECT_NUMBER),
    }


def _finish(build: Json) -> Json:
    if build["status"] == "WORKING" and "fails" in build:
        build["status"] = "FAILURE" if build["fails"] else "SUCCESS"
        build["finishTime"] = timestamp()
        if build["fails"]:
            build["failureInfo"] = {"type": "USER_BUILD_STEP", "detail": "Build step failure"}
    return build


def _find(cloud: "Cloud", name: str) -> Json:
    if name not in cloud.state.builds:
        raise not_found()
    return cloud.state.builds[name]


def _operation(build: Json, *, done: bool) -> Json:
    region = build["name"].split("/")[3]
    kind = "type.googleapis.com/google.devtools.cloudbuild.v1"
    operation: Json = {
        "name": f"{PARENT}/{region}/operations/{build['id']}",
        "metadata": {"@type": f"{kind}.BuildOperationMetadata", "build": shown(build)},
    }
    if done:
        operation["done"] = True
    if done and build["fails"]:
        operation["error"] = {"code": 2, "message": "Build failed; check build logs for details"}
    elif done:
        operation["response"] = {"@type": f"{kind}.Build", **shown(build)}
    return operation
