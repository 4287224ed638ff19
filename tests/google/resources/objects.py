"""Objects: Cloud Storage JSON API v1, Objects, with generation preconditions."""

import base64
import json
import re
import secrets
from collections.abc import Mapping
from email.parser import BytesParser
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.google.api import Answer, ApiError, Json, Request, Routes, as_json
from tests.google.buckets import Bucket, StoredObject
from tests.google.checksums import crc32c, md5
from tests.google.resources.buckets import API, find

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

UPLOAD = "storage.googleapis.com/upload/storage/v1/b/{bucket}/o"

routes = Routes()


@routes("POST", UPLOAD, "storage.googleapis.com/resumable/upload/storage/v1/b/{bucket}/o")
def _upload(cloud: "Cloud", request: Request) -> Answer:
    bucket = find(cloud, request.values["bucket"])
    kind = request.query.get("uploadType")
    if kind == "multipart":
        metadata, content = _parts(request)
        name = metadata.get("name") or request.query["name"]
        return as_json(_store(cloud, bucket, name, content, metadata, request.query))
    if kind == "media":
        name = request.query["name"]
        kind_of = {"contentType": request.headers.get("content-type", "")}
        return as_json(_store(cloud, bucket, name, request.body, kind_of, request.query))
    metadata = request.json
    session = secrets.token_hex(8)
    name = metadata.get("name") or request.query["name"]
    check(bucket, name, request.query)
    cloud.state.operations[session] = {
        "bucket": bucket.name,
        "name": name,
        "metadata": metadata,
        "query": dict(request.query),
        "content": b"",
    }
    where = f"https://{request.host}/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&upload_id={session}"
    return Answer(200, headers={"Location": where, "X-GUploader-UploadID": session})


@routes("PUT", UPLOAD)
def _continue(cloud: "Cloud", request: Request) -> Answer:
    """A block of a resumable upload; the last one has a known total."""
    session = cloud.state.operations[request.query["upload_id"]]
    span = re.fullmatch(
        r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", request.headers.get("content-range", "")
    )
    session["content"] += request.body
    if (span and span[3] == "*") or (span and int(span[3]) > len(session["content"])):
        end = len(session["content"]) - 1
        return Answer(308, headers={"Range": f"bytes=0-{end}"} if end >= 0 else {})
    bucket = find(cloud, session["bucket"])
    stored = _store(
        cloud, bucket, session["name"], session["content"], session["metadata"], session["query"]
    )
    return as_json(stored)


@routes("GET", API + "/{bucket}/o")
def _list(cloud: "Cloud", request: Request) -> Json:
    bucket = find(cloud, request.values["bucket"])
    prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter", "")
    items, prefixes = [], set()
    for name in sorted(bucket.objects):
        if not name.startswith(prefix):
            continue
        rest = name[len(prefix) :]
        if delimiter and delimiter in rest:
            prefixes.add(prefix + rest.split(delimiter)[0] + delimiter)
        else:
            items.append(describe(bucket, name))
    listing = {"kind": "storage#objects", "items": items, "prefixes": sorted(prefixes)}
    return {key: value for key, value in listing.items() if value}


@routes(
    "GET",
    API + "/{bucket}/o/{object}",
    "storage.googleapis.com/download/storage/v1/b/{bucket}/o/{object}",
)
def _get(cloud: "Cloud", request: Request) -> Answer:
    bucket = find(cloud, request.values["bucket"])
    name = request.values["object"]
    stored = _existing(bucket, name)
    check(bucket, name, request.query)
    if request.query.get("alt") != "media":
        return as_json(describe(bucket, name))
    return _content(stored, request)


@routes("PATCH", API + "/{bucket}/o/{object}")
def _update(cloud: "Cloud", request: Request) -> Json:
    bucket = find(cloud, request.values["bucket"])
    stored = _existing(bucket, request.values["object"])
    check(bucket, request.values["object"], request.query)
    stored.metadata |= request.json.get("metadata", {})
    return describe(bucket, request.values["object"])


@routes("DELETE", API + "/{bucket}/o/{object}")
def _delete(cloud: "Cloud", request: Request) -> Answer:
    bucket = find(cloud, request.values["bucket"])
    name = request.values["object"]
    _existing(bucket, name)
    check(bucket, name, request.query)
    del bucket.objects[name]
    return Answer(204)


def check(bucket: Bucket, name: str, query: Mapping[str, str]) -> None:
    """Preconditions: 0 means that no object may be there.

    Raises:
        ApiError: 412.
    """
    wanted = query.get("ifGenerationMatch")
    stored = bucket.objects.get(name)
    if wanted is not None and int(wanted) != (stored.generation if stored else 0):
        message = "At least one of the pre-conditions you specified did not hold."
        raise ApiError(412, "conditionNotMet", message)


def describe(bucket: Bucket, name: str) -> Json:
    """An object as the API shows it."""
    stored = bucket.objects[name]
    path = f"storage/v1/b/{bucket.name}/o/{quote(name, safe='')}"
    return {
        "kind": "storage#object",
        "id": f"{bucket.name}/{name}/{stored.generation}",
        "name": name,
        "bucket": bucket.name,
        "generation": str(stored.generation),
        "metageneration": "1",
        "contentType": stored.content_type,
        "storageClass": "STANDARD",
        "size": str(len(stored.content)),
        "md5Hash": md5(stored.content),
        "crc32c": crc32c(stored.content),
        "etag": base64.b64encode(str(stored.generation).encode()).decode(),
        "timeCreated": stored.created,
        "updated": stored.created,
        "mediaLink": f"https://storage.googleapis.com/download/{path}?generation={stored.generation}&alt=media",
        "metadata": stored.metadata,
    }


def _store(
    cloud: "Cloud",
    bucket: Bucket,
    name: str,
    content: bytes,
    metadata: Json,
    query: Mapping[str, str],
) -> Json:
    check(bucket, name, query)
    bucket.objects[name] = StoredObject(
        content,
        cloud.state.next(),
        metadata.get("contentType") or "application/octet-stream",
        metadata.get("metadata", {}),
    )
    return describe(bucket, name)


def _existing(bucket: Bucket, name: str) -> StoredObject:
    if name not in bucket.objects:
        raise ApiError(404, "notFound", f"No such object: {bucket.name}/{name}")
    return bucket.objects[name]


def _parts(request: Request) -> tuple[Json, bytes]:
    """Metadata and content of a multipart/related upload."""
    boundary = re.search(r"""boundary=["']?([^"';]+)""", request.headers["content-type"])
    marker = b"--" + (boundary[1] if boundary else "").encode()
    line = b"\r\n" if b"\r\n--" in request.body[-len(marker) - 8 :] else b"\n"
    metadata, content = (piece[len(line) :] for piece in request.body.split(marker)[1:3])
    head, _, content = content.partition(line * 2)
    described = json.loads(metadata.partition(line * 2)[2])
    described.setdefault("contentType", BytesParser().parsebytes(head + line).get_content_type())
    return described, content.removesuffix(line)


def _content(stored: StoredObject, request: Request) -> Answer:
    total = len(stored.content)
    span = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    headers = {
        "Content-Type": stored.content_type,
        "X-Goog-Generation": str(stored.generation),
        "X-Goog-Hash": f"crc32c={crc32c(stored.content)},md5={md5(stored.content)}",
    }
    if not span or total == 0:
        return Answer(200, stored.content, headers)
    first, last = int(span[1]), min(int(span[2] or total - 1), total - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{total}"
    return Answer(206, stored.content[first : last + 1], headers)
