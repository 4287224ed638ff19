"""Answers of published sources; where there is none, a line that names the source."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from twinserve.config.errors import UserError
from twinserve.targets.opener import Reply, ask

LIMIT_S = 30.0


def read_json(url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """The JSON object that a source answers with.

    Raises:
        UserError: it answers with something else, or not at all.
    """
    reply = read(url, headers)
    try:
        content = json.loads(reply.body) if reply.status == HTTPStatus.OK else None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        said = _message(reply.body)
        raise UserError(f"{url}: status {reply.status}, and no JSON object{said}")
    return content


def read(url: str, headers: Mapping[str, str] | None = None) -> Reply:
    """The answer, whatever its status.

    Raises:
        UserError: there is none.
    """
    try:
        return ask(url, LIMIT_S, headers=headers)
    except OSError as error:
        raise UserError(f"{url}: no answer ({error})") from None


def _message(body: bytes) -> str:
    """What one of Google's APIs says of a refusal (AIP-193)."""
    try:
        return f": {' '.join(str(json.loads(body)['error']['message']).split())[:300]}"
    except (KeyError, TypeError, ValueError):
        return ""
