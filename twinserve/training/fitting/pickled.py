"""A trained classifier in its file, and the SHA-256 without which nothing unpickles it.

A pickle is a program, and DVC takes a file in its cache at its name's word. So the digest of
``models/model.pkl`` is kept in git, where a change of it is seen, and the very bytes that were
compared with it are unpickled.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from twinserve.config.errors import UserError
from twinserve.training.fitting.digest import digest_of, digest_path, read_digest
from twinserve.training.frame import restore
from twinserve.training.outputs import read_output
from twinserve.training.paths import MODEL_PATH

if TYPE_CHECKING:
    from twinserve.training.estimator import Classifier

# Named, so that another Python's or joblib's default cannot change the bytes.
PROTOCOL = 5


def pickle_of(classifier: object) -> bytes:
    """The classifier as a pickle, the same on every machine."""
    from twinserve.training.fitting.pickler import Pickler

    _forget_times(classifier)
    pickled = io.BytesIO()
    Pickler(pickled, PROTOCOL).dump(classifier)
    return pickled.getvalue()


def _forget_times(model: Any) -> None:  # noqa: ANN401 - scikit-learn has no types
    """Delete a search's times of each try, which are never the same; a Pipeline's last step too."""
    for _, step in getattr(model, "steps", ()):
        _forget_times(step)
    tried = getattr(model, "cv_results_", None)
    if isinstance(tried, dict):
        model.refit_time_ = 0.0
        model.cv_results_ = {
            name: figures for name, figures in tried.items() if not name.endswith("_time")
        }


def read_pickled(path: Path = MODEL_PATH) -> bytes:
    """The bytes that ``write_model`` wrote, compared.

    Raises:
        UserError: they are not there, or others.
    """
    content = read_output(path)
    expected = read_digest(path)
    digest = digest_of(content)
    if digest != expected:
        raise UserError(
            f"{path}: SHA-256 is {digest[:12]}…, {digest_path(path)} says {expected[:12]}…; it is "
            "not unpickled. Restore the digest from git, remove the file here and in DVC's cache, "
            "and make it anew with `twinserve repro --afresh`"
        )
    return content


def unpickle(content: bytes) -> "Classifier":
    """The classifier in bytes that ``read_pickled`` has compared."""
    import joblib

    loaded = joblib.load(io.BytesIO(content))
    restore(loaded)
    return cast("Classifier", loaded)


def read_model(path: Path = MODEL_PATH) -> "Classifier":
    """What ``write_model`` wrote.

    Raises:
        UserError: it is not there, or another.
    """
    return unpickle(read_pickled(path))
