"""The rule by which types, task and classes are taken from the table where they are left out.

docs/tables.md gives it in words.
"""

from collections.abc import Sequence
from dataclasses import replace

from twinserve.config.cells import WHOLE, as_boolean, as_number
from twinserve.config.errors import UserError
from twinserve.config.training import Data, Feature, Task
from twinserve.training.reading.cells import Cells
from twinserve.training.reading.records import Records

# A label of numbers with more values than this is a quantity.
MOST_CLASSES = 20
# A column of texts with more values than this, or with a new value in more than half of its rows,
# is free text.
MOST_CATEGORIES = 1000
_FEW = 20
_BOOLEANS = frozenset({"true", "false", "t", "f", "yes", "no", "y", "n"})


def completed(data: Data, records: Records) -> Data:
    """The section with task, classes, features and values of categories filled in.

    Raises:
        UserError: the table does not say: no column is left, or the label has one value only.
    """
    features = data.features or [
        inferred(cells_of(data, records, name))
        for name in records.header
        if name and name != data.label
    ]
    if not features:
        raise UserError(f"{data.table}: found no column but {data.label}, expected features")
    if data.step is None:
        features = [
            _with_values(cells_of(data, records, feature.name), feature) for feature in features
        ]
    label = cells_of(data, records, data.label)
    task = data.task or ("classification" if data.classes else task_of(label))
    classes = data.classes
    if task == "classification" and not classes:
        classes = [str(value) for value in values_of(label)]
        if len(classes) < 2:  # noqa: PLR2004 - one class is nothing to predict
            raise UserError(
                f"{data.table}: column {data.label}: found {len(classes)} different values, "
                "expected at least 2 to predict"
            )
    return data.model_copy(update={"features": features, "task": task, "classes": classes})


def labelled(data: Data, records: Records) -> Records:
    """The records, without those whose label is a gap if ``data.unlabelled`` says so."""
    if data.unlabelled == "refuse":
        return records
    kept = {place for place, _ in cells_of(data, records, data.label).present()}
    return replace(
        records,
        rows=[cells for place, cells in enumerate(records.rows) if place in kept],
        lines=[line for place, line in enumerate(records.lines) if place in kept],
    )


def cells_of(data: Data, records: Records, name: str) -> Cells:
    """The cells of a column, with what a refusal of them names."""
    return Cells(data, name, records.column(name), records.lines)


def task_of(label: Cells) -> Task:
    """A regression if the label has numbers only, a fraction among them or many values."""
    texts = {text for _, text in label.present()}
    numbers = [as_number(label.data, text) for text in texts]
    if any(value is None for value in numbers) or not numbers:
        return "classification"
    fraction = any(value is not None and value % 1 for value in numbers)
    return "regression" if fraction or len(set(numbers)) > MOST_CLASSES else "classification"


def inferred(cells: Cells) -> Feature:
    """The column as a feature: a number, a boolean, a category or text, in this order."""
    present = [text for _, text in cells.present()]
    missing = len(present) < len(cells.texts)
    texts = set(present)
    if all(as_number(cells.data, text) is not None for text in texts):
        return Feature(name=cells.name, missing=missing)
    if len(texts) <= 2 and {text.lower() for text in texts} <= _BOOLEANS:  # noqa: PLR2004
        values = {as_boolean(text) for text in texts}
        if len(values) == len(texts):
            return Feature(name=cells.name, type="boolean", missing=missing)
    many = len(texts) > _FEW and len(texts) > len(present) / 2
    if many or len(texts) > MOST_CATEGORIES:
        return Feature(name=cells.name, type="text", missing=missing)
    return Feature(name=cells.name, type="category", missing=missing)


def values_of(cells: Cells) -> Sequence[str | int]:
    """The different values of a column, sorted: whole numbers if all are, else texts."""
    texts = {text for _, text in cells.present()}
    if all(WHOLE.fullmatch(text) for text in texts):
        return sorted({int(float(text)) for text in texts})
    return sorted(texts)


def _with_values(cells: Cells, feature: Feature) -> Feature:
    if feature.type != "category" or feature.values:
        return feature
    values = list(values_of(cells))
    if not values:
        raise UserError(
            f"{cells.data.table}: column {feature.name}: found no value in any row, expected a "
            "category's; leave it out of data.features"
        )
    return feature.model_copy(update={"values": values})
