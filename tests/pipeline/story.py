"""Everything in its place: a push, deploy.yml in act, cloudbuild.yaml, gcloud, Google's fake.

Real are the workflow and build files, each of the project's commands but `make`'s (environment,
lint and tests are those of whoever runs this), gcloud, and both endpoints. Played are GitHub's
actions, its command `gh`, and Docker.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.google.api import timestamp
from tests.google.state import PROJECT
from tests.pipeline.builds.cloud_build import Outcome, Worker
from tests.pipeline.releases.project import DEPLOYER, Project
from tests.pipeline.workflows import events
from tests.pipeline.workflows.act import Run, Workflows, lay_out
from tests.pipeline.workflows.stand_ins import Rule, install
from tests.tools import write_program
from tests.tree import ROOT
from twinserve.delivery.cloud.schedules import SCHEDULED

DOCKER = Path(__file__).parent / "containers" / "fake_docker.py"
FILES = ("cloudbuild.yaml", "Makefile", ".gcloudignore", ".dockerignore")
PROGRAMS = ("make", "gh", "apt-get", "podman", "stand-in")
PROVIDER = "projects/1/locations/global/workloadIdentityPools/github/providers/github"
VARIABLES = {
    "GOOGLE_CLOUD_PROJECT": PROJECT,
    "WORKLOAD_IDENTITY_PROVIDER": PROVIDER,
    "DEPLOYER": DEPLOYER,
}
REAL: Rule = {"call": "twinserve ", "real": True}
LISTED: Rule = {"call": "make sbom", "files": {"reports/sbom.json": "{}"}}
WORKFLOWS: Rule = {
    "call": "gh api --method GET repos/owner/twinserve/actions/workflows",
    "prints": json.dumps(
        {
            "workflows": [
                {"path": f".github/workflows/{name}", "state": "active"} for name in SCHEDULED
            ]
        }
    ),
}
ISSUES: Rule = {
    "call": "gh api --method GET repos/owner/twinserve",
    "prints": json.dumps({"has_issues": True}),
}
VERIFIED: Rule = {"call": "gh attestation verify"}
GITHUB = (WORKFLOWS, VERIFIED, ISSUES)


@dataclass
class Story:
    """A repository with a project behind it, and what Cloud Build has done so far."""

    project: Project
    workflows: Workflows
    folder: Path
    builds: list[Outcome] = field(default_factory=list)
    times: dict[str, tuple[float, float]] = field(default_factory=dict)

    def push(self, *rules: Rule, secrets: Mapping[str, str] | None = None) -> Run:
        """A push to main, as far as it goes; ``secrets`` are the repository's."""
        path = (
            f"{self.workflows.stand_ins.folder / 'bin'}:{self.project.google.environment['PATH']}"
        )
        run = self.workflows.run(
            "deploy.yml",
            "push",
            events.push(),
            rules=[*rules, LISTED, *GITHUB, REAL],
            variables=VARIABLES,
            secrets=secrets,
            environment={**self.project.google.as_account(DEPLOYER), "PATH": path},
        )
        self.times |= self.workflows.stand_ins.times()
        return run

    def build(self, build: dict[str, Any], source: Path) -> bool:
        """Build as Cloud Build's machine does, from a source and a file of steps."""
        folder = self.folder / f"build-{len(self.builds)}"
        stand_ins = install(folder / "stand-ins", source, ("make",))
        stand_ins.lead([REAL])
        docker = folder / "docker.json"
        # A build runs as the account that it names, and may do what that may.
        account = build["serviceAccount"].rpartition("/")[2]
        environment = {
            **self.project.google.as_account(account),
            **stand_ins.environment(source),
            "DOCKER_STATE": str(docker),
        }

        def begin(step: str) -> None:
            if step == "push":
                self.give_digests(docker)

        (folder / "home").mkdir()
        worker = Worker(source, folder / "home", self._images(folder), environment, begin)
        given = {**build["substitutions"], "PROJECT_ID": PROJECT, "BUILD_ID": build["id"]}
        self.builds.append(worker.run(build, given))
        self._show(build, self.builds[-1])
        self.times |= stand_ins.times()
        return self.builds[-1].succeeded

    def _show(self, build: dict[str, Any], outcome: Outcome) -> None:
        """Have each step's status in the build, and what it printed in the log, as Google has."""
        for number, step in enumerate(build["steps"]):
            code = outcome.exit_codes.get(step["id"])
            step["status"] = "QUEUED" if code is None else "FAILURE" if code else "SUCCESS"
            label = f'Step #{number} - "{step["id"]}"'
            self.project.google.state.logs += [
                {
                    "logName": f"projects/{PROJECT}/logs/cloudbuild",
                    "resource": {"type": "build", "labels": {"build_id": build["id"]}},
                    "labels": {"build_step": label},
                    "textPayload": f"{label}: {line}",
                    "timestamp": timestamp(),
                }
                for line in outcome.outputs.get(step["id"], "").splitlines()
            ]

    def _images(self, folder: Path) -> dict[str, Path]:
        """Folders that stand for the images from which the clients are copied."""
        gcloud = shutil.which("gcloud", path=self.project.google.environment["PATH"])
        programs = {
            "gcr.io/google.com/cloudsdktool/google-cloud-cli": {
                "google-cloud-sdk/bin/gcloud": f'#!/bin/sh\nexec {gcloud} "$@"\n'
            },
            "docker": {
                "usr/local/bin/docker": DOCKER.read_text(),
                "usr/local/libexec/docker/cli-plugins/docker-buildx": "#!/bin/sh\n",
            },
            # The environment that it makes is the stand-in's Python, which is there already.
            "python": {"usr/local/bin/make": "#!/bin/sh\ntouch .venv/ready\n"},
        }
        for image, files in programs.items():
            for name, text in files.items():
                write_program(folder / "images" / image / name, text)
        return {image: folder / "images" / image for image in programs}

    def give_digests(self, docker: Path) -> None:
        """Let the registry have what was built, before the client says that it has pushed it."""
        state = json.loads(docker.read_text())
        for image, built in state.items():
            built["digest"] = self.project.google.push_image(image, Path(built["context"]))
        docker.write_text(json.dumps(state))


def begin(project: Project, directory: Path) -> Story:
    """Make the project's tree a repository whose pushes deploy."""
    for name in FILES:
        shutil.copy(ROOT / name, project.tree / name)
    # A repository holds what git does; the rest is made in each job.
    for name in ("models", "dist"):
        shutil.rmtree(project.tree / name)
    for name in ("plots", "pictures"):
        shutil.rmtree(project.tree / "evaluation" / name)
    (project.tree / "evaluation" / "plots_page.html").unlink()
    workflows = lay_out(directory, PROGRAMS)
    assert workflows.tree == project.tree
    story = Story(project, workflows, directory)
    project.google.on_build(story.build)
    return story
