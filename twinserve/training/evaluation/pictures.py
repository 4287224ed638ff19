"""Figures as pictures: the same bytes from the same figures."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from twinserve.training.evaluation.figures import Importance

_INK, _FAINT, _BAR = "#1b1f24", "#6b7280", "#2563a8"
_DPI = 144
_MANY_CLASSES = 6


def confusion_picture(counts: Sequence[Sequence[int]], class_names: Sequence[str]) -> bytes:
    """PNG of a confusion matrix; actual classes are its rows."""
    matrix = np.asarray(counts)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = max(3.6, 0.62 * len(class_names) + 1.8)
    with _drawing(side + 0.8, side) as figure:
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        places = range(len(class_names))
        tilt = 45 if len(class_names) > _MANY_CLASSES else 0
        axes.set_xticks(places, class_names, rotation=tilt, ha="right" if tilt else "center")
        axes.set_yticks(places, class_names)
        axes.set_xlabel("predicted")
        axes.set_ylabel("actual")
        axes.set_title("Held-out rows by class")
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        for (row, column), count in np.ndenumerate(matrix):
            dark = shares[row, column] > 0.5  # noqa: PLR2004 - half way along the colour map
            colour = "white" if dark else (_INK if count else _FAINT)
            axes.text(column, row, f"{count}", ha="center", va="center", color=colour)
        return _png(figure)


def predicted_picture(actual: Sequence[float], predicted: Sequence[float], name: str) -> bytes:
    """PNG of predicted against actual values, on the line where they are equal."""
    with _drawing(5.2, 4.8) as figure:
        axes = figure.add_subplot()
        ends = [min(*actual, *predicted), max(*actual, *predicted)]
        axes.plot(ends, ends, color=_FAINT, linewidth=0.9)
        _dots(axes, actual, predicted)
        axes.set_xlabel(f"actual {name}")
        axes.set_ylabel(f"predicted {name}")
        axes.set_title("Held-out rows")
        return _png(figure)


def residuals_picture(predicted: Sequence[float], residuals: Sequence[float], name: str) -> bytes:
    """PNG of what the model is off by, over what it predicts."""
    with _drawing(6.4, 3.8) as figure:
        axes = figure.add_subplot()
        axes.axhline(0, color=_FAINT, linewidth=0.9)
        _dots(axes, predicted, residuals)
        axes.set_xlabel(f"predicted {name}")
        axes.set_ylabel("predicted less actual")
        axes.set_title("Residuals of the held-out rows")
        return _png(figure)


def search_picture(scores: Sequence[float], spreads: Sequence[float], best: int) -> bytes:
    """PNG of the score of each candidate of a search, in the order of trial; the best in ink."""
    with _drawing(6.4, 3.8) as figure:
        axes = figure.add_subplot()
        places = list(range(len(scores)))
        axes.errorbar(
            places, scores, yerr=spreads, fmt="none", ecolor=_FAINT, elinewidth=1, capsize=2
        )
        _dots(axes, places, scores)
        axes.scatter([best], [scores[best]], s=36, color=_INK, zorder=3)
        axes.set_xlabel("candidate")
        axes.set_ylabel("mean score of the search's folds")
        axes.set_title("Candidates of the search, the best in black")
        return _png(figure)


def _dots(axes: Axes, across: Sequence[float], up: Sequence[float]) -> None:
    axes.scatter(across, up, s=14, color=_BAR, alpha=0.6, linewidths=0)
    axes.grid(color="#e5e7eb")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def importances_picture(ranked: Sequence[Importance], lost: str = "accuracy") -> bytes:
    """PNG of the importances as bars, the largest at the top."""
    with _drawing(7.2, max(2.6, 0.27 * len(ranked) + 1.3)) as figure:
        axes = figure.add_subplot()
        places = range(len(ranked))
        axes.barh(
            places,
            [feature.importance for feature in ranked],
            xerr=[feature.spread for feature in ranked],
            color=_BAR,
            height=0.66,
            error_kw={"ecolor": _FAINT, "elinewidth": 1, "capsize": 2},
        )
        axes.set_yticks(places, [feature.feature for feature in ranked])
        axes.set_ylim(len(ranked) - 0.4, -0.6)
        axes.axvline(0, color=_INK, linewidth=0.8)
        axes.set_xlabel(f"{lost} lost when the column is shuffled (held-out rows)")
        axes.set_title("Importance of each feature")
        axes.grid(axis="x", color="#e5e7eb")
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        for side in ("top", "right", "left", "bottom"):
            axes.spines[side].set_visible(False)
        return _png(figure)


@contextmanager
def _drawing(width: float, height: float) -> Iterator[Figure]:
    # A user's own matplotlibrc must not reach the pictures.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "font.size": 9.5,
                "axes.titlesize": 11,
                "axes.titleweight": "bold",
                "axes.titlelocation": "left",
                "text.color": _INK,
                "axes.labelcolor": _INK,
                "xtick.color": _INK,
                "ytick.color": _INK,
            }
        )
        figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def _png(figure: Figure) -> bytes:
    picture = io.BytesIO()
    # Matplotlib's own version would stand in the file.
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
