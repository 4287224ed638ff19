"""A build in Cloud Build: a file of steps on the tree that lies here."""

import json
import tempfile
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from targets.gcloud import Gcloud

FILE = "cloudbuild.yaml"


@dataclass(frozen=True, slots=True)
class Build:
    """What a build is told.

    Attributes:
        account: email of the service account that it runs as.
        staging: ``gs://`` folder for the uploaded tree, one that the account may write.
        without: ids of the file's steps that whoever submits the build does otherwise.
    """

    region: str
    commit: str
    account: str
    staging: str
    without: AbstractSet[str] = frozenset()


def submit_build(gcloud: Gcloud, build: Build) -> None:
    """Upload the tree, run the steps, and wait for their end.

    Raises:
        GcloudError: it is refused, or a step fails.
    """
    steps = yaml.safe_load(Path(FILE).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "cloudbuild.json"
        config.write_text(json.dumps(without(steps, build.without)), encoding="utf-8")
        gcloud.change(
            "builds",
            "submit",
            ".",
            f"--config={config}",
            f"--region={build.region}",
            f"--substitutions=_COMMIT={build.commit}",
            f"--service-account=projects/{gcloud.project}/serviceAccounts/{build.account}",
            f"--gcs-source-staging-dir={build.staging}",
        )


def without(build: Mapping[str, Any], dropped: AbstractSet[str]) -> dict[str, Any]:
    """The same build less some steps; what waited for one of them waits for the rest."""
    kept = [
        {**step, "waitFor": [one for one in step["waitFor"] if one not in dropped]}
        for step in build["steps"]
        if step["id"] not in dropped
    ]
    return {**build, "steps": kept}
