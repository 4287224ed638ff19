"""What a release tells of how its model was reproduced, and when it last was."""

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.github import GitHub, install
from twinserve.config.params import load_params
from twinserve.delivery.bundle.identity import Identity
from twinserve.delivery.project import Cloud
from twinserve.delivery.release.builds import BuildRecord
from twinserve.delivery.release.reproduction import reproduced, with_night
from twinserve.targets.github.reproduction import TYPE, last_reproduced, predicate
from twinserve.targets.google.gcloud import Gcloud

DIGEST = "1" * 64
ASKED = (
    f"GET repos/owner/twinserve/attestations/sha256:{DIGEST}?per_page=100&predicate_type="
    "https%3A%2F%2Fin-toto.io%2Fattestation%2Ftest-result%2Fv0.1"
)
NIGHTLY = Identity("v1.0-0", "v1.0", "c" * 40, "", DIGEST, "0", "nightly")
NIGHTS = ("2026-03-04T02:09:00+00:00", "2026-03-05T02:08:00+00:00")


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitHub:
    """A repository that has attested nothing."""
    return install(tmp_path / "gh", monkeypatch)


@pytest.fixture
def cloud() -> Cloud:
    console = Console(file=io.StringIO(), width=400)
    return Cloud(Gcloud("p"), load_params(), console, as_json=False)


def attested(told: dict[str, Any], kind: str = TYPE) -> dict[str, Any]:
    """An attestation as GitHub lists it."""
    statement = {"predicateType": kind, "predicate": told}
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return {"bundle": {"dsseEnvelope": {"payload": payload}}}


def good(at: str) -> dict[str, Any]:
    """What a night attests."""
    return attested(predicate(at, "c" * 40, "https://example.com/run"))


def test_newest_night_counts(github: GitHub, cloud: Cloud) -> None:
    """Whatever the order in which GitHub lists them."""
    github.tell(**{ASKED: {"attestations": [good(NIGHTS[1]), good(NIGHTS[0])]}})
    assert with_night(cloud, NIGHTLY) == replace(NIGHTLY, reproduced_at=NIGHTS[1])


@pytest.mark.parametrize(
    "other",
    [
        attested({"result": "FAILED", "reproducedAt": NIGHTS[0]}),
        attested({"result": "PASSED", "reproducedAt": NIGHTS[0]}, "https://slsa.dev/provenance/v1"),
        attested({"result": "PASSED"}),
        {"bundle": None, "bundle_url": "https://example.com/elsewhere"},
        {"bundle": {"dsseEnvelope": {"payload": "not base64"}}},
    ],
)
def test_what_is_no_such_attestation_counts_for_nothing(
    github: GitHub, other: dict[str, Any]
) -> None:
    """Another result, another type, no time, no bundle, no statement."""
    github.tell(**{ASKED: {"attestations": [other]}})
    assert last_reproduced("owner/twinserve", DIGEST) is None


def test_model_that_no_night_has_come_to_yet_is_released(github: GitHub, cloud: Cloud) -> None:
    """Its push has proven it; the record has no time."""
    assert with_night(cloud, NIGHTLY) == NIGHTLY
    assert len(github.calls()) == 1
    github.tell(**{ASKED: "Resource not accessible by integration (HTTP 403)"})
    assert with_night(cloud, NIGHTLY) == NIGHTLY
    assert "cannot be asked" in cloud.console.file.getvalue()  # type: ignore[attr-defined]


def test_model_of_a_push_was_reproduced_by_it(github: GitHub, cloud: Cloud) -> None:
    """Nobody is asked; nor of a build of an earlier version, which says neither."""
    for by in ("push", None):
        pushed = replace(NIGHTLY, reproduced_by=by, reproduced_at=by and NIGHTS[0])
        assert with_night(cloud, pushed) == pushed
    assert github.calls() == []


def test_revision_is_told_both_and_no_more_than_is_known() -> None:
    """By its environment, so that `/model` shows it; the model's card never changes."""
    told = replace(NIGHTLY, reproduced_at=NIGHTS[0]).variables
    assert told["TWINSERVE_REPRODUCED_BY"] == "nightly"
    assert told["TWINSERVE_REPRODUCED_AT"] == NIGHTS[0]
    assert "TWINSERVE_REPRODUCED_AT" not in NIGHTLY.variables


def test_build_hands_both_on_to_its_release() -> None:
    """The machine that builds has reproduced, or taken by hash, what is released elsewhere."""
    build = BuildRecord(
        "v1.0-0", "image@sha256:1", "c" * 40, DIGEST, "0", "v1.0", "", reproduced_by="push",
        reproduced_at=NIGHTS[0],
    )  # fmt: skip
    assert (build.identity.reproduced_by, build.identity.reproduced_at) == ("push", NIGHTS[0])


@pytest.mark.parametrize(
    ("by", "at", "line"),
    [
        ("push", NIGHTS[0], f"reproduced: by its push, {NIGHTS[0]}"),
        ("nightly", NIGHTS[0], f"reproduced: by night, last {NIGHTS[0]}"),
        ("nightly", None, "reproduced: by night, which has attested none of it yet"),
        (None, None, "reproduced: not recorded"),
    ],
)
def test_status_says_which_of_the_two(by: str | None, at: str | None, line: str) -> None:
    """In a line, as of whoever attests it."""
    assert reproduced(by, at) == line
