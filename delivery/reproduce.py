"""``dvc repro``, in a checkout and in an exported tree alike."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from config.errors import UserError


def run(_arguments: argparse.Namespace) -> None:
    """See ``reproduce``."""
    reproduce()


def reproduce() -> None:
    """Bring every stage of ``dvc.yaml`` up to date; what DVC prints is shown as it comes.

    Raises:
        UserError: a stage failed; its own line has been printed by then.
    """
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "DVC_NO_ANALYTICS": "1",
    }
    dvc = [sys.executable, "-m", "dvc"]
    if not Path(".git").exists():
        # A cloud build gets the files without their history; DVC wants to be told.
        subprocess.run(
            [*dvc, "config", "--local", "core.no_scm", "true"], env=environment, check=True
        )
    if subprocess.run([*dvc, "repro"], env=environment, check=False).returncode:
        raise UserError("dvc repro failed; the stage's own line above says why")
