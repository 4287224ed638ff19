"""Fit the estimator that ``params.yaml`` names; ``accept`` takes it as ``models/model.pkl``."""

import sys
import warnings

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from twinserve.config.errors import UserError, run_as_command
from twinserve.config.params import Params, load_params
from twinserve.config.training import Estimator
from twinserve.training.estimator import (
    Classifier,
    build_classifier,
    first_line,
)
from twinserve.training.fitting.cluster import on_engine
from twinserve.training.fitting.cores import fitting
from twinserve.training.fitting.known import note_fit
from twinserve.training.fitting.pickled import pickle_of
from twinserve.training.fitting.progress import said_while
from twinserve.training.frame import names_columns
from twinserve.training.outputs import write_output
from twinserve.training.paths import FITTED_PATH, TRAIN_PATH
from twinserve.training.prepared import Rows, read_prepared, with_columns
from twinserve.training.preprocessing import as_yaml, preprocessed, preprocessing_for

# Before Python 3.14 scikit-learn's threads clear each other's filters for an instant, and then say
# that they were given none.
BETWEEN_THREADS = "`sklearn.utils.parallel.delayed` should be used with"


def fit(classifier: Classifier, choice: Estimator, rows: Rows) -> list[str]:
    """Train on the rows; the warnings that this gave, once each, first lines only.

    Raises:
        UserError: the estimator refuses its arguments or the rows, or gives no probabilities.
    """
    doing = f"train: {choice.import_path} on {len(rows.labels)} rows"
    # More threads of BLAS would add the same numbers in another order, and leave other last digits.
    with (
        said_while(doing),
        warnings.catch_warnings(record=True) as caught,
        threadpool_limits(1),
        fitting(classifier),
    ):
        warnings.simplefilter("default")
        try:
            classifier.fit(rows.features, rows.labels)
        except Exception as error:  # noqa: BLE001 - an estimator of any origin raises anything
            raise UserError(
                f"params.yaml: estimator: {choice.import_path} cannot be fitted: "
                f"{first_line(error)}"
            ) from None
    lines = [str(warning.message).strip().splitlines()[0] for warning in caught]
    return [line for line in dict.fromkeys(lines) if not line.startswith(BETWEEN_THREADS)]


def train(params: Params) -> None:
    """Run the stage.

    Raises:
        UserError: the estimator is refused; an earlier model stays.
    """
    params = with_columns(params)
    data, choice = params.data, params.estimator
    built = build_classifier(choice, params.split.seed, data.classes, data.task or "classification")
    step = preprocessing_for(built, choice, data.features)
    classifier = built if step is None else preprocessed(built, step)
    if step is not None:
        sys.stdout.write(
            f"train: preprocessing auto is the same as, in params.yaml:\n{as_yaml(choice, step)}"
        )
    rows = read_prepared(TRAIN_PATH, params.data, named=names_columns(classifier))
    with on_engine(params.training):
        warned = fit(classifier, params.estimator, rows)
    for warning in warned:
        sys.stdout.write(f"train: warning: {warning}\n")
    content = pickle_of(classifier)
    note_fit(content)
    write_output(FITTED_PATH, content)
    sys.stdout.write(
        f"train: {params.estimator.import_path} on {len(rows.labels)} rows, {len(content):,} bytes "
        f"in {FITTED_PATH}\n"
    )


def main() -> None:
    """Run the stage from ``params.yaml``."""
    train(load_params())


if __name__ == "__main__":
    run_as_command(main)
