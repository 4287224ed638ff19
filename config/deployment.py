"""The ``deployment`` section of ``params.yaml``: what is deployed where, with which resources."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# A Cloud Run revision's name, at most 63 characters, is the service's and 24 more (delivery.names).
ServiceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,37}[a-z0-9]$")]
# IAM: 6 to 30 characters.
AccountName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
Memory = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi)$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$")]


def mebibytes(memory: str) -> int:
    """What ``512Mi`` or ``1Gi`` is in MiB."""
    return int(memory[:-2]) * (1024 if memory.endswith("Gi") else 1)


class RequireAttestation(StrEnum):
    """Whether a release verifies that GitHub has attested what it promotes.

    ``auto`` does where the workflow says that it has signed (``$ATTESTED``).
    """

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Resources(_Section):
    """What one instance gets, and how many there may be.

    Attributes:
        memory: in Kubernetes' form, as gcloud prints it back.
        public: whether it answers without an identity token.
        timeout_s: of one request, in seconds.
    """

    name: ServiceName
    public: bool
    memory: Memory
    cpu: Annotated[int, Field(ge=1, le=8)]
    cpu_boost: bool
    concurrency: Annotated[int, Field(ge=1, le=1000)]
    min_instances: Annotated[int, Field(ge=0)]
    max_instances: Annotated[int, Field(ge=1)]
    timeout_s: Annotated[int, Field(ge=1, le=3600)]

    @property
    def memory_mib(self) -> int:
        """The memory in MiB."""
        return mebibytes(self.memory)

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.min_instances > self.max_instances:
            msg = f"min_instances ({self.min_instances}) is above max_instances"
            raise ValueError(msg)
        return self


class ServiceDeployment(Resources):
    """The container on Cloud Run."""

    port: Annotated[int, Field(ge=1, lt=2**16)]


class FunctionDeployment(Resources):
    """The function: its entry point, and the base image that Google keeps patched."""

    entry_point: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
    base_image: Annotated[str, Field(pattern=r"^python3\d+$")]


class CandidateCheck(_Section):
    """The short load that a candidate must bear: requests at a fixed rate a second."""

    warm_requests: Annotated[int, Field(ge=20)]
    warm_rate: Annotated[int, Field(ge=1)]
    warm_p99_ms: Annotated[float, Field(gt=0)]


class Deployment(_Section):
    """The whole section."""

    region: Identifier
    repository: Identifier
    runtime_account: AccountName
    deployer_account: AccountName
    candidate_tag: Identifier
    lock_lease_s: Annotated[int, Field(ge=60)]
    keep_releases: Annotated[int, Field(ge=1)]
    require_attestation: Annotated[RequireAttestation, Field(strict=False)] = (
        RequireAttestation.AUTO
    )
    check: CandidateCheck
    service: ServiceDeployment
    function: FunctionDeployment

    @model_validator(mode="after")
    def _two_names(self) -> Self:
        if self.service.name == self.function.name:
            msg = f"service and function are both called {self.service.name}"
            raise ValueError(msg)
        return self
