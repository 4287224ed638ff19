"""Origins as browsers send them, so that one which could never match is refused."""

import re
from typing import Annotated

from pydantic import AfterValidator

ANY = "*"
# Of a sandboxed page or a file.
_OPAQUE = "null"
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?P<host>[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])"
    r"(:(?P<port>[1-9][0-9]{0,4}))?"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def _as_sent(origin: str) -> str:
    """The origin, if a browser may send it, RFC 6454.

    Raises:
        ValueError: it names more or less than scheme, host and port, or not in their only form.
    """
    if origin in {ANY, _OPAQUE}:
        return origin
    found = _ORIGIN.fullmatch(origin)
    if found is None or int(found["port"] or 0) >= 2**16:
        msg = (
            "an origin is scheme://host or scheme://host:port in lower case, without a path, a "
            "slash at its end or a wildcard, as in https://www.example.com; or * for every one"
        )
        raise ValueError(msg)
    if found["port"] is not None and found["port"] == _DEFAULT_PORTS.get(found["scheme"]):
        msg = f"a browser leaves out :{found['port']} of {found['scheme']}, so leave it out too"
        raise ValueError(msg)
    return origin


Origin = Annotated[str, AfterValidator(_as_sent)]
