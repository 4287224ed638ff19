"""What an answer is to have beside its prediction, and what each word for that adds."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from twinserve.config.errors import UserError
from twinserve.inference.contract import Problem
from twinserve.inference.problem import escaped, kind_of

if TYPE_CHECKING:
    from twinserve.config.card import Card

NAME = "include"


class Include(NamedTuple):
    """The members that are asked for, by their names.

    Attributes:
        label: the name of the class.
        probabilities: of every class, by its name.
    """

    label: bool = False
    probabilities: bool = False

    def members(self, card: "Card", prediction: Any, shares: Sequence[float]) -> dict[str, Any]:  # noqa: ANN401 - by the card's task
        """The included members of one row's answer; ``shares`` are its probabilities."""
        members: dict[str, Any] = {}
        if self.label:
            members["label"] = card.classes[prediction]
        if self.probabilities:
            members["probabilities"] = dict(zip(card.classes, shares, strict=True))
        return members


NOTHING = Include()


def read_words(words: Iterable[str], card: "Card", pointer: str = "") -> Include:
    """What the words ask for.

    Args:
        words: of a request or of the settings.
        card: of the model that is to answer.
        pointer: where in the body they stand, if they stand there.

    Raises:
        Problem: 422, a word is not known, or the model has no such thing.
    """
    asked = list(words)
    for place, word in enumerate(asked):
        detail = ""
        if word not in Include._fields:
            detail = f"{NAME}: {word!r:.60} is not known; known: {', '.join(Include._fields)}"
        elif card.task == "regression":
            detail = f"{NAME}: the model predicts a number: it has no {word}"
        elif word == "probabilities" and not card.with_probabilities:
            detail = f"{NAME}: the model tells a class alone: it has no {word}"
        if detail:
            errors = [{"pointer": f"{pointer}/{place}", "detail": detail}] if pointer else None
            raise Problem(422, detail, errors=errors)
    return Include(**dict.fromkeys(asked, True))


def default_of(words: Iterable[str], card: "Card") -> Include:
    """What an answer has beside its prediction where the request does not say.

    Raises:
        UserError: a word is not known, or the model has no such thing.
    """
    try:
        return read_words(words, card)
    except Problem as problem:
        raise UserError(f"params.yaml: serving.{problem.detail}") from None


def words_of(query: bytes) -> list[str] | None:
    """The words of a query string, not checked yet; None if it does not say."""
    fields = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    values = [value for name, value in fields if name == NAME]
    if not values:
        return None
    words = [word.strip() for value in values for word in value.split(",")]
    return [word for word in words if word]


def of_parameters(content: dict[str, Any], card: "Card") -> Include | None:
    """What ``parameters`` of a body asks for; None if it does not say.

    Raises:
        Problem: 422, it has another member, or as of ``read_words``.
    """
    parameters = content.get("parameters")
    if parameters is None:
        return None
    if not isinstance(parameters, dict):
        raise _unfit("#/parameters", f"expected an object, found {kind_of(parameters)}")
    for name in parameters:
        if name != NAME:
            raise _unfit(f"#/parameters/{escaped(name)}", f"is not known; known: {NAME}")
    words = parameters.get(NAME)
    if words is None:
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise _unfit(f"#/parameters/{NAME}", "expected a list of strings")
    return read_words(words, card, f"#/parameters/{NAME}")


def _unfit(pointer: str, fault: str) -> Problem:
    detail = f"{pointer.removeprefix('#/')}: {fault}"
    return Problem(422, detail, errors=[{"pointer": pointer, "detail": detail}])
