"""The trained classifier in its file, ``models/model.pkl``."""

import io
from typing import cast

import joblib

from training.estimator import Classifier
from training.outputs import read_output, write_output
from training.paths import MODEL_PATH

# Named, so that another Python's or joblib's default cannot change the bytes.
PROTOCOL = 5


def write_model(classifier: Classifier) -> int:
    """Pickle the classifier; the number of bytes."""
    pickled = io.BytesIO()
    joblib.dump(classifier, pickled, protocol=PROTOCOL)
    write_output(MODEL_PATH, pickled.getvalue())
    return len(pickled.getvalue())


def read_model() -> Classifier:
    """What ``train`` wrote; as every pickle, it is trusted.

    Raises:
        UserError: it is not there.
    """
    return cast("Classifier", joblib.load(io.BytesIO(read_output(MODEL_PATH))))
