"""Requests to an endpoint: no proxy stands between this machine and itself.

To another machine only https goes through the user's proxy, in a tunnel: what a proxy refuses is
then an error of the connection, and never taken for the endpoint's own answer. By urllib, which
takes certificates, proxies and the hosts without a proxy as the system names them; httpx trusts
certifi's list instead of the certificates that a company has installed.
"""

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(
    url: str,
    limit_s: float,
    *,
    method: str | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """The answer of an http or https URL, whatever its status; with a body POST, else GET.

    Raises:
        OSError: there is no answer.
    """
    try:
        try:
            answer = open_answer(url, limit_s, method=method, body=body, headers=headers)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            fields = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status, fields, answer.read())
    except HTTPException as error:
        raise OSError(f"not an answer in HTTP: {error!r}") from None


def open_answer(
    url: str,
    limit_s: float,
    *,
    method: str | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:  # noqa: ANN401 - urllib's
    """The same answer, open: its body is read as it comes.

    Raises:
        OSError: there is none, or it is a refusal (``HTTPError``).
        HTTPException: it is no HTTP.
    """
    request = urllib.request.Request(url, body, dict(headers or {}), method=method)  # noqa: S310 - as it says
    opener = _direct() if is_loopback(url) else _through_tunnel()
    return opener.open(request, timeout=limit_s)


def is_loopback(url: str) -> bool:
    """Whether the URL is of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@cache
def _direct() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _through_tunnel() -> urllib.request.OpenerDirector:
    proxies = urllib.request.getproxies()
    tunnel = {scheme: url for scheme, url in proxies.items() if scheme == "https"}
    return urllib.request.build_opener(urllib.request.ProxyHandler(tunnel))
