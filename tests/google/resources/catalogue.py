"""Prices of Cloud Run, and the last days on which its runtimes are supported.

Cloud Billing API v1, services.skus.list; Cloud Functions API v2, projects.locations.runtimes.list.
Names of SKUs, their units and regions: as people have read them from the catalogue; the prices are
none of Google's.
"""

import datetime as dt
from typing import TYPE_CHECKING

from tests.google.api import Json, Request, Routes, invalid, not_found

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

CLOUD_RUN = "152E-C115-5142"
MOST_A_PAGE = 5000
FIRST, SECOND = ["europe-west1", "us-central1"], ["europe-west2", "southamerica-east1"]

routes = Routes()


def sku(
    description: str,
    regions: list[str],
    unit: str,
    *tiers: tuple[float, int],
) -> Json:
    """A SKU with tiers: from how many units on, and its price in billionths."""
    rates = [
        {
            "startUsageAmount": start,
            "unitPrice": {"currencyCode": "USD", "units": "0", "nanos": nanos},
        }
        for start, nanos in tiers
    ]
    expression = {"usageUnit": unit, "displayQuantity": 1, "tieredRates": rates}
    return {
        "name": f"services/{CLOUD_RUN}/skus/{abs(hash(description)):X}",
        "description": description,
        "category": {"serviceDisplayName": "Cloud Run", "usageType": "OnDemand"},
        "serviceRegions": regions,
        "pricingInfo": [{"summary": "", "pricingExpression": expression}],
        "serviceProviderName": "Google",
    }


def cloud_run() -> list[Json]:
    """The SKUs of Cloud Run, among them some that are easily taken for others."""
    request, instance = "(Request-based billing)", "(Instance-based billing)"
    return [
        sku("Requests", ["global"], "count", (0, 0), (3_000_000, 500)),
        sku(f"Services CPU {request}", FIRST, "s", (0, 25_000)),
        sku(f"Services CPU Tier 2  {request}", SECOND, "s", (0, 33_600)),
        sku(f"Services Memory {request}", FIRST, "GiBy.s", (0, 2_600)),
        sku(f"Services Memory Tier 2 {request}", SECOND, "GiBy.s", (0, 3_500)),
        sku(f"Services Min Instance CPU {request}", FIRST, "s", (0, 2_700)),
        sku(f"Services Min Instance CPU Tier 2 {request}", SECOND, "s", (0, 3_700)),
        sku(f"Services Min Instance Memory {request}", FIRST, "GiBy.s", (0, 2_800)),
        sku(f"Services CPU {instance} in us-central1", ["us-central1"], "s", (0, 18_000)),
        sku(
            f"Services CPU {instance} in in asia-northeast1", ["asia-northeast1"], "s", (0, 19_000)
        ),
        sku(f"Services Memory {instance} in us-central1", ["us-central1"], "GiBy.s", (0, 2_000)),
        sku("Jobs CPU in us-central1", ["us-central1"], "s", (0, 18_000)),
    ]


def runtime(name: str, stage: str, last: dt.date | None, generation: str = "GEN_2") -> Json:
    """A runtime, with the first day on which it is out of support."""
    day = {"year": last.year, "month": last.month, "day": last.day} if last else None
    return {
        "name": name,
        "displayName": name,
        "stage": stage,
        "environment": generation,
        **({"deprecationDate": day} if day else {}),
    }


def runtimes() -> list[Json]:
    """Of Google's list; one of the first generation has another day."""
    return [
        runtime("nodejs24", "GA", dt.date(2028, 4, 30)),
        runtime("python311", "GA", dt.date(2027, 10, 1), "GEN_1"),
        runtime("python311", "GA", dt.date(2027, 10, 24)),
        runtime("python312", "GA", dt.date(2028, 12, 24)),
        runtime("python315", "BETA", None),
    ]


@routes("GET", "cloudbilling.googleapis.com/v1/services/{service}/skus")
def _skus(cloud: "Cloud", request: Request) -> Json:
    if request.values["service"] != CLOUD_RUN:
        raise not_found()
    most = int(request.query.get("pageSize", MOST_A_PAGE))
    if most > MOST_A_PAGE:
        raise invalid("Request contains an invalid argument.")
    # A page of the fake's is small, so that who asks has to go on.
    start, all_of_them = int(request.query.get("pageToken", 0)), cloud.state.skus
    end = start + min(most, 5)
    token = str(end) if end < len(all_of_them) else ""
    return {"skus": all_of_them[start:end], "nextPageToken": token}


@routes("GET", "cloudfunctions.googleapis.com/v2/projects/{project}/locations/{region}/runtimes")
def _runtimes(cloud: "Cloud", _request: Request) -> Json:
    return {"runtimes": cloud.state.runtimes}
