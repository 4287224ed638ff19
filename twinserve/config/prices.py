"""The ``prices`` section of ``params.yaml``: what Cloud Run costs, and of which day that is."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Price = Annotated[float, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AlwaysPrices(_Section):
    """Of an instance that is billed for all of its life; no request is."""

    vcpu_second: Price
    gib_second: Price
    free_vcpu_seconds: Price
    free_gib_seconds: Price


class Prices(_Section):
    """Of Cloud Run, in US dollars, with where and when they were looked up.

    Attributes:
        step_ms: an instance's time is rounded up to this.
        idle_vcpu_second, idle_gib_second: of a kept instance, between requests.
        free_vcpu_seconds, free_gib_seconds, free_requests: each month.
    """

    source: Annotated[str, Field(pattern=r"^https://")]
    as_of: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    region: Annotated[str, Field(min_length=1)]
    step_ms: Annotated[int, Field(ge=1)]
    vcpu_second: Price
    gib_second: Price
    million_requests: Price
    idle_vcpu_second: Price
    idle_gib_second: Price
    free_vcpu_seconds: Price
    free_gib_seconds: Price
    free_requests: Price
    always: AlwaysPrices
