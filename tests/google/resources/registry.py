"""Repositories, packages, versions and tags: Artifact Registry API v1."""

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.google.api import ApiError, Json, Request, Routes, already_exists, not_found, timestamp
from tests.google.state import PROJECT, REGION, REGISTRY, Package, Repository

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

API = "artifactregistry.googleapis.com/v1"
REPOSITORIES = API + "/projects/{project}/locations/{region}/repositories"
REPOSITORY = REPOSITORIES + "/{repository}"
PACKAGE = REPOSITORY + "/packages/{package}"
PARENT = f"projects/{PROJECT}/locations/{REGION}"

routes = Routes()


@routes("GET", REPOSITORIES)
def _list(cloud: "Cloud", _request: Request) -> Json:
    return {"repositories": [_as_json(each) for each in cloud.state.repositories.values()]}


@routes("GET", REPOSITORY)
def _get(cloud: "Cloud", request: Request) -> Json:
    return _as_json(_find(cloud, request))


@routes("POST", REPOSITORIES)
def _create(cloud: "Cloud", request: Request) -> Json:
    name = request.query["repositoryId"]
    if name in cloud.state.repositories:
        raise already_exists("the repository already exists")
    repository = Repository(name, request.json | {"createTime": timestamp()})
    cloud.state.repositories[name] = repository
    return cloud.state.finished(
        PARENT,
        _as_json(repository)
        | {"@type": "type.googleapis.com/google.devtools.artifactregistry.v1.Repository"},
    )


@routes("PATCH", REPOSITORY)
def _update(cloud: "Cloud", request: Request) -> Json:
    repository = _find(cloud, request)
    repository.resource |= request.json
    return _as_json(repository)


@routes("DELETE", REPOSITORY)
def _delete(cloud: "Cloud", request: Request) -> Json:
    del cloud.state.repositories[_find(cloud, request).name]
    return cloud.state.finished(PARENT, {})


@routes("GET", API + "/projects/{project}/locations/{region}/operations/{id}")
def _operation(cloud: "Cloud", request: Request) -> Json:
    return cloud.state.operations[f"{PARENT}/operations/{request.values['id']}"]


@routes("GET", REPOSITORY + "/packages")
def _list_packages(cloud: "Cloud", request: Request) -> Json:
    repository = _find(cloud, request)
    return {"packages": [_package(repository, name) for name in repository.packages]}


@routes("GET", PACKAGE)
def _get_package(cloud: "Cloud", request: Request) -> Json:
    repository, name, _ = _find_package(cloud, request)
    return _package(repository, name)


@routes("DELETE", PACKAGE)
def _delete_package(cloud: "Cloud", request: Request) -> Json:
    repository, name, _ = _find_package(cloud, request)
    del repository.packages[name]
    return cloud.state.finished(PARENT, {})


@routes("GET", PACKAGE + "/versions")
def _list_versions(cloud: "Cloud", request: Request) -> Json:
    repository, name, package = _find_package(cloud, request)
    return {"versions": [_version(repository, name, package, each) for each in package.images]}


@routes("GET", REPOSITORY + "/dockerImages")
def _list_images(cloud: "Cloud", request: Request) -> Json:
    repository = _find(cloud, request)
    images = [
        _version(repository, name, package, digest)["metadata"]
        | {
            "uri": f"{REGISTRY}/{PROJECT}/{repository.name}/{name}@{digest}",
            "tags": [tag for tag, known in package.tags.items() if known == digest],
            "uploadTime": image.created,
            "updateTime": image.created,
        }
        for name, package in repository.packages.items()
        for digest, image in package.images.items()
    ]
    return {"dockerImages": images}


VERSION = PACKAGE + "/versions/sha256:{hex}"


def _find_digest(package: Package, request: Request) -> str:
    digest = f"sha256:{request.values['hex']}"
    if digest not in package.images:
        raise not_found()
    return digest


@routes("GET", VERSION)
def _get_version(cloud: "Cloud", request: Request) -> Json:
    repository, name, package = _find_package(cloud, request)
    return _version(repository, name, package, _find_digest(package, request))


@routes("DELETE", VERSION)
def _delete_version(cloud: "Cloud", request: Request) -> Json:
    """Without ``force``, one that has tags stays."""
    _, _, package = _find_package(cloud, request)
    digest = _find_digest(package, request)
    tags = [tag for tag, known in package.tags.items() if known == digest]
    if tags and request.query.get("force", "").lower() != "true":
        raise ApiError(400, "FAILED_PRECONDITION", "version has tags, use force to delete")
    for tag in tags:
        del package.tags[tag]
    del package.images[digest]
    return cloud.state.finished(PARENT, {})


@routes("GET", PACKAGE + "/tags")
def _list_tags(cloud: "Cloud", request: Request) -> Json:
    repository, name, package = _find_package(cloud, request)
    tags = [_tag(repository, name, package, tag) for tag in package.tags]
    wanted = re.fullmatch(r'version="(.*)"', request.query.get("filter", ""))
    return {"tags": [tag for tag in tags if wanted is None or tag["version"] == wanted[1]]}


@routes("GET", PACKAGE + "/tags/{tag}")
def _get_tag(cloud: "Cloud", request: Request) -> Json:
    repository, name, package = _find_package(cloud, request)
    if request.values["tag"] not in package.tags:
        raise not_found()
    return _tag(repository, name, package, request.values["tag"])


@routes("POST", PACKAGE + "/tags")
@routes("PATCH", PACKAGE + "/tags/{tag}")
def _set_tag(cloud: "Cloud", request: Request) -> Json:
    repository, name, package = _find_package(cloud, request)
    tag = request.values.get("tag") or request.query["tagId"]
    if request.method == "POST" and tag in package.tags:
        raise already_exists("the tag already exists")
    package.tags[tag] = request.json["version"].rpartition("/")[2]
    return _tag(repository, name, package, tag)


@routes("DELETE", PACKAGE + "/tags/{tag}")
def _delete_tag(cloud: "Cloud", request: Request) -> Json:
    _, _, package = _find_package(cloud, request)
    if package.tags.pop(request.values["tag"], None) is None:
        raise not_found()
    return {}


def _find(cloud: "Cloud", request: Request) -> Repository:
    name = request.values["repository"]
    if name not in cloud.state.repositories:
        raise not_found(f'Repository "{PARENT}/repositories/{name}" not found')
    return cloud.state.repositories[name]


def _find_package(cloud: "Cloud", request: Request) -> tuple[Repository, str, Package]:
    repository = _find(cloud, request)
    name = quote(request.values["package"], safe="")
    if name not in repository.packages:
        raise not_found()
    return repository, name, repository.packages[name]


def _as_json(repository: Repository) -> Json:
    return {"name": f"{PARENT}/repositories/{repository.name}"} | repository.resource


def _package(repository: Repository, name: str) -> Json:
    return {"name": f"{PARENT}/repositories/{repository.name}/packages/{name}"}


def _version(repository: Repository, name: str, package: Package, digest: str) -> Json:
    image = package.images[digest]
    parent = _package(repository, name)["name"]
    tags = [
        {"name": f"{parent}/tags/{tag}", "version": f"{parent}/versions/{digest}"}
        for tag, known in package.tags.items()
        if known == digest
    ]
    return {
        "name": f"{parent}/versions/{digest}",
        "createTime": image.created,
        "updateTime": image.created,
        "relatedTags": tags,
        "metadata": {
            "name": f"{PARENT}/repositories/{repository.name}/dockerImages/{name}@{digest}",
            "imageSizeBytes": "1000000",
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
        },
    }


def _tag(repository: Repository, name: str, package: Package, tag: str) -> Json:
    parent = _package(repository, name)["name"]
    return {"name": f"{parent}/tags/{tag}", "version": f"{parent}/versions/{package.tags[tag]}"}
