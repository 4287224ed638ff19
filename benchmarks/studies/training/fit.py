"""The bare fit, in a fresh process: ``python -m benchmarks.studies.training.fit FOLDER TREES``.

Prints how long it took, in seconds; to start Python and to read the rows is not counted.
"""

import sys
import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier

ROWS, LABELS = "rows.npy", "labels.npy"
SEED = 42


def main() -> None:
    """Fit on all cores, as whoever writes it by hand does."""
    folder, trees = Path(sys.argv[1]), int(sys.argv[2])
    rows, labels = np.load(folder / ROWS), np.load(folder / LABELS)
    forest = RandomForestClassifier(trees, random_state=SEED, n_jobs=-1)
    began = time.perf_counter()
    forest.fit(rows, labels)
    sys.stdout.write(f"{time.perf_counter() - began}\n")


if __name__ == "__main__":
    main()
