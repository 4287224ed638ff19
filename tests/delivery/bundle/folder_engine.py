"""A container engine whose one image is a folder of this machine."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.tools import run
from twinserve.targets.engine import Engine, Image

IMAGE = "an-image"


@dataclass(frozen=True)
class FolderEngine(Engine):
    """An engine whose image has these labels, and runs Python where the image's files are."""

    labels: Mapping[str, str]
    files: Path

    def inspect(self, image: str) -> Image:
        assert image == IMAGE
        return Image("0", (), self.labels, "65532")

    def ask(self, *arguments: str) -> str:
        """Run what `run` is given after the image."""
        *options, program = arguments[: arguments.index("python") + 1]
        assert program == "python"
        assert options == ["run", "--rm", "--pull=never", "--network=none", IMAGE]
        command = [sys.executable, *arguments[arguments.index("python") + 1 :]]
        done = run(command, cwd=self.files, code=0)
        return done.stdout
