"""The account that a renewal adds to DVC's bucket as: real DVC, held to its roles."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from gcp_storage_emulator.server import create_server

from tests.google.resources.permissions import ROLES, RULES
from tests.loopback import QuietHandler, served
from tests.renewal.proposal.jobs import LATER, SOURCE, Jobs, digest_of, keep, source
from twinserve.config.errors import UserError
from twinserve.delivery.cloud.grants import RENEWER_ROLES
from twinserve.targets.process import free_port

pytestmark = pytest.mark.nightly
BUCKET = "a-project-twinserve-dvc"


@dataclass
class Guard:
    """Passes a call on to the bucket if the caller's roles hold its permission.

    Attributes:
        used: permissions that were asked for.
    """

    port: int
    roles: tuple[str, ...]
    url: str = ""
    used: set[str] = field(default_factory=set)

    def wanted(self, method: str, path: str) -> set[str]:
        """The permissions of a call: to put an object where there is one is to delete that."""
        parts = urlsplit(path)
        text = f"{method} storage.googleapis.com{parts.path}"
        rule = next(rule for rule in RULES if rule.call.fullmatch(text))
        names = parse_qs(parts.query).get("name", [])
        wanted = {rule.permission}
        if rule.permission == "storage.objects.create" and names and self.has(names[0]):
            wanted.add("storage.objects.delete")
        return wanted

    def has(self, name: str) -> bool:
        """Whether the bucket has an object."""
        return self.ask("GET", f"/storage/v1/b/{BUCKET}/o/{quote(name, safe='')}").status == 200

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> "Answer":
        """Ask the bucket itself."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        answer = Answer(reply.status, dict(reply.getheaders()), reply.read())
        connection.close()
        return answer


@dataclass(frozen=True)
class Answer:
    """Of the bucket."""

    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def guarded(roles: tuple[str, ...]) -> Iterator[Guard]:
    """An empty bucket behind a guard."""
    port = free_port(0)
    emulator = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    emulator.start()
    guard = Guard(port, roles)
    held = frozenset[str]().union(*(ROLES[role] for role in roles))

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            wanted = guard.wanted(self.command, self.path)
            guard.used |= wanted
            if denied := wanted - held:
                told = f"Permission '{min(denied)}' denied on resource".encode()
                answer = Answer(403, {"Content-Type": "text/plain"}, told)
            else:
                headers = {**self.headers, "Host": f"127.0.0.1:{port}"}
                answer = guard.ask(self.command, self.path, body, headers)
            headers = {
                name: text.replace(f"127.0.0.1:{port}", guard.url[7:])
                for name, text in answer.headers.items()
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}
            }
            self.answer(answer.status, answer.body, headers)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815 - http.server's

    try:
        with served(Handler) as guard.url:
            yield guard
    finally:
        emulator.stop()


def renewed(jobs: Jobs, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> str:
    """A commit whose rows are to be added to that bucket."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", guard.url)
    # The emulator knows plain buckets only.
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    for side in (jobs.renewing, jobs.opening):
        config = side.path(".dvc/config")
        config.write_text(config.read_text().replace(str(jobs.remote), f"gs://{BUCKET}/dvc"))
    keep(jobs.renewing, LATER)
    return jobs.hand_over(SOURCE, source(LATER))


def test_roles_of_the_account_suffice_to_add_and_for_nothing_else(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second time there is nothing to add; neither time is anything deleted or replaced."""
    name = digest_of(LATER)
    with guarded(RENEWER_ROLES) as guard:
        commit = renewed(jobs, guard, monkeypatch)
        for _ in range(2):
            assert jobs.add(commit) == "added to DVC's remote store: 1 objects"
            assert guard.has(f"dvc/files/md5/{name[:2]}/{name[2:]}")
        assert "storage.objects.create" in guard.used
        assert guard.used <= {
            "storage.objects.create",
            "storage.objects.get",
            "storage.objects.list",
        }


def test_account_that_only_reads_is_told(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was added; the line names DVC's remote and what it said."""
    with guarded(("roles/storage.objectViewer",)) as guard:
        commit = renewed(jobs, guard, monkeypatch)
        with pytest.raises(UserError, match=r"DVC's remote store does not take what was renewed"):
            jobs.add(commit)
        assert not guard.has(unquote(f"dvc/files/md5/{digest_of(LATER)[:2]}"))
