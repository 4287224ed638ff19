"""A fake of Google's APIs, for the real gcloud and for our own HTTPS.

A state machine behind a forward proxy on loopback that ends TLS with a throw-away authority. It is
strict where Google is, and each answer's public source is named where it is made. The test's
working directory must be the repository's root. ::

    def test_something(google: FakeGoogle, dist: Path) -> None:
        digest = google.push_image(f"{REGISTRY}/{PROJECT}/ml-models/app:v1", dist / "service")
        done = google.gcloud("run", "deploy", "app", f"--image=…@{digest}", …)
        subprocess.run([sys.executable, "-m", "twinserve", "status"], env=google.environment)
        assert google.state.services["app"].serving() == {"app-00001-abc": 100}

``google`` (a fixture in ``tests/conftest.py``) starts with an empty project whose APIs are enabled
(``state.enabled``). It offers:

- ``environment``: all of a subprocess's environment: ``PATH`` with gcloud, ``HOME``, project,
  token, proxy and authority, for gcloud and for Python's own clients. Plain HTTP to loopback
  stays direct.
- ``gcloud(*arguments, stdin="")``: a call of the real gcloud, captured. ``gcloud`` on that
  ``PATH`` is answered by a fork server (``fork_server``): the same code without its start-up. A
  client that is killed takes its call along.
- ``state``: typed dataclasses to read, and to change between two calls (``state.State``):
  ``services["app"].serving()`` and ``.tags()``, ``revisions``, ``repositories``, ``buckets``,
  ``policy("services/app").members(role)``, ``accounts``, ``pools``, ``providers``, ``enabled``.
- ``as_account(email)``: the environment of whoever is logged in as a service account, and may do
  what its roles hold (``permissions``); ``environment`` is the project's owner's, who may do all.
- ``state.lag_s``: how long what was just made (APIs, accounts, roles) is not known;
  ``constraints``: rules of the organisation's policies; ``build_cpus``: the quota of builds;
  ``billing``; ``github``: what GitHub shows anyone of a repository.
- ``calls``: every API request so far; ``str(call)`` is ``METHOD host/path``, hosts without
  region.
- ``push_image(image, bundle)``: what a registry has after a push. A function's bundle is what
  gcloud uploads as its source.
- ``fault(Fault(match, error, ...))``, a context; ``faults`` is the list behind it. Errors:
  ``permission_denied()``, ``service_disabled()``, ``quota_exceeded()``, ``unauthenticated()``,
  any ``ApiError(code, status, message)``, or ``DroppedError()`` for no answer at all;
  ``after=True`` carries the call out first; ``delay_s`` and ``action`` come before. Don't answer
  with a 5xx, nor a GET of other APIs than Cloud Run's with 429: gcloud repeats those for half a
  minute.
- ``start_fault(service, kind)``, a context: revisions that a service gets meanwhile
  are ``never-ready``, ``exits`` or give ``wrong-answers``.
- ``build_failures.append(True)``: the next build fails. ``on_build(run)``: builds of ``gcloud
  builds submit`` are ``run(build, source)``, with the unpacked source, and succeed if that says
  so.
- ``wait_until_idle()``: every call that the fork server has begun, a killed client's too, has
  ended. To kill at one call: ``Fault(match, DroppedError(), action=...)`` whose action kills the
  process group and then waits so; with ``after=True`` the call is carried out all the same.
- ``clear_instances()``: end the processes that revisions share, so that the next requests are
  cold.

The URLs of services and tags are ``http://127.0.0.1:PORT`` and lead to processes of the bundles,
with the revision's variables. Equal bundles with equal variables share a process, kept for the
session; with the deploy-time health check off a revision has its own, started by its first
request, and ended when no traffic and no tag leads there any more. Private services ask for an
identity token whose audience is the service's own URL.
"""

from tests.google.api import ApiError, DroppedError
from tests.google.fake import FakeGoogle
from tests.google.faults import (
    Fault,
    permission_denied,
    quota_exceeded,
    service_disabled,
    unauthenticated,
)
from tests.google.running.instances import Instances
from tests.google.state import PROJECT, PROJECT_NUMBER, REGION, REGISTRY

__all__ = [
    "PROJECT",
    "PROJECT_NUMBER",
    "REGION",
    "REGISTRY",
    "ApiError",
    "DroppedError",
    "FakeGoogle",
    "Fault",
    "Instances",
    "permission_denied",
    "quota_exceeded",
    "service_disabled",
    "unauthenticated",
]
