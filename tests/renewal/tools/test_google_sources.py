"""Prices and runtimes, by gcloud's own token, from the strict fake of Google's APIs."""

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.google.fake import FakeGoogle
from tests.google.resources.catalogue import cloud_run, runtime, runtimes, sku
from tests.google.state import PROJECT, TOKEN
from tests.tree import ROOT

# As the kind does it, with the tree's files as they stand here.
LOOK_UP = f"""
import json, sys
from datetime import date
from pathlib import Path
from twinserve.config.errors import UserError
from twinserve.config.prices import LIST_PRICES
from twinserve.delivery.cloud.doctor.ends import read_support
from twinserve.renewal.tools.google import Login, log_in, look_up_prices, look_up_runtimes
from twinserve.renewal.tools.renewing import written
day = date(2027, 3, 1)
try:
    by_gcloud = "by gcloud" in sys.argv
    login = log_in({PROJECT!r}) if by_gcloud else Login({PROJECT!r}, {TOKEN!r})
    if sys.argv[1] == "prices":
        print(written(look_up_prices(login, LIST_PRICES, day)))
    else:
        ends = look_up_runtimes(login, "us-central1", read_support().runtimes, day)
        print(ends.model_dump_json())
except UserError as error:
    sys.exit(str(error))
"""


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeGoogle]:
    """A project."""
    with FakeGoogle(tmp_path_factory.mktemp("sources")) as fake:
        yield fake


@pytest.fixture(autouse=True)
def _usual(google: FakeGoogle) -> None:
    google.state.skus, google.state.runtimes = cloud_run(), runtimes()
    google.state.enabled |= {"cloudbilling.googleapis.com", "cloudfunctions.googleapis.com"}


def ask(google: FakeGoogle, *words: str) -> subprocess.CompletedProcess[str]:
    """Look something up, in a process that knows nothing but the fake."""
    return subprocess.run(
        [sys.executable, "-c", LOOK_UP, *words],
        cwd=ROOT,
        env=google.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_prices_of_the_region_are_the_catalogues(google: FakeGoogle) -> None:
    """Of both ways of billing, of requests beyond those that are free; other regions' are not."""
    done = ask(google, "prices", "by gcloud")
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    known = json.loads((ROOT / "twinserve/config/prices.json").read_text())
    assert printed == {
        **known,
        "source": "https://cloudbilling.googleapis.com/v1/services/152E-C115-5142/skus",
        "as_of": "2027-03-01",
        "vcpu_second": 0.000025,
        "gib_second": 0.0000026,
        "million_requests": 0.5,
        "idle_vcpu_second": 0.0000027,
        "idle_gib_second": 0.0000028,
        "free_requests": 3_000_000,
        "always": {**known["always"], "vcpu_second": 0.000018, "gib_second": 0.000002},
    }
    assert list(printed) == list(known)
    # As a person reads prices.
    assert '"vcpu_second": 0.000025,' in done.stdout
    assert '"free_vcpu_seconds": 180000,' in done.stdout


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda skus: skus.pop(1), "0 prices of Services CPU (Request-based billing) in us-"),
        (lambda skus: skus.append(skus[3]), "2 prices of Services Memory (Request-based billing)"),
        (
            lambda skus: skus.__setitem__(
                1,
                sku("Services CPU (Request-based billing)", ["us-central1"], "h", (0, 1)),
            ),
            "USD for each h, not USD for each s",
        ),
        (lambda skus: skus[1].pop("pricingInfo"), "is priced otherwise than known: KeyError"),
    ],
    ids=["gone", "twice", "another unit", "no price"],
)
def test_price_that_is_not_where_it_was_is_told(
    google: FakeGoogle,
    change: Callable[[list[Any]], object],
    told: str,
) -> None:
    """No price is guessed."""
    change(google.state.skus)
    done = ask(google, "prices")
    assert done.returncode == 1
    assert told in done.stderr


def test_runtimes_end_when_google_says(google: FakeGoogle) -> None:
    """Those of the second generation that are released, and have a day."""
    done = ask(google, "runtimes")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["as_of"] == "2027-03-01"
    assert printed["ends"]["python311"] == "2027-10-24"
    assert printed["ends"]["python312"] == "2028-12-24"
    assert not {"python315", "nodejs24"} & set(printed["ends"])
    google.state.runtimes = [runtime("python315", "GA", dt.date(2031, 10, 1))]
    assert "python315" in json.loads(ask(google, "runtimes").stdout)["ends"]


def test_api_that_is_off_is_told_in_googles_words(google: FakeGoogle) -> None:
    """Bootstrap does not switch this one on: no push needs it."""
    google.state.enabled.discard("cloudfunctions.googleapis.com")
    done = ask(google, "runtimes")
    assert done.returncode == 1
    assert "status 403" in done.stderr
    assert "has not been used in project" in done.stderr


@pytest.mark.nightly
def test_gclouds_own_list_has_no_days(google: FakeGoogle) -> None:
    """So the API is asked itself."""
    done = google.gcloud("functions", "runtimes", "list", "--region=us-central1", "--format=json")
    assert done.returncode == 0, done.stderr
    listed = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert set(listed) >= {"python311", "python312"}
    assert set(listed["python311"]) == {"environments", "name", "stage"}
