"""A compiled model that is made of several: votes, means and medians of what each answers."""

import json
from collections.abc import Callable, Sequence
from typing import Any

Rows = Sequence[Sequence[float]]
# What one model makes of its outputs, its kind and softness given: probabilities, or the number.
Shares = Callable[[int, float, list[float]], list[float]]
_NUMBERS = (4, 5)


class CompiledMixture:
    """The object gives the outputs of every part; they are put together here."""

    def __init__(
        self, text: bytes, outputs: Callable[[Rows], list[list[float]]], shares: Shares
    ) -> None:
        """The text is the object's own description of its parts."""
        self._described: dict[str, Any] = json.loads(text)
        self._outputs = outputs
        self._shares = shares

    def predict(self, features: Sequence[float]) -> float:
        """See ``twinserve.inference.model.Model``."""
        return _answered(self._described, self._outputs((features,))[0], self._shares)[0]

    def predict_many(self, rows: Rows) -> list[float]:
        """See ``twinserve.inference.model.Model``."""
        return self.scores(rows)[0]

    def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[float], list[list[float]]]:
        """See ``twinserve.inference.model.Model``."""
        every = self._outputs(rows)
        answers = [_answered(self._described, outputs, self._shares) for outputs in every]
        return [prediction for prediction, _ in answers], [shares for _, shares in answers]


def _answered(
    whole: dict[str, Any], outputs: list[float], shares_of: Shares
) -> tuple[float, list[float]]:
    """Prediction, and probabilities or the number; takes what it reads off the outputs' front."""
    answers = [_of_part(part, outputs, shares_of) for part in whole["parts"]]
    kind, weights, classes = whole["mixture"], whole["weights"], whole["classes"]
    if not classes:
        numbers = [prediction for prediction, _ in answers]
        number = _median(numbers, weights) if kind == "median" else _mean(numbers, weights)
        return number, [number]
    votes = [0.0] * classes
    for part, weight, (label, shares) in zip(whole["parts"], weights, answers, strict=True):
        if kind in {"labels", "votes"}:
            votes[part["places"][int(label)]] += weight
        else:
            for place, share in zip(part["places"], shares, strict=True):
                votes[place] += weight * share
    label = votes.index(max(votes))
    total = sum(weights)
    return label, [] if kind == "labels" else [vote / total for vote in votes]


def _of_part(
    part: dict[str, Any], outputs: list[float], shares_of: Shares
) -> tuple[float, list[float]]:
    if "mixture" in part:
        return _answered(part, outputs, shares_of)
    own = outputs[: part["outputs"]]
    del outputs[: part["outputs"]]
    shares = shares_of(part["kind"], part["softness"], own)
    if part["kind"] in _NUMBERS:
        return shares[0], shares
    if len(own) == 1:
        label = int(own[0] > part["limit"] or (part["limit_is_one"] and own[0] == part["limit"]))
    else:
        label = own.index(max(own))
    return label, shares


def _mean(numbers: list[float], weights: list[float]) -> float:
    total = 0.0
    for number, weight in zip(numbers, weights, strict=True):
        total += weight * number
    return total / sum(weights)


def _median(numbers: list[float], weights: list[float]) -> float:
    """The first number at which half of the weights is reached."""
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    reached, below = [], 0.0
    for place in order:
        below += weights[place]
        reached.append(below)
    half = 0.5 * reached[-1]
    return next(numbers[place] for place, sum_ in zip(order, reached, strict=True) if sum_ >= half)
