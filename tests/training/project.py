"""A project of a user: ``params.yaml`` and a table in a folder of its own."""

import csv
import shutil
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tree import PROJECT, ROOT
from twinserve.config.errors import UserError, run_as_command
from twinserve.config.params import Params, load_params

STAGES = ("prepare", "train", "evaluate", "export")


@dataclass(frozen=True)
class Project:
    """The folder; everything is relative to it, as the stages run there."""

    root: Path

    @classmethod
    def new(cls, root: Path) -> "Project":
        """The project of the tests: iris."""
        (root / "data").mkdir(parents=True)
        shutil.copy(PROJECT / "params.yaml", root)
        shutil.copy(PROJECT / "data/iris.csv", root / "data")
        (root / "locks").mkdir()
        for lock in (ROOT / "locks").glob("*-*.txt"):
            shutil.copy(lock, root / "locks")
        return cls(root)

    def copy(self, root: Path) -> "Project":
        """The same files elsewhere, to be changed."""
        return Project(shutil.copytree(self.root, root, dirs_exist_ok=True))

    @property
    def params(self) -> Params:
        """What ``params.yaml`` says now."""
        return load_params(self.root / "params.yaml")

    def change(self, changes: Mapping[str, object]) -> None:
        """Edit ``params.yaml``: dotted key to value."""
        path = self.root / "params.yaml"
        content: Any = yaml.safe_load(path.read_text())
        for key, value in changes.items():
            *sections, last = key.split(".")
            section = content
            for name in sections:
                section = section[name]
            section[last] = value
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def estimator(self, import_path: str, **arguments: object) -> None:
        """Name another estimator in ``params.yaml``."""
        self.change({"estimator": {"import_path": import_path, "arguments": arguments}})

    def table(
        self,
        names: Sequence[str],
        rows: Sequence[Sequence[float]],
        targets: Sequence[int],
        classes: Sequence[str],
    ) -> None:
        """Put another table in the place of iris, in both files."""
        with (self.root / "data/other.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*names, "kind"])
            writer.writerows([*row, classes[one]] for row, one in zip(rows, targets, strict=True))
        self.change(
            {
                "data.table": "data/other.csv",
                "data.label": "kind",
                "data.classes": list(classes),
                "data.features": [{"name": name} for name in names],
                "golden": [],
            }
        )

    def run(self, *stages: str) -> None:
        """Run stages in this process, as ``python -m twinserve.training.<stage>`` does.

        What was fitted is accepted at once.
        """
        with chdir(self.root):
            for stage in stages:
                import_module(f"twinserve.training.{stage}").main()
                if stage == "train":
                    import_module("twinserve.training.accept").main()

    def command(self, stage: str) -> int:
        """The exit code of ``python -m twinserve.training.<stage>``."""
        with chdir(self.root), pytest.raises(SystemExit) as ended:
            run_as_command(import_module(f"twinserve.training.{stage}").main)
        return int(ended.value.code or 0)

    def refused(self, stage: str) -> str:
        """The line with which a stage stops."""
        with pytest.raises(UserError) as refusal:
            self.run(stage)
        line = str(refusal.value)
        assert line.count("\n") == 0
        return line

    def files(self) -> dict[str, bytes]:
        """Every file with its content."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }
