"""Objects of Cloud Storage as streams, by its JSON API and the standard library alone.

Sources: Cloud Storage, "Objects: get", "Resumable uploads"; Compute Engine, "Obtain access tokens",
whose server Cloud Run has too. Google's client would be a dependency of the serving bundle's lock.
"""

import io
import json
import os
import time
import urllib.error
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

from twinserve.scoring.job.plan import split_url
from twinserve.targets.opener import open_answer

HOST = "https://storage.googleapis.com"
METADATA_HOST = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
TOKEN_URL = f"http://{METADATA_HOST}/computeMetadata/v1/instance/service-accounts/default/token"
ANSWER_WITHIN_S = 60.0
JSON = {"Content-Type": "application/json"}
# Chunks of an upload are multiples of 256 KiB, but for the last.
CHUNK_BYTES = 8 * 256 * 1024
# A token is renewed before it ends.
_SPARE_S = 300.0
# Storage's answer to a chunk that is not the last.
_GO_ON = HTTPStatus.PERMANENT_REDIRECT


class Objects:
    """Objects by their ``gs://`` URLs, with the rights of whom the process runs as."""

    def __init__(self) -> None:
        self._token, self._until = "", 0.0

    def stat(self, url: str) -> Mapping[str, str] | None:
        """The object's own metadata, or None if there is no object.

        Raises:
            OSError: it cannot be read.
        """
        try:
            with self._ask(self._address(url)) as answer:
                return cast("Mapping[str, str]", json.load(answer).get("metadata", {}))
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise

    def open(self, url: str, generation: str | None = None) -> io.BufferedReader:
        """The object's content.

        Raises:
            OSError: it cannot be read.
        """
        which = f"&generation={generation}" if generation else ""
        answer = self._ask(f"{self._address(url)}?alt=media{which}")
        return io.BufferedReader(cast("io.RawIOBase", answer), CHUNK_BYTES)

    def write(self, url: str, content: bytes) -> None:
        """Write a small object.

        Raises:
            OSError: it is refused.
        """
        upload = Upload(self, url)
        upload.append(content)
        upload.finish()

    def mark(self, url: str, metadata: Mapping[str, str]) -> None:
        """Write into the object's own metadata.

        Raises:
            OSError: it is refused.
        """
        body = json.dumps({"metadata": dict(metadata)}).encode()
        self._ask(self._address(url), "PATCH", body).close()

    def begin_upload(self, url: str) -> str:
        """Where the content goes; nothing is there before all of it has come."""
        bucket, name = split_url(url)
        described = {"name": name, "contentType": "text/csv"}
        address = f"{HOST}/upload/storage/v1/b/{bucket}/o?uploadType=resumable"
        with self._ask(address, "POST", json.dumps(described).encode()) as answer:
            return str(answer.headers["Location"])

    def send_chunk(self, session: str, chunk: bytes, span: str) -> None:
        """Send a part of an upload.

        Raises:
            OSError: it is refused.
        """
        self._ask(session, "PUT", chunk, {"Content-Range": f"bytes {span}"}).close()

    def _address(self, url: str) -> str:
        bucket, name = split_url(url)
        return f"{HOST}/storage/v1/b/{bucket}/o/{quote(name, safe='')}"

    def _ask(
        self,
        address: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] = JSON,
    ) -> Any:  # noqa: ANN401 - an open answer
        who = {"Authorization": f"Bearer {self._fresh_token()}"}
        headers = {**who, **headers}
        return open_answer(address, ANSWER_WITHIN_S, method=method, body=body, headers=headers)

    def _fresh_token(self) -> str:
        if time.monotonic() > self._until:
            headers = {"Metadata-Flavor": "Google"}
            with open_answer(TOKEN_URL, ANSWER_WITHIN_S, headers=headers) as answer:
                token = json.load(answer)
            self._token = token["access_token"]
            self._until = time.monotonic() + token["expires_in"] - _SPARE_S
        return self._token


class Upload:
    """An object that is there whole once ``finish`` has ended, and not before."""

    def __init__(self, objects: Objects, url: str) -> None:
        self._objects = objects
        self._session = objects.begin_upload(url)
        self._waiting = bytearray()
        self._sent = 0

    def append(self, content: bytes) -> None:
        """Send what makes whole chunks."""
        self._waiting += content
        while len(self._waiting) > CHUNK_BYTES:
            chunk = bytes(self._waiting[:CHUNK_BYTES])
            del self._waiting[:CHUNK_BYTES]
            self._send(chunk, "*")

    def finish(self) -> None:
        """Send the rest; the object appears."""
        self._send(bytes(self._waiting), str(self._sent + len(self._waiting)))

    def _send(self, chunk: bytes, total: str) -> None:
        span = f"{self._sent}-{self._sent + len(chunk) - 1}" if chunk else "*"
        try:
            self._objects.send_chunk(self._session, chunk, f"{span}/{total}")
        except urllib.error.HTTPError as error:
            if error.code != _GO_ON or total != "*":
                raise
        self._sent += len(chunk)
