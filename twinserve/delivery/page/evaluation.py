"""What the evaluation has drawn, read back for the page."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.card import read_file

PLOTS = Path("evaluation/plots")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How the held-out rows were answered.

    Attributes:
        pairs: of each row what it is and what was predicted, as texts.
        importances: what accuracy or R² loses when a feature's column is shuffled.
    """

    pairs: Sequence[tuple[str, str]]
    importances: Mapping[str, float]


def read_evaluation(folder: Path = PLOTS) -> Evaluation:
    """Read it.

    Raises:
        UserError: the evaluation has not written it.
    """
    return Evaluation(
        pairs=[(row["actual"], row["predicted"]) for row in _rows(folder / "predicted.csv")],
        importances={
            row["feature"]: float(row["importance"]) for row in _rows(folder / "importances.csv")
        },
    )


def _rows(path: Path) -> list[dict[str, str]]:
    content = read_file(path, "make it with `dvc repro evaluate`", most=None)
    return list(csv.DictReader(content.decode().splitlines(keepends=True)))
