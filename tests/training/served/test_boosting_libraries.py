"""The cases beside this file that need both libraries, in an environment that has them."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.tree import ROOT
from twinserve.targets.environment import ensure_environment

LOCKS = ("dev", "lightgbm", "xgboost")


@pytest.mark.nightly
@pytest.mark.parametrize("cases", ["boosting.py", "boosting_served.py"])
def test_xgboost_and_lightgbm(tmp_path: Path, cases: str) -> None:
    """Installed from their locks beside the project's own, all of the cases there pass."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(
        "\n".join((ROOT / f"locks/{name}.txt").read_text() for name in LOCKS), encoding="utf-8"
    )
    python = ensure_environment(requirements)
    file = Path(__file__).with_name(cases)
    options = ["-q", "-p", "no:cacheprovider", "-n", "0", "--no-cov"]
    done = subprocess.run(
        [python, "-m", "pytest", *options, file],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:]
