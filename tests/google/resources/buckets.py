"""Buckets: Cloud Storage JSON API v1, Buckets."""

from typing import TYPE_CHECKING

from tests.google.api import ApiError, Json, Request, Routes, timestamp
from tests.google.buckets import Bucket
from tests.google.state import PROJECT_NUMBER

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

API = "storage.googleapis.com/storage/v1/b"

routes = Routes()


@routes("GET", API)
def _list(cloud: "Cloud", request: Request) -> Json:
    prefix = request.query.get("prefix", "")
    items = [as_json(b) for b in cloud.state.buckets.values() if b.name.startswith(prefix)]
    return {"kind": "storage#buckets", "items": items}


@routes("GET", API + "/{bucket}")
def _get(cloud: "Cloud", request: Request) -> Json:
    return as_json(find(cloud, request.values["bucket"]))


@routes("GET", API + "/{bucket}/storageLayout")
def _layout(cloud: "Cloud", request: Request) -> Json:
    """Buckets: getStorageLayout, which `gcloud storage rm` asks for before a bucket goes."""
    bucket = find(cloud, request.values["bucket"])
    return {"kind": "storage#storageLayout", "bucket": bucket.name, "locationType": "region"}


@routes("GET", API + "/{bucket}/managedFolders")
def _folders(cloud: "Cloud", request: Request) -> Json:
    """ManagedFolders: list; asked for before a bucket goes, and none exists here."""
    find(cloud, request.values["bucket"])
    return {"kind": "storage#managedFolders", "items": []}


@routes("POST", API)
def _create(cloud: "Cloud", request: Request) -> Json:
    name = request.json["name"]
    if name in cloud.state.buckets:
        message = (
            "Your previous request to create the named bucket succeeded and you already own it."
        )
        raise ApiError(409, "conflict", message)
    bucket = Bucket(name, {"timeCreated": timestamp(), **request.json})
    cloud.state.buckets[name] = bucket
    return as_json(bucket)


@routes("PATCH", API + "/{bucket}")
@routes("PUT", API + "/{bucket}")
def _update(cloud: "Cloud", request: Request) -> Json:
    bucket = find(cloud, request.values["bucket"])
    asked = request.json
    bucket.resource |= {key: value for key, value in asked.items() if value is not None}
    for key in [key for key, value in asked.items() if value is None]:
        bucket.resource.pop(key, None)
    return as_json(bucket)


@routes("DELETE", API + "/{bucket}")
def _delete(cloud: "Cloud", request: Request) -> Json:
    bucket = find(cloud, request.values["bucket"])
    if bucket.objects:
        raise ApiError(409, "conflict", "The bucket you tried to delete is not empty.")
    del cloud.state.buckets[bucket.name]
    return {}


def find(cloud: "Cloud", name: str) -> Bucket:
    """The bucket of that name.

    Raises:
        ApiError: there is none.
    """
    if name not in cloud.state.buckets:
        raise ApiError(404, "notFound", "The specified bucket does not exist.")
    return cloud.state.buckets[name]


def as_json(bucket: Bucket) -> Json:
    """A bucket as the API shows it."""
    location = str(bucket.resource.get("location", "US")).upper()
    return bucket.resource | {
        "kind": "storage#bucket",
        "id": bucket.name,
        "name": bucket.name,
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{bucket.name}",
        "projectNumber": PROJECT_NUMBER,
        "location": location,
        "locationType": "multi-region" if location in {"US", "EU"} else "region",
        "storageClass": bucket.resource.get("storageClass", "STANDARD"),
        "metageneration": "1",
        "etag": "CAE=",
    }
