"""The files that one stage hands to the next, as ``dvc.yaml`` names them."""

from pathlib import Path

TRAIN_PATH = Path("data/prepared/train.csv")
TEST_PATH = Path("data/prepared/test.csv")
# What params.yaml leaves out of the columns, from the table.
COLUMNS_PATH = Path("data/prepared/columns.json")
# Of the fit, or of DVC's run cache in its place; nothing unpickles it.
FITTED_PATH = Path("models/fitted.pkl")
MODEL_PATH = Path("models/model.pkl")
EVALUATION = Path("evaluation")
METRICS_PATH = EVALUATION / "metrics.json"
# Set where a fit is taken by its hash: the figures of folds, each of which is a fit too, are taken
# from METRICS_PATH, which git has.
FOLDS_TAKEN = "TWINSERVE_FOLDS_TAKEN"
