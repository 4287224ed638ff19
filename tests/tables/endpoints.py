"""A table in a project of its own, made into bundles and served on both targets."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import yaml

from tests.tables.shapes import Rows, as_csv
from tests.training.project import Project
from tests.tree import ROOT
from twinserve.config.card import Card, load_card
from twinserve.contract.calls import HttpCaller
from twinserve.contract.check import ContractResult, check_contract
from twinserve.delivery.bundle.assembly import assemble
from twinserve.targets.local import local_target
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering

JSON = [("Content-Type", "application/json")]
# The code that a bundle is made of, and the environments that serve it.
CODE = (".cache", "custom", "function", "locks", "service", "twinserve")


def project_of(root: Path, table: Rows, data: dict[str, object], **more: object) -> Project:
    """A project whose table this is; ``more`` are further keys of params.yaml, dotted."""
    project = Project.new(root)
    (root / "data/other.csv").write_text(as_csv(table))
    path = root / "params.yaml"
    content: Any = yaml.safe_load(path.read_text())
    content["data"] = {"table": "data/other.csv", **data}
    content["golden"] = []
    content["evaluation"]["gates"] = {}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    project.change(more)
    # Those of the runtime that needs no more; here bundles of each are made.
    shutil.rmtree(root / "locks")
    for name in CODE:
        (root / name).symlink_to(ROOT / name)
    return project


@dataclass(frozen=True)
class Twins:
    """Both endpoints of a project, running."""

    project: Project
    endpoints: Sequence[Endpoint]

    def answers(self, sent: Sequence[object]) -> list[list[Any]]:
        """Of each endpoint, the predictions of rows that are sent as they stand."""
        return [
            [self.post(endpoint, row)["prediction"] for row in sent] for endpoint in self.endpoints
        ]

    def post(self, endpoint: Endpoint, row: object) -> Any:  # noqa: ANN401 - JSON
        """The answer to one row."""
        caller = HttpCaller(endpoint.url)
        path = "/predict"
        reply = caller.call("POST", path, JSON, json.dumps({"features": row}).encode())
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

    def contract(self) -> ContractResult:
        """What the contract's suite finds."""
        return check_contract(self.endpoints, self.project.root / "models/model.json")

    def card(self) -> Card:
        """The card that both serve by."""
        return load_card(self.project.root / "models/model.json")

    def estimator(self) -> Any:  # noqa: ANN401 - scikit-learn has no types
        """The estimator that was trained."""
        return joblib.load(self.project.root / "models/model.pkl")


@contextmanager
def served(project: Project) -> Iterator[Twins]:
    """Run the stages, assemble both bundles, and serve them until the block ends."""
    project.run("prepare", "train", "evaluate", "export")
    with chdir(project.root):
        bundles = assemble()
        targets = [local_target(name, path.resolve()) for name, path in bundles.items()]
    with targets[0].start() as one, targets[1].start() as other:
        for endpoint in (one, other):
            wait_until_answering(endpoint)
        yield Twins(project, (one, other))
