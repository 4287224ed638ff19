"""A compiled model that is made of several: votes, means and medians of what each answers."""

import ctypes
import json
from collections.abc import Sequence
from typing import Any

from twinserve.inference.runtimes import compiled

_NUMBER, _EXPONENTIAL = 4, 5


class CompiledMixture:
    """The object gives the outputs of every part; they are put together here."""

    def __init__(self, library: ctypes.CDLL, described: dict[str, Any]) -> None:
        self._outputs = compiled.CompiledNumber(library, lambda outputs: outputs[0]).outputs
        self._described = described

    def predict(self, features: Sequence[float]) -> float:
        """See ``twinserve.inference.model.Model``."""
        return _answered(self._described, self._outputs((features,))[0])[0]

    def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[float], list[list[float]]]:
        """See ``twinserve.inference.model.Model``."""
        found = [_answered(self._described, outputs) for outputs in self._outputs(rows)]
        return [prediction for prediction, _ in found], [shares for _, shares in found]


def load_mixture(library: ctypes.CDLL) -> CompiledMixture:
    """The mixture that the object describes."""
    text = ctypes.c_char_p(ctypes.addressof(ctypes.c_char.in_dll(library, "model_mixture"))).value
    return CompiledMixture(library, json.loads(text or b""))


def _answered(whole: dict[str, Any], outputs: list[float]) -> tuple[float, list[float]]:
    """Prediction, and probabilities or the number; takes what it reads off the outputs' front."""
    answers = [_of_part(part, outputs) for part in whole["parts"]]
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
    return label, [] if kind == "labels" else [one / total for one in votes]


def _of_part(part: dict[str, Any], outputs: list[float]) -> tuple[float, list[float]]:
    if "mixture" in part:
        return _answered(part, outputs)
    own = outputs[: part["outputs"]]
    del outputs[: part["outputs"]]
    kind = part["kind"]
    if kind in {_NUMBER, _EXPONENTIAL}:
        number = own[0] if kind == _NUMBER else compiled.exponential(own[0])
        return number, [number]
    if len(own) == 1:
        label = int(own[0] > part["limit"] or (part["limit_is_one"] and own[0] == part["limit"]))
    else:
        label = own.index(max(own))
    return label, compiled.probabilities(kind, part["softness"], own)


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
