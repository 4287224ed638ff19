"""The endpoints of a run of the suite by ``--base-url``."""

from pathlib import Path

import pytest

from twinserve.contract import endpoints
from twinserve.contract.endpoints import GivenEndpoints


def test_parameters_are_read_once_for_all_cases(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Hundreds of cases ask; reading the headers for each took most of a check's time."""
    monkeypatch.chdir(tmp_path)
    read = []

    def headers() -> dict[str, str]:
        read.append(1)
        return {"x-api-key": "k"}

    monkeypatch.setattr(endpoints, "check_headers", headers)
    given = GivenEndpoints(["service=http://127.0.0.1:9", "function=http://127.0.0.1:9"])
    for name in given.names * 3:
        assert given[name]
    assert read == [1]
