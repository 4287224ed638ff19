"""The bare fit, in a fresh process: ``python -m … FOLDER TREES ROWS``.

Prints how long it took to fit all rows, and the first ROWS of them, in seconds each; to start
Python and to read the rows is not counted.
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
    folder, trees, first = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rows, labels = np.load(folder / ROWS), np.load(folder / LABELS)
    for count in (len(rows), first):
        forest = RandomForestClassifier(trees, random_state=SEED, n_jobs=-1)
        began = time.perf_counter()
        forest.fit(rows[:count], labels[:count])
        sys.stdout.write(f"{time.perf_counter() - began}\n")


if __name__ == "__main__":
    main()
