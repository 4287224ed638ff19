"""Fit the estimator that ``params.yaml`` names and keep it as ``models/model.pkl``."""

import io
import sys
import warnings
from pathlib import Path

import joblib
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from config.errors import run_as_command
from config.params import Estimator, Params, load_params
from training.estimator import Classifier, build_classifier, check_probabilities, refuse_fit
from training.outputs import write_whole
from training.prepared import TRAIN_PATH, Rows, read_prepared

MODEL_PATH = Path("models/model.pkl")
# Named, so that another Python's or joblib's default cannot change the bytes.
PICKLE_PROTOCOL = 5


def fit(classifier: Classifier, choice: Estimator, rows: Rows) -> list[str]:
    """Train on the rows; the warnings that this gave, first lines only.

    Raises:
        UserError: the estimator refuses its arguments or the rows, or gives no probabilities.
    """
    # More threads would add the same numbers in another order, and leave other last digits.
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(1):
        warnings.simplefilter("default")
        try:
            classifier.fit(rows.features, rows.classes)
        except Exception as error:  # noqa: BLE001 - an estimator of any origin raises anything
            raise refuse_fit(choice, error) from None
    check_probabilities(choice, classifier)
    return [str(warning.message).splitlines()[0] for warning in caught]


def train(params: Params) -> None:
    """Run the stage.

    Raises:
        UserError: the estimator is refused; an earlier model stays.
    """
    classifier = build_classifier(params.estimator, params.split.seed)
    rows = read_prepared(TRAIN_PATH)
    for warning in fit(classifier, params.estimator, rows):
        sys.stdout.write(f"train: warning: {warning}\n")
    pickled = io.BytesIO()
    joblib.dump(classifier, pickled, protocol=PICKLE_PROTOCOL)
    write_whole(MODEL_PATH, pickled.getvalue())
    sys.stdout.write(
        f"train: {params.estimator.import_path} on {len(rows.classes)} rows, "
        f"{len(pickled.getvalue()):,} bytes in {MODEL_PATH}\n"
    )


def main() -> None:
    """Run the stage from ``params.yaml``."""
    train(load_params())


if __name__ == "__main__":
    run_as_command(main)
