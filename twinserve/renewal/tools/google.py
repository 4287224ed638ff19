"""Google's APIs that want a login: list prices of Cloud Run, and when its runtimes end.

Sources: Cloud Billing API v1, services.skus.list ("Get Google Cloud pricing information"): of a
SKU's prices the last counts, and a tier is what is paid beyond its first unit. Cloud Functions API
v2, projects.locations.runtimes.list: `gcloud functions runtimes list` asks the same, and drops the
dates.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.prices import AlwaysPrices, Prices
from twinserve.delivery.cloud.doctor.ends import Ends
from twinserve.renewal.tools.sources import read_json
from twinserve.targets.google.gcloud import Gcloud

BILLING = "https://cloudbilling.googleapis.com"
FUNCTIONS = "https://cloudfunctions.googleapis.com"
# Cloud Run's, the same for everybody: services.list of the same API names it.
SERVICE = "services/152E-C115-5142"
CATALOGUE = f"{BILLING}/v1/{SERVICE}/skus"
MOST_A_PAGE = 5000
MILLION = 1_000_000
_RUNTIME = re.compile(r"python3\d+")


@dataclass(frozen=True, slots=True)
class Login:
    """Whoever gcloud is logged in as, for one project."""

    project: str
    token: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A price for one unit, and how many units are free each month."""

    price: Decimal
    free: int


def log_in(project: str) -> Login:
    """Have gcloud's token.

    Raises:
        GcloudError: gcloud is missing, or nobody is logged in.
    """
    return Login(project, Gcloud(project).read_text("auth", "print-access-token").strip())


def look_up_prices(login: Login, known: Prices, today: date) -> Prices:
    """The prices of the region that they are known of.

    What is free of vCPU and memory is a discount, and no price of the catalogue's: it stays.

    Raises:
        UserError: the catalogue cannot be asked, or a price is not where it is known to be.
    """
    region, skus = known.region, _skus(login)
    by_request, by_instance = "Request-based billing", "Instance-based billing"
    requests = _rate(skus, "Requests", "", region, "count")
    return known.model_copy(
        update={
            "source": CATALOGUE,
            "as_of": today.isoformat(),
            "vcpu_second": _price(skus, "Services CPU", by_request, region, "s"),
            "gib_second": _price(skus, "Services Memory", by_request, region, "GiBy.s"),
            "idle_vcpu_second": _price(skus, "Services Min Instance CPU", by_request, region, "s"),
            "idle_gib_second": _price(
                skus, "Services Min Instance Memory", by_request, region, "GiBy.s"
            ),
            "million_requests": float(requests.price * MILLION),
            "free_requests": requests.free,
            "always": AlwaysPrices(
                vcpu_second=_price(skus, "Services CPU", by_instance, region, "s"),
                gib_second=_price(skus, "Services Memory", by_instance, region, "GiBy.s"),
                free_vcpu_seconds=known.always.free_vcpu_seconds,
                free_gib_seconds=known.always.free_gib_seconds,
            ),
        }
    )


def _skus(login: Login) -> list[Mapping[str, Any]]:
    """All that Cloud Run is billed by."""
    skus: list[Mapping[str, Any]] = []
    page = ""
    while True:
        query = f"currencyCode=USD&pageSize={MOST_A_PAGE}{page}"
        answer = _ask(login, f"{CATALOGUE}?{query}")
        skus += answer.get("skus", ())
        if not answer.get("nextPageToken"):
            return skus
        page = f"&pageToken={answer['nextPageToken']}"


def _price(skus: list[Mapping[str, Any]], name: str, billing: str, region: str, unit: str) -> float:
    return float(_rate(skus, name, billing, region, unit).price)


def _rate(skus: list[Mapping[str, Any]], name: str, billing: str, region: str, unit: str) -> Rate:
    """The only price of a kind in a region.

    Raises:
        UserError: the catalogue has none, several, or another unit or currency.
    """
    how = rf"(?: Tier \d)? \({re.escape(billing)}\)(?: in (?:in )?[\w-]+)?" if billing else ""
    pattern = re.compile(f"{re.escape(name)}{how}")
    fitting = [
        sku
        for sku in skus
        # Two blanks stand in one of them.
        if pattern.fullmatch(" ".join(str(sku.get("description")).split()))
        and {region, "global"} & set(sku.get("serviceRegions", ()))
    ]
    item = f"{name} ({billing})" if billing else name
    if len(fitting) != 1:
        raise UserError(f"{CATALOGUE}: {len(fitting)} prices of {item} in {region}; expected one")
    try:
        return _paid(fitting[0], unit)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise UserError(f"{CATALOGUE}: {item} is priced otherwise than known: {error!r}") from None


def _paid(sku: Mapping[str, Any], unit: str) -> Rate:
    """What is paid for each unit beyond those that are free.

    Raises:
        ValueError: it is another unit, or another currency.
    """
    expression = sku["pricingInfo"][-1]["pricingExpression"]
    tier = expression["tieredRates"][-1]
    money = tier["unitPrice"]
    priced = money["currencyCode"], expression["usageUnit"]
    if priced != ("USD", unit):
        raise ValueError(f"{priced[0]} for each {priced[1]}, not USD for each {unit}")
    price = Decimal(money.get("units", 0)) + Decimal(money.get("nanos", 0)).scaleb(-9)
    return Rate(price, int(tier.get("startUsageAmount", 0)))


def look_up_runtimes(login: Login, region: str, known: Ends, today: date) -> Ends:
    """When each of Python's runtimes goes out of support, as far as Google has said so.

    Raises:
        UserError: the API cannot be asked, or knows none of them.
    """
    url = f"{FUNCTIONS}/v2/projects/{login.project}/locations/{region}/runtimes"
    ends = {
        str(runtime["name"]): _day(runtime["deprecationDate"])
        for runtime in _ask(login, url).get("runtimes", ())
        if _RUNTIME.fullmatch(str(runtime.get("name")))
        and runtime.get("environment") == "GEN_2"
        and runtime.get("stage") == "GA"
        and "deprecationDate" in runtime
    }
    if not ends:
        raise UserError(f"{url}: names no runtime of Python with a day")
    source = f"{FUNCTIONS}/v2/projects/-/locations/{region}/runtimes"
    return known.model_copy(update={"source": source, "as_of": today, "ends": known.ends | ends})


def _day(written: Mapping[str, int]) -> date:
    """google.type.Date, whose day or month may be 0: not known."""
    return date(written["year"], written.get("month") or 1, written.get("day") or 1)


def _ask(login: Login, url: str) -> Mapping[str, Any]:
    return read_json(url, {"Authorization": f"Bearer {login.token}"})
