"""The files under ``.github`` as data, as much of them as the rules look at."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from tests.tree import ROOT

OWN = "$/.github/actions/"
PIN = re.compile(r"uses: (?P<action>[\w.-]+/[\w./-]+)@(?P<commit>\S+)(?: # (?P<version>\S+))?")


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's idea of a Boolean: ``on`` is a word."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a job, or of the set-up action."""

    where: str
    raw: Mapping[str, Any]

    @property
    def action(self) -> str | None:
        """Without its commit; of our own its folder's name."""
        uses = self.raw.get("uses")
        if uses is None:
            return None
        return str(uses).removeprefix(OWN).partition("@")[0]

    @property
    def run(self) -> str | None:
        """The command line."""
        return self.raw.get("run")

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The action's inputs."""
        return self.raw.get("with") or {}

    @property
    def intent(self) -> object:
        """In the form that the policy has it."""
        action = self.run or self.action
        conditions = {key: self.raw[key] for key in ("if", "working-directory") if key in self.raw}
        return {"run": action, **conditions} if conditions else action


@dataclass(frozen=True, slots=True)
class Job:
    """A job."""

    workflow: str
    id: str
    raw: Mapping[str, Any]

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.workflow}: {self.id}"

    @property
    def steps(self) -> list[Step]:
        """None of a job that calls a workflow."""
        return [
            Step(f"{self.where}[{number}]", raw)
            for number, raw in enumerate(self.raw.get("steps", []))
        ]

    @property
    def needs(self) -> list[str]:
        """Jobs that come before."""
        needs = self.raw.get("needs", [])
        return [needs] if isinstance(needs, str) else list(needs)


@dataclass(frozen=True, slots=True)
class Files:
    """All of them: parsed, and as text."""

    parsed: Mapping[str, Any]
    texts: Mapping[str, str]

    @property
    def workflows(self) -> dict[str, Any]:
        """By file name."""
        start = ".github/workflows/"
        return {n.removeprefix(start): c for n, c in self.parsed.items() if n.startswith(start)}

    @property
    def jobs(self) -> Iterator[Job]:
        """Every job."""
        for name, content in self.workflows.items():
            for job, raw in content["jobs"].items():
                yield Job(name, job, raw)

    @property
    def setup(self) -> list[Step]:
        """The steps of the set-up action."""
        return self.action_steps("setup")

    def action_steps(self, name: str) -> list[Step]:
        """The steps of an action of our own."""
        steps = self.parsed[f".github/actions/{name}/action.yml"]["runs"]["steps"]
        return [Step(f"{name}[{number}]", raw) for number, raw in enumerate(steps)]

    @property
    def steps(self) -> Iterator[Step]:
        """Every step of every file."""
        for job in self.jobs:
            yield from job.steps
        yield from self.setup
        yield from self.action_steps("gcloud")


def read_files(texts: Mapping[str, str]) -> Files:
    """Parse them; ``texts`` by path."""
    return Files({name: parse(text) for name, text in texts.items()}, texts)


def texts_of() -> dict[str, str]:
    """The files under ``.github`` by path."""
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for path in sorted((ROOT / ".github").rglob("*.yml"))
    }


@cache
def parse(text: str) -> Any:  # noqa: ANN401 - YAML
    """YAML as data."""
    return yaml.load(text, _Loader)  # noqa: S506 - a safe loader's subclass
