"""What a renewal does to what is served: model, answers, metrics, and figures taken in turns."""

import json
import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from twinserve.config.card import Card, load_card
from twinserve.config.layout import CARD_NAME
from twinserve.config.measurement import Measurement
from twinserve.config.params import PARAMS_PATH, load_params
from twinserve.delivery.worktree import PYTHON, reproduce
from twinserve.measure.http.client import golden_body
from twinserve.measure.imports.trace import TARGETS
from twinserve.measure.pairs.loads import Load, memories, take_loads
from twinserve.measure.pairs.side_by_side import Side
from twinserve.measure.statistics import Estimate, estimate, judge_budget, paired_ratio
from twinserve.renewal.packages import OUTPUTS
from twinserve.renewal.report import Answers, Effect, Figure
from twinserve.review.collect import bundle_size
from twinserve.review.differences import metric_changes, model_change
from twinserve.review.latency import compare_latency
from twinserve.review.report import Ratio
from twinserve.targets.local import local_service, local_target
from twinserve.targets.opener import ask
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering
from twinserve.training.served.golden import requests_of
from twinserve.training.table import read_table

# Of a larger table, evenly spaced.
MOST_ROWS = 2_000
LOAD_ROUNDS = 9
LIMIT_S = 30.0
SERVICE = Path("dist/service")


def measure_effect(
    old: Path, new: Path, rounds: int | None = None, say: Callable[[str], None] = print
) -> Effect:
    """Compare two reproduced trees; ``rounds`` takes the place of the usual number.

    Raises:
        UserError: a bundle cannot be started or does not answer.
    """
    wanted = load_params(new / PARAMS_PATH).measurement
    if rounds is not None:
        comparison = wanted.comparison.model_copy(update={"rounds": rounds})
        wanted = wanted.model_copy(update={"comparison": comparison})
    return Effect(
        model=model_change(old, new),
        answers=compare_answers(old, new),
        metrics=metric_changes(old, new),
        figures=(
            *_latencies(old, new, wanted, say),
            *_loads(old, new, wanted, min(LOAD_ROUNDS, wanted.comparison.rounds), say),
        ),
        bundle_bytes=(bundle_size(old), bundle_size(new)),
    )


def compare_answers(old: Path, new: Path) -> Answers:
    """Send rows of the table to both services.

    Raises:
        UserError: a service cannot be started.
    """
    rows, count = _requests(new)
    answers = list(zip(rows, *ask_both(old, new, rows), strict=True))
    other = [(row, was, now) for row, was, now in answers if was != now]
    shown = "; ".join((json.dumps(other[0][0]), *other[0][1:])) if other else None
    return Answers(len(rows), count, len(other), shown)


def ask_both(old: Path, new: Path, rows: list[Any]) -> tuple[list[str], list[str]]:
    """What both services answer to each row, without the model's version.

    Raises:
        UserError: a service cannot be started.
    """
    with (
        local_service(old / SERVICE, interpreter=_interpreter(old)).start() as first,
        local_service(new / SERVICE, interpreter=_interpreter(new)).start() as second,
    ):
        for endpoint in (first, second):
            wait_until_answering(endpoint)
        return _ask(first, rows), _ask(second, rows)


def _requests(tree: Path) -> tuple[list[Any], int]:
    """Rows of the table as requests give them, and how many the table has."""
    data = load_params(tree / PARAMS_PATH).data
    table = read_table(data.model_copy(update={"table": str(tree / data.table)}))
    count = len(table.rows)
    step = max(1, -(-count // MOST_ROWS))
    return requests_of(table, card_of(tree), range(0, count, step)), count


def _ask(endpoint: Endpoint, rows: list[Any]) -> list[str]:
    headers = {"Content-Type": "application/json", **endpoint.headers}
    answers = []
    for row in rows:
        body = json.dumps({"features": row}).encode()
        reply = ask(endpoint.predict_url, LIMIT_S, body=body, headers=headers)
        answers.append(_said(reply.status, reply.body.decode(errors="replace")))
    return answers


def _said(status: int, body: str) -> str:
    """An answer without the version, which may have been raised on purpose."""
    if status != HTTPStatus.OK:
        return f"{status} {body.strip()}"
    told = json.loads(body)
    told.pop("model_version", None)
    return json.dumps(told)


def runtime_of(base: Path) -> str:
    """What a tree's model is served in, made by this environment where nothing has made it yet.

    Raises:
        UserError: it cannot be reproduced.
    """
    reproduce(base, sys.executable, OUTPUTS)
    return card_of(base).runtime


def card_of(tree: Path) -> Card:
    """The model card of a tree's bundles."""
    return load_card(tree / SERVICE / CARD_NAME)


def _side(target: str, tree: Path) -> Side:
    bundle = tree / "dist" / target
    served = local_target(target, bundle, _interpreter(tree))
    return Side(served, golden_body(load_card(bundle / CARD_NAME)))


def _interpreter(tree: Path) -> Path | None:
    """The Python that the tree's own environment was made by; without one, this."""
    python = (tree / PYTHON).absolute()
    return python if python.exists() else None


def _latencies(
    old: Path, new: Path, wanted: Measurement, say: Callable[[str], None]
) -> list[Figure]:
    return [
        Figure(
            latency.target,
            latency.figure,
            "ms",
            latency.base_ms,
            latency.head_ms,
            None if latency.ratio is None else _estimate(latency.ratio),
            latency.outcome,
        )
        for latency in compare_latency(
            old, new, wanted, say=say, interpreters=(_interpreter(old), _interpreter(new))
        )
    ]


def _estimate(ratio: Ratio) -> Estimate:
    return Estimate(ratio.value, ratio.low, ratio.high)


def _loads(
    old: Path, new: Path, wanted: Measurement, rounds: int, say: Callable[[str], None]
) -> list[Figure]:
    figures = []
    for target in TARGETS:
        pairs = take_loads(
            _side(target, old), _side(target, new), rounds=rounds, connections=_usual(wanted)
        )
        say(f"{target}: {rounds} rounds under load")
        figures += _of_loads(target, pairs, wanted.comparison.allowed_ratio)
    return figures


def _usual(wanted: Measurement) -> int:
    """A number of connections from the middle of those that are measured."""
    return sorted(wanted.connections)[len(wanted.connections) // 2]


def _of_loads(target: str, pairs: list[tuple[Load, Load]], allowed: float) -> list[Figure]:
    old, new = ([pair[place] for pair in pairs] for place in (0, 1))
    rates = [[load.per_second for load in side] for side in (old, new)]
    figures = [_figure(target, "requests", "/s", rates[0], rates[1], paired_ratio(*rates), allowed)]
    sizes = memories(old), memories(new)
    if sizes[0] and sizes[1]:
        millions = [[size / 1e6 for size in side] for side in (sizes[0], sizes[1])]
        ratio = paired_ratio(millions[1], millions[0])
        figures.append(_figure(target, "memory", "MB", millions[0], millions[1], ratio, allowed))
    return figures


def _figure(
    target: str,
    name: str,
    unit: str,
    old: list[float],
    new: list[float],
    ratio: Estimate,
    allowed: float,
) -> Figure:
    outcome = judge_budget(ratio, allowed)
    return Figure(target, name, unit, estimate(old).value, estimate(new).value, ratio, outcome)
