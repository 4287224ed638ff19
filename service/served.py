"""The model in process, for the user's own routes: ``request.app.state.model``."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from twinserve.inference.contract import check_row

if TYPE_CHECKING:
    from twinserve.config.card import Card
    from twinserve.inference.model import Model

Row = Sequence[Any] | Mapping[str, Any]


class Prediction(NamedTuple):
    """What the model says of one row.

    Attributes:
        prediction: the class's number, or that of a regression, as the endpoint gives it.
        label: the class's name; of a regression, empty.
        probabilities: by the class's name; none of a regression or a model of labels only.
    """

    prediction: float
    label: str
    probabilities: dict[str, float]


class ServedModel:
    """The very model that the endpoint answers with.

    Attributes:
        card: the model card.
    """

    def __init__(self, card: "Card", model: "Model") -> None:
        self.card = card
        self._model = model

    def predict(self, row: Row) -> Prediction:
        """The prediction for one row: values in the card's order, or by feature name.

        Raises:
            Problem: 422, the row is not what the card asks for.
        """
        return self.predict_many([row])[0]

    def predict_many(self, rows: Sequence[Row]) -> list[Prediction]:
        """The prediction for each row.

        Raises:
            Problem: 422, a row is not what the card asks for.
        """
        if not rows:
            return []
        labels, scores = self._model.scores([check_row(row, self.card) for row in rows])
        classes = self.card.classes
        if self.card.task == "regression":
            return [Prediction(number, "", {}) for number in labels]
        return [
            # Some models tell the label alone: then there are no shares.
            Prediction(number, classes[number], dict(zip(classes, shares, strict=bool(shares))))
            for number, shares in zip(labels, scores, strict=True)
        ]
