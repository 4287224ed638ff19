"""Cases that need a library which the project's own environment does not have."""

import os
import subprocess
from pathlib import Path

from tests.tree import ROOT
from twinserve.targets.environment import ensure_environment


def pass_with(groups: tuple[str, ...], cases: Path, folder: Path) -> None:
    """Installed from the locks of their groups beside the project's own, all cases of a file pass.

    Args:
        groups: as the locks are called.
        cases: what pytest runs.
        folder: where the locks are put together.
    """
    requirements = folder / "requirements.txt"
    texts = [(ROOT / f"locks/{name}.txt").read_text() for name in ("dev", *groups)]
    requirements.write_text("\n".join(texts), encoding="utf-8")
    python = ensure_environment(requirements)
    options = ["-q", "-p", "no:cacheprovider", "-n", "0", "--no-cov"]
    done = subprocess.run(
        [python, "-m", "pytest", *options, cases],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:]
