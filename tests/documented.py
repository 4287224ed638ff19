"""Whether a running service does as its OpenAPI document says, by schemathesis."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.tools import run
from twinserve.targets.protocol import Endpoint

# No schema can tell whether a tensor has as many values as its shape says: most that are generated
# have not, and the refusal is documented. Otherwise what the document allows is answered.
TENSORS = """\
[[operations]]
include-tag = "open inference protocol"
warnings = ["missing_auth", "missing_deserializer", "method_not_allowed"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400"]
"""


def hold_to_document(
    endpoint: Endpoint,
    directory: Path,
    options: Sequence[str] = (),
    service: Endpoint | None = None,
) -> None:
    """No generated request gets an undocumented status, type, header or body.

    ``directory`` is where schemathesis may keep a cache; the document is the ``service``'s where
    the endpoint has none of its own.
    """
    (directory / "schemathesis.toml").write_text(TENSORS)
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{(service or endpoint).url}/openapi.json",
        f"--url={endpoint.url}",
        *(f"--header={name}: {value}" for name, value in endpoint.headers.items()),
        "--seed=1",
        "--generation-database=none",
        "--no-color",
        *options,
    ]
    done = run(command, cwd=directory, code=0)
    assert "No issues found" in done.stdout
