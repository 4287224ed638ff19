"""Which lock a bundle installs: by target and runtime, and by the library of its estimator."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError

LOCKS = Path("locks")
# Each is a group of its own in pyproject.toml, which only those environments have that need it.
LIBRARIES = ("lightgbm", "xgboost")


def bundle_lock(target: str, runtime: str, estimator: Mapping[str, Any]) -> Path:
    """The lock of a bundle; ``estimator`` is as the model card describes it.

    Raises:
        UserError: the estimator itself is to be served, and is made of several libraries.
    """
    if runtime != "joblib":
        return LOCKS / f"{target}-{runtime}.txt"
    named = [name for name in LIBRARIES if f'": "{name}.' in json.dumps(estimator)]
    if len(named) > 1:
        raise UserError(
            f"params.yaml: estimator: {' and '.join(named)} in one estimator: no lock has both for "
            "serving.runtime: joblib; use one of them, or a runtime that needs neither"
        )
    return LOCKS / f"{'-'.join([target, runtime, *named])}.txt"
