"""``twinserve images``: what ``cloudbuild.yaml`` pins and which Pythons are tried, for a workflow.

No version that is renewed stands in a workflow, which a workflow's own token may not push. Needs
nothing installed.
"""

import argparse
import json
import re
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.delivery.bundle.oldest import oldest_python, tried_pythons

BUILD = Path("cloudbuild.yaml")
_PYTHON = re.compile(r"^ +name: (python:\S+@sha256:[0-9a-f]{64})$", re.MULTILINE)


def run(_arguments: argparse.Namespace) -> None:
    """Print the image that the project's commands run in, and Pythons, as outputs of a step.

    Raises:
        UserError: the file pins none, or several.
    """
    images = set(_PYTHON.findall(BUILD.read_text(encoding="utf-8")))
    if len(images) != 1:
        raise UserError(f"{BUILD}: pins {len(images)} images of Python; expected one")
    print(f"python={images.pop()}")
    pythons = tried_pythons()
    print(f"pythons={json.dumps(pythons)}")
    # Every pull request runs the engine's suite on the oldest.
    newer = [version for version in pythons if version != oldest_python()]
    print(f"newer={json.dumps(newer)}")
