"""Requests to an endpoint: no proxy stands between this machine and itself.

To another machine only https goes through the user's proxy, in a tunnel: what a proxy refuses is
then an error of the connection, and never taken for the endpoint's own answer. By urllib, which
takes certificates, proxies and the hosts without a proxy as the system names them.
"""

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from ipaddress import ip_address
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
    request = urllib.request.Request(url, body, dict(headers or {}), method=method)  # noqa: S310 - as it says
    opener = _direct() if is_loopback(url) else _through_tunnel()
    try:
        try:
            answer = opener.open(request, timeout=limit_s)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            fields = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status, fields, answer.read())
    except HTTPException as error:
        raise OSError(f"not an answer in HTTP: {error!r}") from None


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
