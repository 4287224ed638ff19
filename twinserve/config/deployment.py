"""The ``deployment`` section of ``params.yaml``: what is deployed where, with which resources."""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twinserve.config.section import Section

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
    "more than one CPU buys no requests/s, since one process answers and instances scale; nor does "
    "that process start faster (on one core and on two of a machine, the quickest of 30 starts of "
    "the service took 77 and 84 ms); what Cloud Run makes of it, `twinserve matrix --deployed` "
    "measures"
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


# What a shell can export.
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
# Secret Manager: the secret's name, and a version's number or alias.
SecretVersion = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}:[A-Za-z0-9_-]{1,63}$")]
# Set by Cloud Run's container contract, by functions-framework, or by a release.
RESERVED_VARIABLES = re.compile(
    r"PORT|HOST|HOSTNAME|PYTHON\w*|GOOGLE_CLOUD_PROJECT|(K|CLOUD_RUN|FUNCTION|TWINSERVE|X_GOOGLE)_\w+"
)


class Resources(Section):
    """What one instance gets, and how many there may be."""

    name: ServiceName
    """Name of the Cloud Run service."""
    public: bool = True
    """Whether it answers without an identity token."""
    memory: Memory = "512Mi"
    """Memory of an instance in Kubernetes' form, as gcloud prints it back."""
    cpu: Annotated[
        Literal[1, 2, 4, 6, 8], Field(description=f"CPUs of an instance: {MORE_CPU}.")
    ] = 1
    cpu_boost: bool = True
    """Whether an instance gets more CPU while it starts."""
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 80
    """The most requests at once for each instance."""
    min_instances: Annotated[int, Field(ge=0)] = 0
    """Instances that are kept though nobody asks; each costs by the hour."""
    max_instances: Annotated[int, Field(ge=1)] = 10
    """The most instances at once."""
    timeout_s: Annotated[int, Field(ge=1, le=3600)] = 60
    """The most seconds for one request."""
    variables: dict[VariableName, str] = Field(default={})
    """Environment variables, for code of your own; whoever sees the project reads them."""
    secrets: dict[VariableName, SecretVersion] = Field(default={})
    """Environment variables whose values Secret Manager holds, each as `SECRET:VERSION`, say
    `API_KEY: api-key:1`. A version's number comes with a release and goes with a rollback; `latest`
    is read anew by each instance."""

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

    @model_validator(mode="after")
    def _variables_are_free(self) -> Self:
        for name in (*self.variables, *self.secrets):
            if RESERVED_VARIABLES.fullmatch(name):
                msg = f"{name} is set by the platform or by a release: take another name"
                raise ValueError(msg)
        if both := self.variables.keys() & self.secrets.keys():
            msg = f"in variables and in secrets: {', '.join(sorted(both))}"
            raise ValueError(msg)
        return self


class ServiceDeployment(Resources):
    """The container on Cloud Run."""

    name: ServiceName = "fastapi-ml-service"
    """Name of the Cloud Run service."""
    port: Annotated[int, Field(ge=1, lt=2**16)] = 8080
    """Port on which the container listens."""


class FunctionDeployment(Resources):
    """The function: its entry point, and the base image that Google keeps patched."""

    name: ServiceName = "predict-ml"
    """Name of the function, and of the Cloud Run service that it is."""
    entry_point: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")] = "predict"
    """The function's name in `function/main.py`."""
    base_image: Annotated[str, Field(pattern=r"^python3\d+$")] = "python311"
    """The image that Google builds it upon and keeps patched."""


# RFC 9110, 5.6.2: a token.
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]


class CandidateCheck(Section):
    """What a candidate must keep before it gets traffic, network included."""

    warm_requests: Annotated[int, Field(ge=20)] = 200
    """Number of requests, sent at a fixed rate from where the command runs."""
    warm_rate: Annotated[int, Field(ge=1)] = 50
    """The fixed rate, in requests a second."""
    warm_p99_ms: Annotated[float, Field(gt=0)] = 1000
    """The largest 99th percentile of their latency, in ms."""
    headers: dict[HeaderName, VariableName] = Field(default={})
    """Headers of our own requests, for a middleware that asks who calls, each by the name of the
    environment variable that holds its value: no secret stands in the file."""


class Deployment(Section):
    """Where and how `twinserve release` deploys; the project is named on the command line."""

    region: Identifier = "us-central1"
    """Google Cloud's region of everything that is deployed, built or kept."""
    repository: Identifier = "ml-models"
    """Repository of images in Artifact Registry."""
    runtime_account: AccountName = "twinserve-runtime"
    """Service account that both targets run as: it may read their secrets, and nothing else."""
    deployer_account: AccountName = "twinserve-deployer"
    """Service account that GitHub's workflows deploy as."""
    reader_account: AccountName = "twinserve-reader"
    """Service account that GitHub's checks read DVC's bucket as, and nothing else."""
    renewer_account: AccountName = "twinserve-renewer"
    """Service account that `renew.yml` adds to DVC's bucket as: it deletes and replaces nothing."""
    build_account: AccountName = "twinserve-builder"
    """Service account that a function is built as."""
    build_machine: BuildMachine | None = None
    """`null`: Cloud Build's own machine, which the smallest quota has room for twice. A faster one
    needs its CPUs in the quota of the region's default pool (`doctor` tells)."""
    public_by: Annotated[PublicBy, Field(strict=False)] = PublicBy.AUTO
    """How endpoints are public: `iam` (allUsers may call), `no_invoker_check` (nobody is asked), or
    `auto`: what the organisation's policies allow, in this order; where neither, both endpoints are
    private."""
    candidate_tag: Identifier = "candidate"
    """Tag of the revision that is checked before it gets traffic."""
    lock_lease_s: Annotated[int, Field(ge=60)] = 3600
    """A release that died keeps others out no longer than this many seconds."""
    keep_releases: Annotated[int, Field(ge=1)] = 5
    """Number of newest releases that `cleanup` leaves."""
    require_attestation: Annotated[RequireAttestation, Field(strict=False)] = (
        RequireAttestation.AUTO
    )
    """Whether a release verifies that GitHub has attested image and function before it promotes
    them: `always`, `never`, or `auto`: where GitHub could sign, which the workflow says. The record
    says which."""
    model_tags: bool = False
    """Whether a job of the deployment writes GTO's tag of the model after a promotion
    (`model@v1.2.0`; `v1.0` is `v1.0.0`), and refuses a version that it would not match before
    anything is built."""
    check: CandidateCheck = CandidateCheck()
    """What a candidate must keep before it gets traffic."""
    service: ServiceDeployment = ServiceDeployment()
    """The container on Cloud Run."""
    function: FunctionDeployment = FunctionDeployment()
    """The function."""

    @property
    def secrets(self) -> frozenset[str]:
        """The versions of secrets that either target reads, as `SECRET:VERSION`."""
        return frozenset([*self.service.secrets.values(), *self.function.secrets.values()])

    @model_validator(mode="after")
    def _two_names(self) -> Self:
        if self.service.name == self.function.name:
            msg = f"service and function are both called {self.service.name}"
            raise ValueError(msg)
        for name in (self.service.name, self.function.name):
            if len(name) + len(self.candidate_tag) > TAGGED_NAME:
                msg = f"{name} and candidate_tag together have more than {TAGGED_NAME} characters"
                raise ValueError(msg)
        accounts = [
            self.runtime_account, self.deployer_account, self.reader_account,
            self.renewer_account, self.build_account,
        ]  # fmt: skip
        if len(set(accounts)) < len(accounts):
            msg = f"two of the accounts are one: {', '.join(accounts)}"
            raise ValueError(msg)
        return self
