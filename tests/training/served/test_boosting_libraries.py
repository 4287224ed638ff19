"""The cases beside this file that need both libraries, in an environment that has them."""

from pathlib import Path

import pytest

from tests.training.libraries import pass_with


@pytest.mark.nightly
@pytest.mark.parametrize("cases", ["boosting.py", "boosting_served.py"])
def test_xgboost_and_lightgbm(tmp_path: Path, cases: str) -> None:
    """Installed from their locks beside the project's own, all of the cases there pass."""
    pass_with(("lightgbm", "xgboost"), Path(__file__).with_name(cases), tmp_path)
