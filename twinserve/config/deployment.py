"""The ``deployment`` section of ``params.yaml``: what is deployed where, with which resources."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# A Cloud Run revision's name, at most 63 characters, is the service's and 24 more (delivery.names).
ServiceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,37}[a-z0-9]$")]
# IAM: 6 to 30 characters.
AccountName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
Memory = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi)$")]
# https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds#machinetype
BuildMachine = Annotated[str, Field(pattern=r"^(E2_HIGHCPU_(8|32)|E2_MEDIUM|N1_HIGHCPU_(8|32))$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$")]


# Least and most MiB of memory by CPU.
# https://cloud.google.com/run/docs/configuring/services/memory-limits
MEMORY_MIB = {1: (128, 4096), 2: (128, 8192), 4: (2048, 16384), 6: (4096, 24576), 8: (4096, 32768)}
# Of `cpu` above 1, wherever it is chosen or measured.
MORE_CPU = (
    "more than one CPU buys no requests/s, since one process answers and instances scale; what it "
    "may buy is a faster start, which `twinserve matrix` measures"
)
# Cloud Run: "Combined traffic tag and service name cannot exceed 46 characters."
TAGGED_NAME = 46


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


class PublicBy(StrEnum):
    """How a public endpoint is opened.

    Source: Cloud Run, "Allowing public (unauthenticated) access", which has both.

    Attributes:
        AUTO: by the first of the two that the organisation's policies allow; where they allow
            neither, the endpoints are private.
        IAM: everyone has ``roles/run.invoker``.
        NO_INVOKER_CHECK: Cloud Run does not ask who calls.
    """

    AUTO = "auto"
    IAM = "iam"
    NO_INVOKER_CHECK = "no_invoker_check"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Resources(_Section):
    """What one instance gets, and how many there may be.

    Attributes:
        memory: in Kubernetes' form, as gcloud prints it back.
        cpu: of one instance; see ``MORE_CPU``.
        public: whether it answers without an identity token.
        timeout_s: of one request, in seconds.
    """

    name: ServiceName
    public: bool
    memory: Memory
    cpu: Literal[1, 2, 4, 6, 8]
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
        least, most = MEMORY_MIB[self.cpu]
        if not least <= self.memory_mib <= most:
            msg = f"{self.cpu} CPU has {least} to {most} MiB of memory, not {self.memory}"
            raise ValueError(msg)
        return self


class ServiceDeployment(Resources):
    """The container on Cloud Run."""

    port: Annotated[int, Field(ge=1, lt=2**16)]


class FunctionDeployment(Resources):
    """The function: its entry point, and the base image that Google keeps patched."""

    entry_point: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
    base_image: Annotated[str, Field(pattern=r"^python3\d+$")]


# RFC 9110, 5.6.2: a token; and what a shell can export.
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class CandidateCheck(_Section):
    """The short load that a candidate must bear: requests at a fixed rate a second.

    Attributes:
        headers: of our own requests, for a middleware that asks who calls: each by the name of the
            environment variable that holds its value, so that no secret stands in the file.
    """

    warm_requests: Annotated[int, Field(ge=20)]
    warm_rate: Annotated[int, Field(ge=1)]
    warm_p99_ms: Annotated[float, Field(gt=0)]
    headers: dict[HeaderName, VariableName] = {}


class Deployment(_Section):
    """The whole section.

    Attributes:
        build_account: that a function is built as.
        build_machine: of builds; None is Cloud Build's own, which every project's quota holds.
        public_by: how an endpoint that is ``public`` is opened.
    """

    region: Identifier
    repository: Identifier
    runtime_account: AccountName
    deployer_account: AccountName
    build_account: AccountName = "twinserve-builder"
    build_machine: BuildMachine | None = None
    public_by: Annotated[PublicBy, Field(strict=False)] = PublicBy.AUTO
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
        for name in (self.service.name, self.function.name):
            if len(name) + len(self.candidate_tag) > TAGGED_NAME:
                msg = f"{name} and candidate_tag together have more than {TAGGED_NAME} characters"
                raise ValueError(msg)
        accounts = [self.runtime_account, self.deployer_account, self.build_account]
        if len(set(accounts)) < len(accounts):
            msg = f"runtime, deployer and build account are not three: {', '.join(accounts)}"
            raise ValueError(msg)
        return self
