"""A project to release to: a tree with bundles, and the fake of Google's APIs."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.google import FakeGoogle, Fault, Instances
from tests.google.api import timestamp
from tests.google.buckets import Bucket, StoredObject
from tests.google.state import PROJECT, Repository
from tests.pipeline.models.trees import export
from tests.pipeline.releases.candidates import golden_only
from tests.tools import twinserve
from twinserve.config.params import load_params
from twinserve.delivery.bundle.archive import pack
from twinserve.delivery.bundle.assembly import assemble
from twinserve.delivery.bundle.identity import Identity, read_identity
from twinserve.delivery.bundle.manifest import read_verified
from twinserve.delivery.cloud.grants import of_accounts
from twinserve.delivery.names import account_email, image_name, releases_bucket
from twinserve.delivery.project import Cloud, make_cloud
from twinserve.delivery.release.builds import build_record
from twinserve.delivery.release.transaction import release

SERVICE, FUNCTION = "fastapi-ml-service", "predict-ml"
BUCKET = releases_bucket(PROJECT)
SOURCES = "cloud-run-source-deploy"
LOCK = "lock.json"
POLL_S = 0.1
# How the fake calls what gcloud's groups of commands are about.
KINDS = {
    ("projects",): "projects",
    ("storage", "buckets"): "buckets",
    ("iam", "service-accounts"): "serviceAccounts",
    ("artifacts", "repositories"): "repositories",
    ("secrets",): "secrets",
}
DEPLOYER = account_email("twinserve-deployer", PROJECT)
RUNTIME = account_email("twinserve-runtime", PROJECT)
BUILDER = account_email("twinserve-builder", PROJECT)
READER = account_email("twinserve-reader", PROJECT)
RENEWER = account_email("twinserve-renewer", PROJECT)


@dataclass(frozen=True)
class Project:
    """A tree and a Google Cloud project; the current folder is the tree."""

    google: FakeGoogle
    tree: Path

    def run(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        code: int | None = 0,
    ) -> subprocess.CompletedProcess[str]:
        """`twinserve ARGUMENTS`, in an environment that knows nothing but the fake.

        Its exit code must be ``code``; None is any.
        """
        given = {**self.google.environment, **(environment or {})}
        return twinserve(*arguments, cwd=self.tree, env=given, code=code)

    def interrupt(
        self, command: str, reached: Fault, *, times: int = 1, by: signal.Signals = signal.SIGINT
    ) -> str:
        """Interrupt a command once a fault has struck so often: exit code 130; what it printed."""
        held, sent = threading.Event(), threading.Event()

        def hold() -> None:
            # However slow the machine is, the command goes no further before it is interrupted,
            # and what it asked for is not carried out after what it does then.
            if reached.struck == times:
                held.set()
                sent.wait()

        reached.done = hold
        with self.google.fault(reached):
            process = subprocess.Popen(
                [sys.executable, "-m", "twinserve", command],
                cwd=self.tree,
                env=self.google.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            while not held.wait(POLL_S) and process.poll() is None:
                pass
            process.send_signal(by)
            sent.set()
            _, errors = process.communicate()
        assert held.is_set(), errors
        assert process.returncode == 130, errors
        return errors.strip()

    def grant(self) -> None:
        """Give every account the roles that bootstrap gives."""
        for grant in of_accounts(self.cloud()):
            kind = KINDS[grant.resource.group]
            name = grant.resource.name.removeprefix("gs://")
            binding = {"role": grant.role, "members": [grant.member]}
            self.google.state.policy(f"{kind}/{name}").bindings.append(binding)

    def cloud(self) -> Cloud:
        """For calls in this process."""
        return make_cloud(load_params(), PROJECT)

    def bundle(self, version: str) -> Identity:
        """Put bundles of another version into the tree, and an image of them into the registry."""
        card = self.tree / "models" / "model.json"
        members = json.loads(card.read_text())
        card.write_text(json.dumps({**members, "version": version}, indent=2) + "\n")
        assemble()
        identity = read_identity("0" * 40)
        deployment = load_params().deployment
        name = image_name(deployment, PROJECT, identity.name)
        digest = self.google.push_image(name, self.tree / "dist" / "service")
        archive = pack(read_verified(self.tree / "dist" / "function"))
        function = hashlib.sha256(archive).hexdigest()
        build = build_record(self.cloud(), identity, digest, function)
        self.put(f"builds/{identity.name}.json", json.dumps(asdict(build)) + "\n")
        self.put(f"functions/{function}.tar.gz", archive)
        return identity

    def release(self, version: str) -> Identity:
        """Bring another version to both targets, after a quick look at its candidates."""
        identity = self.bundle(version)
        release(self.cloud(), identity, check=golden_only)
        return identity

    def put(self, name: str, content: str | bytes) -> None:
        """Have an object in the bucket of releases."""
        state = self.google.state
        objects = state.buckets[BUCKET].objects
        held = content.encode() if isinstance(content, str) else content
        objects[name] = StoredObject(held, state.next())

    def objects(self) -> dict[str, bytes]:
        """The bucket of releases, by name."""
        return {
            name: stored.content
            for name, stored in self.google.state.buckets[BUCKET].objects.items()
        }

    def serving(self) -> dict[str, dict[str, int]]:
        """Percent of the traffic by revision, by service, as the fake has it."""
        return {name: service.serving() for name, service in self.google.state.services.items()}

    def releases(self) -> dict[str, set[str]]:
        """The releases that have traffic, by service, as the fake has them."""
        return {
            name: {
                service.revisions[revision].environment.get("TWINSERVE_RELEASE", "")
                for revision in service.serving()
            }
            for name, service in self.google.state.services.items()
        }

    def tags(self) -> set[str]:
        """Every tag of every service."""
        return {tag for service in self.google.state.services.values() for tag in service.tags()}

    def leftovers(self) -> set[str]:
        """Tags of candidates, and the lock, that nobody has taken away."""
        return self.tags() | ({LOCK} & self.objects().keys())

    def changes(self) -> Sequence[str]:
        """Every call so far that was not a mere question."""
        return [str(call) for call in self.google.calls if call.method != "GET"]


def make_tree(dist: Path, directory: Path) -> Path:
    """A reproduced tree, with a short check of candidates and short measurements."""
    tree = export(directory)
    for name in ("models", "evaluation", "dist"):
        shutil.copytree(dist.parent / name, tree / name)
    path = tree / "params.yaml"
    text = path.read_text()
    for old, new in (
        ("warm_requests: 200\n", "warm_requests: 20\n"),
        ("cold_samples: 10 ", "cold_samples: 3 "),
        ("warm_requests: 1000 ", "warm_requests: 100 "),
        ("connections: [1, 4, 16, 80]", "connections: [1]"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)
    return tree


@contextmanager
def opened(tree: Path, directory: Path, instances: Instances) -> Iterator[Project]:
    """The tree with a fresh fake whose bucket is there, as the current folder and environment."""
    folder, environment = Path.cwd(), dict(os.environ)
    with FakeGoogle(directory, instances=instances) as google:
        # gcloud makes it with the first function, and waits a second for it.
        google.state.repositories[SOURCES] = Repository(SOURCES, {"format": "DOCKER"})
        google.state.buckets[BUCKET] = Bucket(BUCKET, {"timeCreated": timestamp()})
        for account in (DEPLOYER, RUNTIME, BUILDER, READER, RENEWER):
            google.state.accounts[account] = {"email": account}
        os.chdir(tree)
        os.environ.clear()
        os.environ.update(google.environment)
        project = Project(google, tree)
        project.grant()
        try:
            yield project
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
