"""Pushes and pulls of images: the OCI distribution specification 1.1, behind docker.pkg.dev.

What is pushed runs: the folder in the image that holds a bundle's manifest is what revisions start.
Artifact Registry's tokens: cloud.google.com/artifact-registry/docs/docker/authentication.
"""

import base64
import hashlib
import json
import secrets
import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tests.google.api import Answer, Json, Request, Routes, as_json
from tests.google.state import PROJECT, REGISTRY, TOKEN, Image
from twinserve.config.layout import MANIFEST_NAME, REQUIREMENTS_NAME

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

NAME = f"{REGISTRY}/v2/{PROJECT}/{{repository}}/{{package:path}}"
# These answer without a token, to say how to get one.
OPEN = ("/v2/", "/v2/token")
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
USER = "oauth2accesstoken"

routes = Routes()


@routes("GET", f"{REGISTRY}/v2/")
def _check(_cloud: "Cloud", request: Request) -> Answer:
    """Whether the token is good."""
    if request.headers.get("authorization") == f"Bearer {TOKEN}":
        return as_json({})
    return challenge()


def challenge() -> Answer:
    """401, and where to get a token."""
    realm = f'Bearer realm="https://{REGISTRY}/v2/token",service="{REGISTRY}"'
    return Answer(401, b"{}", {"WWW-Authenticate": realm, "Content-Type": "application/json"})


@routes("GET", f"{REGISTRY}/v2/token")
def _token(_cloud: "Cloud", request: Request) -> Answer:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic" or base64.b64decode(given) != f"{USER}:{TOKEN}".encode():
        return _error(401, "UNAUTHORIZED", "authentication failed")
    return as_json({"token": TOKEN, "expires_in": 3600})


@routes("HEAD", NAME + "/blobs/sha256:{hex}")
@routes("GET", NAME + "/blobs/sha256:{hex}")
def _get_blob(cloud: "Cloud", request: Request) -> Answer:
    digest = f"sha256:{request.values['hex']}"
    blob = _blob(cloud, digest)
    if not blob.exists():
        return _error(404, "BLOB_UNKNOWN", "blob unknown to registry")
    return _content(blob.read_bytes(), digest, "application/octet-stream")


@routes("POST", NAME + "/blobs/uploads/")
def _begin(cloud: "Cloud", request: Request) -> Answer:
    if request.values["repository"] not in cloud.state.repositories:
        return _error(404, "NAME_UNKNOWN", f'Repository "{request.values["repository"]}" not found')
    session = secrets.token_hex(8)
    _blob(cloud, session).touch()
    return _session(request, session)


@routes("PATCH", NAME + "/blobs/uploads/{session}")
def _append(cloud: "Cloud", request: Request) -> Answer:
    blob = _blob(cloud, request.values["session"])
    with blob.open("ab") as file:
        file.write(request.body)
    return _session(request, blob.name, blob.stat().st_size)


@routes("PUT", NAME + "/blobs/uploads/{session}")
def _finish(cloud: "Cloud", request: Request) -> Answer:
    blob = _blob(cloud, request.values["session"])
    with blob.open("ab") as file:
        file.write(request.body)
    digest = request.query["digest"]
    if _digest(blob.read_bytes()) != digest:
        return _error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
    blob.rename(_blob(cloud, digest))
    return Answer(201, headers={"Location": request.path, "Docker-Content-Digest": digest})


@routes("PUT", NAME + "/manifests/{reference:path}")
def _put_manifest(cloud: "Cloud", request: Request) -> Answer:
    """An image, once all its blobs are there."""
    manifest = json.loads(request.body)
    parts = [manifest["config"], *manifest["layers"]]
    if missing := [part["digest"] for part in parts if not _blob(cloud, part["digest"]).exists()]:
        return _error(400, "MANIFEST_BLOB_UNKNOWN", f"blob unknown: {missing[0]}")
    digest = _digest(request.body)
    _blob(cloud, digest).write_bytes(request.body)
    folder = cloud.directory / "pulled" / digest.removeprefix("sha256:")[:16]
    bundle = _unpack([_blob(cloud, layer["digest"]) for layer in manifest["layers"]], folder)
    _, copy = cloud.instances.snapshot(bundle, "service")
    reference = request.values["reference"]
    cloud.state.add_image(
        request.values["repository"],
        request.values["package"],
        Image(digest, "service", copy),
        "" if reference.startswith("sha256:") else reference,
    )
    return Answer(201, headers={"Location": request.path, "Docker-Content-Digest": digest})


@routes("HEAD", NAME + "/manifests/{reference:path}")
@routes("GET", NAME + "/manifests/{reference:path}")
def _get_manifest(cloud: "Cloud", request: Request) -> Answer:
    reference = request.values["reference"]
    mark = "@" if reference.startswith("sha256:") else ":"
    path = f"{request.values['repository']}/{request.values['package']}"
    image = cloud.state.find_image(f"{REGISTRY}/{PROJECT}/{path}{mark}{reference}")
    if image is None or not _blob(cloud, image.digest).exists():
        return _error(404, "MANIFEST_UNKNOWN", "manifest unknown to registry")
    content = _blob(cloud, image.digest).read_bytes()
    return _content(content, image.digest, json.loads(content).get("mediaType", OCI_MANIFEST))


def _unpack(layers: list[Path], folder: Path) -> Path:
    """The folder of the image that holds a bundle, or an empty one if none does.

    Layers are laid over one another; that a later one may delete something is of no matter here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    root = _find_bundle(layers)
    if root is None:
        return folder
    for layer in layers:
        with tarfile.open(layer) as archive:
            for member in archive:
                path = PurePosixPath("/", member.name)
                if member.isfile() and root in path.parents:
                    member.name = str(path.relative_to(root))
                    archive.extract(member, folder, filter="data")
    return folder


def _find_bundle(layers: list[Path]) -> PurePosixPath | None:
    folders: dict[str, set[PurePosixPath]] = {MANIFEST_NAME: set(), REQUIREMENTS_NAME: set()}
    for layer in layers:
        with tarfile.open(layer) as archive:
            for name in archive.getnames():
                path = PurePosixPath("/", name)
                folders.get(path.name, set()).add(path.parent)
    return next(iter(set.intersection(*folders.values())), None)


def _blob(cloud: "Cloud", name: str) -> Path:
    """Where a blob is kept, by its digest or its upload's name."""
    folder = cloud.directory / "blobs"
    folder.mkdir(exist_ok=True)
    return folder / name


def _session(request: Request, session: str, length: int = 0) -> Answer:
    path = request.path.partition("/blobs/uploads")[0]
    where = f"https://{REGISTRY}{path}/blobs/uploads/{session}"
    return Answer(202, headers={"Location": where, "Range": f"0-{max(length - 1, 0)}"})


def _content(content: bytes, digest: str, kind: str) -> Answer:
    return Answer(200, content, {"Content-Type": kind, "Docker-Content-Digest": digest})


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _error(status: int, code: str, message: str) -> Answer:
    """As the specification words errors."""
    content: Json = {"errors": [{"code": code, "message": message}]}
    return as_json(content, status)
