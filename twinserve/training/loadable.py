"""Whether the packages that a bundle installs can load a pickled estimator."""

import io
import re
from pathlib import Path
from typing import Any

from joblib.numpy_pickle import NumpyUnpickler

from twinserve.config.card import read_file
from twinserve.config.errors import UserError
from twinserve.training.fitting.installed import distributions

# The user's own code is in the bundle itself.
_OWN = "custom"


def check_loadable(pickled: bytes, lock: Path) -> None:
    """Compare the packages whose objects a pickle names with what a lock installs.

    Raises:
        UserError: a package is not in the lock, so that the endpoint could not load the estimator.
    """
    text = read_file(lock, "make it with `make lock`", most=None).decode()
    held = {_normal(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}
    names = distributions()
    for package in sorted(imported(pickled) - {_OWN}):
        # Of Python's own packages there are no distributions.
        candidates = {_normal(name) for name in names.get(package, [])}
        if candidates and not held & candidates:
            raise UserError(
                f"the trained estimator needs the package {package}, which {lock} does not "
                f"install, so that no endpoint could load it; name {min(candidates)} in "
                "custom/requirements.txt and run `make lock`"
            )


def imported(pickled: bytes) -> set[str]:
    """The top-level packages whose objects a pickle names; it is one that this project wrote."""
    file = io.BytesIO(pickled)
    noting = _Noting("", file, True)  # noqa: FBT003 - by place, as joblib has it
    noting.load()
    return noting.packages


class _Noting(NumpyUnpickler):  # type: ignore[misc] # joblib ships no types
    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - joblib's
        super().__init__(*arguments)
        self.packages: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - pickle's
        """Note the package."""
        self.packages.add(module.partition(".")[0])
        return super().find_class(module, name)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
