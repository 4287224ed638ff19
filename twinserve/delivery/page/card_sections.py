"""The page's second half: the model card, to read."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from twinserve.config.card import Card, Feature
from twinserve.delivery.page.drawings import bar, histogram, levels, scatter
from twinserve.delivery.page.evaluation import Evaluation

# Of a matrix; of more classes the pairs that are confused most often are listed.
_MOST_CLASSES = 16
_MOST_PAIRS = 12
_NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "log_loss": "log loss",
    "r2": "R²",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
}
_SHARES = frozenset({"accuracy"})
# Of a probability; where it is less no label may differ.
_EXACT = 1e-6


def figures(card: Card) -> str:
    """The headline figures, as terms with a value each."""
    tiles = [
        (_NAMES[name], _figure(name, card.metrics[name])) for name in _NAMES if name in card.metrics
    ]
    if folds := card.metrics.get("cross_validation"):
        name = "accuracy" if card.classes else "r2"
        spread = f"{folds[f'{name}_std']:.3f}" if name == "r2" else f"{folds[f'{name}_std']:.1%}"
        mean = f"{_figure(name, folds[f'{name}_mean'])} ± {spread}"
        tiles.append((f"{_NAMES[name]} over {folds['folds']} folds", mean))
    shown = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in tiles)
    return f'<dl class="tiles">{shown}</dl>'


def judged(card: Card, evaluation: Evaluation) -> str:
    """How held-out rows were answered: a confusion matrix, or residuals."""
    return _residuals(card, evaluation) if not card.classes else _confusion(card, evaluation)


def features(card: Card, evaluation: Evaluation) -> str:
    """Each feature with its type, its range and how much depends on it."""
    most = max(evaluation.importances.values(), default=0.0)
    rows = []
    for feature in card.features:
        lost = max(0.0, evaluation.importances.get(feature.name, 0.0))
        drawn = bar(lost / most) if most > 0 else ""
        rows.append(
            (
                f'<th scope="row">{escape(feature.name)}</th>',
                f"<td>{_kind(feature)}</td><td>{_range(feature)}</td>",
                f'<td class="weight">{drawn}<span>{lost:.3f}</span></td>',
            )
        )
    lost_of = "accuracy" if card.classes else "R²"
    heads = ("feature", "type", "in the table", f"{lost_of} lost when shuffled")
    return _table("What the model reads", "Features", heads, map("".join, rows))


def classes(card: Card) -> str:
    """Figures of each class."""
    if not card.classes:
        return ""
    heads = ("class", "precision", "recall", "F1", "held-out rows")
    rows = (
        f'<th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{scores[key]:.3f}</td>" for key in ("precision", "recall", "f1"))
        + f"<td>{scores['support']}</td>"
        for name, scores in card.metrics["classes"].items()
    )
    return _table("Each class on the held-out rows", "Classes", heads, rows)


def lineage(card: Card) -> str:
    """What the model was made of and what was proven of it, each with its digest."""
    data, parity = card.data, card.parity
    compared = parity.table_rows + parity.random_rows + parity.threshold_rows + parity.midpoint_rows
    same = "the same answers"
    equal = same if parity.tolerance < _EXACT else f"{same}, within {parity.tolerance:g},"
    terms = {
        "table": f"<code>{escape(data['path'])}</code>, {data['rows']:,} rows",
        "SHA-256": f"<code>{data['sha256']}</code>",
        "estimator": f"<code>{escape(card.estimator['import_path'])}</code>",
        "served as": f"{escape(card.chosen())}",
        "proven": f"{equal} as the estimator's on {compared:,} rows, {parity.ties:,} of them ties",
        **{escape(name): f"<code>{digest}</code>" for name, digest in card.artifacts.items()},
        "libraries": ", ".join(
            f"{escape(name)}&nbsp;{escape(version)}" for name, version in card.libraries.items()
        ),
    }
    arguments = escape(json.dumps(card.estimator.get("arguments", {}), indent=2))
    return (
        f"{_terms(terms)}<details><summary>Arguments of the estimator</summary>"
        f'<pre tabindex="0" role="region" aria-label="Arguments">{arguments}</pre></details>'
    )


def _confusion(card: Card, evaluation: Evaluation) -> str:
    names = card.classes
    counts = Counter(evaluation.pairs)
    if len(names) > _MOST_CLASSES:
        wrong = Counter({pair: count for pair, count in counts.items() if pair[0] != pair[1]})
        rows = (
            f'<th scope="row">{escape(actual)}</th><td>{escape(given)}</td><td>{count}</td>'
            for (actual, given), count in wrong.most_common(_MOST_PAIRS)
        )
        heads = ("actual", "predicted", "held-out rows")
        return _table("Most frequent mistakes", "Mistakes", heads, rows)
    matrix = [[counts[actual, given] for given in names] for actual in names]
    rows = (
        f'<th scope="row">{escape(actual)}</th>'
        + "".join(
            f'<td class="s{level}">{count}</td>' for count, level in zip(row, shades, strict=True)
        )
        for actual, row, shades in zip(names, matrix, levels(matrix), strict=True)
    )
    title = "Confusion matrix: actual classes down, predicted classes across"
    return _table(title, "Confusion matrix", ("actual", *map(escape, names)), rows, kind="matrix")


def _residuals(card: Card, evaluation: Evaluation) -> str:
    unit = f" {card.target.unit}" if card.target is not None and card.target.unit else ""
    pairs = [(float(actual), float(given)) for actual, given in evaluation.pairs]
    residuals = [given - actual for actual, given in pairs]
    reach = max(map(abs, residuals), default=0.0)
    ordered = sorted(map(abs, residuals))
    half = ordered[len(ordered) // 2] if ordered else 0.0
    said = escape(f"Half of {len(pairs):,} held-out rows are off by at most {half:.3g}{unit}")
    low, high = f"{-reach:.3g}{unit}", f"{reach:.3g}{unit}"
    return (
        f'<div class="plots"><figure>{histogram(residuals, f"Residuals. {said}")}'
        f'<figcaption><span class="ends"><span>{escape(low)}</span><span>0</span>'
        f"<span>{escape(high)}</span></span>Residuals, predicted less actual. {said}."
        f"</figcaption></figure><figure>{scatter(pairs, f'Predicted over actual values. {said}')}"
        "<figcaption>Predicted (up) over actual values (across); on the line they agree."
        "</figcaption></figure></div>"
    )


def _table(
    caption: str, name: str, heads: Sequence[str], rows: Iterable[str], kind: str = "figures"
) -> str:
    head = "".join(f'<th scope="col">{title}</th>' for title in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">'
        f'<table class="{kind}"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _terms(terms: Mapping[str, str]) -> str:
    shown = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in terms.items())
    return f'<dl class="terms">{shown}</dl>'


def _figure(name: str, value: Any) -> str:  # noqa: ANN401 - JSON
    return f"{value:.1%}" if name in _SHARES else f"{value:.4g}"


def _kind(feature: Feature) -> str:
    unit = f" in {escape(feature.unit)}" if feature.unit else ""
    return f"{feature.type}{unit}{', may be missing' * feature.missing}"


def _range(feature: Feature) -> str:
    if feature.type == "number":
        return f"{feature.minimum:g} to {feature.maximum:g}"
    if feature.type == "category":
        shown = ", ".join(escape(str(value)) for value in feature.values[:5])
        return f"{shown}{', …' * (len(feature.values) > 5)}"  # noqa: PLR2004 - a line
    return ""
