"""What Cloud Run costs, and of which day that is: the table in ``prices.json``.

``prices`` in ``params.yaml`` takes its place whole: a price without its day and source is none.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from twinserve.config.section import Section

Price = Annotated[float, Field(ge=0)]


class AlwaysPrices(Section):
    """Prices of an instance that is billed for all of its life; no request is."""

    vcpu_second: Price
    """One virtual CPU for a second."""
    gib_second: Price
    """One GiB of memory for a second."""
    free_vcpu_seconds: Price
    """Free vCPU seconds each month and billing account."""
    free_gib_seconds: Price
    """Free GiB seconds each month and billing account."""


class Prices(Section):
    """Cloud Run's list prices in US dollars; a function is billed by them too.

    Left out, or given whole: a price without its day and source is none.
    """

    source: Annotated[str, Field(pattern=r"^https://")]
    """Where the prices were looked up."""
    as_of: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """The day on which they were looked up."""
    region: Annotated[str, Field(min_length=1)]
    """A region that has these prices; the cheaper ones are of tier 1."""
    step_ms: Annotated[int, Field(ge=1)]
    """Milliseconds to which an instance's time is rounded up."""
    vcpu_second: Price
    """One virtual CPU for a second, billed by request, which is what is deployed: an instance is
    paid while it starts or answers."""
    gib_second: Price
    """One GiB of memory for a second, billed by request."""
    million_requests: Price
    """A million requests."""
    idle_vcpu_second: Price
    """One virtual CPU for a second between requests, of an instance that `min_instances` keeps."""
    idle_gib_second: Price
    """One GiB of memory for a second between requests."""
    free_vcpu_seconds: Price
    """Free vCPU seconds each month and billing account, a discount on the prices by request."""
    free_gib_seconds: Price
    """Free GiB seconds, likewise."""
    free_requests: Price
    """Free requests, likewise."""
    always: AlwaysPrices
    """Prices of an instance that is billed for all of its life; no request is."""


LIST_PRICES = Prices.model_validate_json(Path(__file__).with_name("prices.json").read_bytes())
