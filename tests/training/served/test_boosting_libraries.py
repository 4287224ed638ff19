"""``boosting.py`` beside this file, in an environment that has both libraries."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.tree import ROOT
from twinserve.targets.environment import ensure_environment

LOCKS = ("dev", "lightgbm", "xgboost")


@pytest.mark.nightly
def test_xgboost_and_lightgbm(tmp_path: Path) -> None:
    """Installed from their locks beside the project's own, all of the cases there pass."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(
        "\n".join((ROOT / f"locks/{name}.txt").read_text() for name in LOCKS), encoding="utf-8"
    )
    python = ensure_environment(requirements)
    cases = Path(__file__).with_name("boosting.py")
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
