"""Cloud Storage's part of what the fake's project has."""

from dataclasses import dataclass, field

from tests.google.api import Json, timestamp


@dataclass(slots=True)
class StoredObject:
    """Of a bucket; one generation is kept."""

    content: bytes
    generation: int
    content_type: str = "application/octet-stream"
    metadata: dict[str, str] = field(default_factory=dict)
    created: str = field(default_factory=timestamp)


@dataclass(slots=True)
class Bucket:
    """``resource`` holds its settings, as the API words them."""

    name: str
    resource: Json
    objects: dict[str, StoredObject] = field(default_factory=dict)
