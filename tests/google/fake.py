"""The fake as a context manager."""

import dataclasses
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from tests.google.api import Answer, ApiError, DroppedError, Json, Request, Routes, as_json, invalid
from tests.google.certificates import write_authority
from tests.google.cloud import Cloud
from tests.google.faults import (
    Fault,
    permission_denied,
    service_disabled,
    unauthenticated,
)
from tests.google.gcloud.environment import make_environment
from tests.google.gcloud.fork_server import POLL_S, calls_under_way, shared_client
from tests.google.proxy import Proxy
from tests.google.resources import (
    accounts,
    buckets,
    builds,
    catalogue,
    distribution,
    jobs,
    logs,
    objects,
    permissions,
    policies,
    projects,
    registry,
    revisions,
    secret_manager,
    services,
)
from tests.google.running.instances import Instances
from tests.google.state import GATED, PROJECT, PROJECT_NUMBER, REGION, REGISTRY, Image, Kind, State

ROUTES = Routes()
for module in (
    accounts,
    buckets,
    builds,
    catalogue,
    distribution,
    jobs,
    logs,
    objects,
    policies,
    projects,
    registry,
    revisions,
    secret_manager,
    services,
):
    ROUTES.include(module.routes)


# How much of a call's body is kept for tests to look at; an image has hundreds of megabytes.
BODY_KEPT = 64 * 1024
# Asked without a login.
ANYONE = frozenset({"api.github.com"})


class FakeGoogle:
    """See the package's docstring."""

    project = PROJECT
    number = PROJECT_NUMBER
    region = REGION

    def __init__(self, directory: Path, *, instances: Instances | None = None) -> None:
        self._stack = ExitStack()
        self.directory = directory / "google"
        self.directory.mkdir()
        if instances is None:
            instances = Instances(self.directory / "bundles")
            self._stack.callback(instances.close)
        self._cloud = Cloud(self.directory, instances)
        self.calls: list[Request] = []
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        authority, context = write_authority(self.directory)
        self._stack.callback(self._cloud.revisions.close)
        self._stack.callback(self._cloud.listeners.close)
        port = self._stack.enter_context(Proxy(context, self._answer).running())
        self.environment = make_environment(self.directory, authority, port, shared_client())
        self._cloud.network = {
            name: self.environment[name] for name in ("HTTPS_PROXY", "SSL_CERT_FILE")
        }
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        if kind is None and self._cloud.broken:
            raise AssertionError("\n".join(self._cloud.broken))

    @property
    def state(self) -> State:
        """The project's resources, open to reading and changing."""
        return self._cloud.state

    @property
    def faults(self) -> list[Fault]:
        """The faults that are set; the first whose turn it is strikes."""
        return self._cloud.faults

    @property
    def build_failures(self) -> list[bool]:
        """Whether the builds to come fail, in their order; none fails where nothing is said."""
        return self._cloud.build_failures

    def on_build(self, run: Callable[[Json, Path], bool]) -> None:
        """Carry out builds: called with the build and its unpacked source; returns success."""
        self._cloud.on_build = run

    @contextmanager
    def fault(self, fault: Fault) -> Iterator[Fault]:
        """Have a fault for as long as the context lasts."""
        self.faults.append(fault)
        try:
            yield fault
        finally:
            self.faults.remove(fault)

    @contextmanager
    def start_fault(self, service: str, kind: str) -> Iterator[None]:
        """Have the revisions that a service gets meanwhile be so: see the package's docstring."""
        self._cloud.start_faults[service] = kind
        try:
            yield
        finally:
            del self._cloud.start_faults[service]

    def gcloud(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the real gcloud against the fake."""
        return subprocess.run(
            ["gcloud", *arguments],  # noqa: S607 - the environment's PATH decides
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def wait_until_idle(self, limit_s: float = 300.0) -> bool:
        """Whether every call of the fork server, a killed client's too, ends within the limit."""
        deadline = time.monotonic() + limit_s
        while calls_under_way():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def clear_instances(self) -> None:
        """End the processes that revisions share."""
        self._cloud.instances.close()

    def as_account(self, email: str) -> dict[str, str]:
        """The environment of whoever is logged in as a service account, with its roles only."""
        token = self._cloud.token_of(email)
        path = self.directory / f"token-{email}"
        path.write_text(token)
        return {**self.environment, "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(path)}

    def _is_on(self, api: str) -> bool:
        """Whether an API is enabled, and has been for as long as it takes to be known."""
        if api not in self.state.enabled:
            return False
        since = self.state.enabled_at.get(api)
        return since is None or since + self.state.lag_s <= time.monotonic()

    def push_image(self, image: str, bundle: Path, kind: Kind = "service") -> str:
        """Have an image that holds a bundle, under a name with a tag; its digest."""
        digest, copy = self._cloud.instances.snapshot(bundle, kind)
        _, _, repository, path = image.split("/", 3)
        package, _, tag = path.partition(":")
        with self._cloud.lock:
            self.state.add_image(repository, package, Image(digest, kind, copy), tag or "latest")
        return digest

    def _answer(self, request: Request) -> Answer:
        self.calls.append(dataclasses.replace(request, body=request.body[:BODY_KEPT]))
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        call = f"{request}?{query}" if query else str(request)
        fault = next((fault for fault in self.faults if fault.strikes(call)), None)
        try:
            if fault is not None:
                fault.strike_before(request)
            answer = self._carry_out(request)
            if fault is not None:
                fault.strike_after()
        except ApiError as error:
            return error.answer()
        except DroppedError:
            raise
        except Exception as error:  # noqa: BLE001 - never a 5xx: gcloud repeats those
            self._cloud.broken.append(f"{call}\n{traceback.format_exc()}")
            return invalid(f"the fake failed: {error!r}").answer()
        return answer

    def _carry_out(self, request: Request) -> Answer:
        handler, values = ROUTES.find(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        caller = self.state.callers.get(token)
        if caller is None and request.host not in ANYONE:
            if request.host != REGISTRY:
                raise unauthenticated()
            if request.path not in distribution.OPEN:
                return distribution.challenge()
        if values.get("project", "-") not in {"-", PROJECT, PROJECT_NUMBER}:
            raise permission_denied()
        if request.host in GATED and not self._is_on(request.host):
            raise service_disabled(request.host)
        resolved = dataclasses.replace(request, values=values, caller=caller or "")
        with self._cloud.lock:
            if caller is not None:
                permissions.check(self._cloud, resolved, caller)
            result = handler(self._cloud, resolved)
        return result if isinstance(result, Answer) else as_json(result)
