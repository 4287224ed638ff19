"""A refusal, as RFC 9457 has it, and the words that refusals share."""

import json
from typing import Any

# The largest finite float32 (IEEE 754 binary32): the model reads no number beyond it.
FLOAT32_MAX = 3.4028234663852886e38
# A body of 64 KiB can hold thirty thousand wrong positions; naming more than these helps nobody.
MOST_ERRORS_NAMED = 100

TITLES = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """A request that is refused.

    Attributes:
        status: of the answer; one of ``TITLES``.
        detail: what is wrong and what to send instead.
        errors: one entry for each offending place, with an RFC 6901 pointer as URI fragment.
        headers: to add to the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors or []
        self.headers = headers

    def to_json(self, request_id: str) -> bytes:
        """The body of the answer."""
        members: dict[str, Any] = {
            "type": "about:blank",
            "title": TITLES.get(self.status) or _title(self.status),
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.errors:
            members["errors"] = self.errors
        return json.dumps(members).encode()


def _title(status: int) -> str:
    """The title of a status that only a user's own step gives."""
    from http import HTTPStatus

    return HTTPStatus(status).phrase


def kind_of(value: object) -> str:
    """A JSON value's type in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    names = {str: "a string", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), f"a {type(value).__name__}")


def escaped(name: str) -> str:
    """A name in a pointer of RFC 6901, as a URI's fragment."""
    # Of a refusal alone.
    from urllib.parse import quote

    return quote(name.replace("~", "~0").replace("/", "~1"))
