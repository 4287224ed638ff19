"""Requests to an endpoint: no proxy stands between this machine and itself.

To another machine only https goes through the user's proxy, in a tunnel: what a proxy refuses is
then an error of the connection, and never taken for the endpoint's own answer.
"""

import urllib.request
from functools import cache
from http.client import HTTPResponse
from ipaddress import ip_address
from urllib.parse import urlsplit


def open_url(request: urllib.request.Request, limit_s: float) -> HTTPResponse:
    """The answer, if its status is no error.

    Raises:
        urllib.error.HTTPError: the endpoint answers with an error.
        OSError: there is no answer.
    """
    opener = _direct() if is_loopback(request.full_url) else _through_tunnel()
    answer: HTTPResponse = opener.open(request, timeout=limit_s)
    return answer


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
