"""A night's attestation of a model that came out again, by in-toto's predicate of test results.

Sources: in-toto's attestation framework, "Test Result"; GitHub's REST documentation, "List
attestations". ``gh attestation verify models/model.pkl --predicate-type TYPE`` proves what is read.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from twinserve.targets.github.api import find

TYPE = "https://in-toto.io/attestation/test-result/v0.1"
_PASSED = "PASSED"
# Beside the type's own members, which name no time.
_TIME = "reproducedAt"


def predicate(at: str, commit: str, run_url: str | None) -> dict[str, Any]:
    """What is attested: every byte came out again, then, of that commit, in that run."""
    made = {
        "result": _PASSED,
        "configuration": [{"name": "commit", "digest": {"gitCommit": commit}}],
        "passedTests": ["reproduced from nothing, every byte as in dvc.lock"],
        _TIME: at,
    }
    return made | ({"url": run_url} if run_url else {})


def last_reproduced(repository: str, sha256: str) -> str | None:
    """When the repository last attested that of a model; None if it has not.

    Raises:
        GitHubError: it cannot be asked.
    """
    path = f"repos/{repository}/attestations/sha256:{sha256}"
    answer = find(f"{path}?per_page=100&predicate_type={quote(TYPE, safe='')}")
    times = [_time(attestation) for attestation in (answer or {}).get("attestations", ())]
    return max(filter(None, times), default=None)


def _time(attestation: Mapping[str, Any]) -> str | None:
    with suppress(LookupError, TypeError, ValueError, binascii.Error):
        payload = attestation["bundle"]["dsseEnvelope"]["payload"]
        statement = json.loads(base64.b64decode(payload))
        told = statement["predicate"]
        if statement["predicateType"] == TYPE and told["result"] == _PASSED:
            return str(told[_TIME])
    return None
