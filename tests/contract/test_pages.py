"""The service's pages: what their description says of refusals, and what they do not read."""

import json

import pytest

from twinserve.contract.calls import Caller

ASSET = "/assets/swagger-ui.css"
# The server gives these before anyone looks at the path.
ANYWHERE = {"408", "431", "500", "503"}


@pytest.mark.parametrize(
    "value", ["bytes=x", "lines=1-2", "bytes=9-1", "bytes=99999999999-", "\xff"]
)
def test_no_range_is_read(service: Caller, value: str) -> None:
    """Whatever a range asks for, well-formed or not, a page is given whole."""
    whole, asked = service.call("GET", ASSET), service.call("GET", ASSET, [("Range", value)])
    assert (whole.status, asked.status) == (200, 200)
    assert asked.headers["content-length"] == whole.headers["content-length"]
    assert "accept-ranges" not in whole.headers


def test_every_operation_names_what_the_server_answers_by_itself(service: Caller) -> None:
    """Each has the statuses that need no path, as problems; below /v2 in that protocol's form too.

    There the path may be known before a body turns out not to come.
    """
    described = json.loads(service.call("GET", "/openapi.json").body)
    operations = [
        (path, operation)
        for path, item in described["paths"].items()
        for operation in item.values()
    ]
    assert len(operations) > 3
    for path, operation in operations:
        assert operation["responses"].keys() >= ANYWHERE, operation["operationId"]
        kinds = {"application/problem+json"}
        if path.startswith("/v2"):
            kinds.add("application/json")
        for status in ANYWHERE:
            assert operation["responses"][status]["content"].keys() == kinds
