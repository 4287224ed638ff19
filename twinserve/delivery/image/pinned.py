"""``twinserve images``: what ``cloudbuild.yaml`` pins, for a workflow that runs in it.

No version that is renewed stands in a workflow, which a workflow's own token may not push. Needs
nothing installed.
"""

import argparse
import re
from pathlib import Path

from twinserve.config.errors import UserError

BUILD = Path("cloudbuild.yaml")
_PYTHON = re.compile(r"^ +name: (python:\S+@sha256:[0-9a-f]{64})$", re.MULTILINE)


def run(_arguments: argparse.Namespace) -> None:
    """Print the image that the project's commands run in, as an output of a step.

    Raises:
        UserError: the file pins none, or several.
    """
    images = set(_PYTHON.findall(BUILD.read_text(encoding="utf-8")))
    if len(images) != 1:
        raise UserError(f"{BUILD}: pins {len(images)} images of Python; expected one")
    print(f"python={images.pop()}")
