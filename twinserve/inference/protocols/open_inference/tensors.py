"""Tensors of a request, typed by the card, as rows."""

import json
from collections.abc import Sequence
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from twinserve.inference.contract import Problem
from twinserve.inference.problem import kind_of

if TYPE_CHECKING:
    from twinserve.config.card import Card, Feature
    from twinserve.inference.steps import Steps

WHOLE = tuple(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
NUMBERS = ("FP64", "FP32", "FP16", *WHOLE)
# Of a dimension: they are unsigned integers of 64 bits, of which a float holds these exactly. No
# model here has more dimensions than two.
MOST_SIZE, MOST_DIMENSIONS = 2**53, 8
# Of all plain columns together.
MATRIX = "features"
INPUTS = "inputs"


class Column(NamedTuple):
    """A value of each row.

    Attributes:
        datatype: of the tensor, as the model's metadata has it.
        taken: the datatypes that a request may give.
        missing: whether a gap (null) is allowed, and the tensor may be left out.
    """

    name: str
    datatype: str
    taken: tuple[str, ...]
    missing: bool = False


_TYPES = {
    float: ("FP64", NUMBERS),
    int: ("INT64", NUMBERS),
    bool: ("BOOL", ("BOOL",)),
    str: ("BYTES", ("BYTES",)),
}


def columns_of(card: "Card", steps: "Steps | None") -> list[Column]:
    """The columns of a request's rows.

    Raises:
        Problem: 422, a step of the user's own takes a value that no tensor has.
    """
    if steps is None or steps.row_type is None:
        return [
            Column(feature.name, *_TYPES[_kind(feature)], missing=feature.missing)
            for feature in card.features
        ]
    for name, kind in steps.fields.items():
        if kind not in _TYPES:
            raise Problem(422, f"{name} is of a type that no tensor has; ask POST /predict")
    return [
        Column(name, *_TYPES[kind], missing=name not in steps.required)
        for name, kind in steps.fields.items()
    ]


def _kind(feature: "Feature") -> type:
    if feature.type == "category":
        return str if isinstance(feature.values[0], str) else int
    return {"number": float, "boolean": bool}.get(feature.type, str)


def are_numbers(columns: Sequence[Column]) -> bool:
    """Whether the columns fit into one tensor."""
    return all(column.datatype == "FP64" for column in columns)


def described(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The inputs in the model's metadata."""
    if are_numbers(columns):
        return [{"name": MATRIX, "datatype": "FP64", "shape": [-1, len(columns)]}]
    return [{"name": column.name, "datatype": column.datatype, "shape": [-1]} for column in columns]


def properties(columns: Sequence[Column]) -> dict[str, dict[str, str]]:
    """In the metadata, the names of the columns where they are one tensor, as JSON."""
    if not are_numbers(columns):
        return {}
    return {"properties": {MATRIX: json.dumps([column.name for column in columns])}}


def rows_of(inputs: object, columns: Sequence[Column], most: int) -> list[Any]:
    """The rows that tensors give: lists of values in the columns' order, null for a gap.

    Args:
        inputs: of the request; the columns each in one of its own, or all numbers in one.
        columns: of a row.
        most: rows that there may be.

    Raises:
        Problem: 422, a tensor is not as it describes itself, or not as the model takes it.
    """
    if not isinstance(inputs, list) or not inputs:
        raise Problem(422, f"{INPUTS}: expected a list of tensors")
    tensors = [_tensor(entry, place) for place, entry in enumerate(inputs)]
    names = [column.name for column in columns]
    first = tensors[0]
    if len(tensors) == 1 and are_numbers(columns) and len(first.shape) > 1:
        _check_datatype(first, NUMBERS)
        _check_rows(first, most)
        if first.shape[1:] != [len(columns)]:
            raise first.problem(f"expected the shape [n, {len(columns)}]: {', '.join(names)}")
        return first.rows()
    return _by_column({tensor.name: tensor for tensor in tensors}, columns, most)


class _Tensor(NamedTuple):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any]

    def problem(self, fault: str) -> Problem:
        """The refusal of this tensor."""
        return Problem(422, f"{INPUTS}: {self.name:.60}: {fault}")

    def rows(self) -> list[Any]:
        """The rows of a matrix."""
        width = self.shape[1]
        return [self.data[at : at + width] for at in range(0, len(self.data), width)]


def check_parameters(given: dict[str, Any], where: str) -> None:
    """Hold the ``parameters`` of a request or of a part of it to the protocol; none is read.

    Raises:
        Problem: 422, they are no object.
    """
    if not isinstance(given.get("parameters"), dict | None):
        raise Problem(422, f"{where}parameters: expected an object")


def _tensor(given: object, place: int) -> _Tensor:
    if not isinstance(given, dict):
        raise Problem(422, f"{INPUTS}: {place}: expected an object, found {kind_of(given)}")
    name, shape, datatype, data = map(given.get, ("name", "shape", "datatype", "data"))
    if not isinstance(name, str) or not isinstance(datatype, str):
        raise Problem(422, f"{INPUTS}: {place}: name and datatype must be strings")
    sizes = _sizes(shape)
    if not sizes:
        raise Problem(422, f"{INPUTS}: {name:.60}: shape must be a list of whole numbers")
    if not isinstance(data, list):
        raise Problem(422, f"{INPUTS}: {name:.60}: data must be a list, in JSON")
    check_parameters(given, f"{INPUTS}: {name:.60}: ")
    tensor = _Tensor(name, sizes, datatype, _flat(data, len(sizes)))
    if len(tensor.data) != prod(sizes):
        raise tensor.problem(f"the shape has {prod(sizes)} values, data has {len(tensor.data)}")
    return tensor


def _sizes(shape: object) -> list[int]:
    """The sizes of the dimensions; none of what is no shape."""
    if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
        return []
    whole = all(
        type(size) is float and 0 <= size < MOST_SIZE and size.is_integer() for size in shape
    )
    return [int(size) for size in shape] if whole else []


def _flat(data: list[Any], dimensions: int) -> list[Any]:
    """The values of a tensor that is given flat, or nested as its shape is."""
    for _ in range(dimensions - 1):
        if not data or not all(type(item) is list for item in data):
            break
        data = list(chain.from_iterable(data))
    return data


def _by_column(
    tensors: dict[str, _Tensor], columns: Sequence[Column], most: int
) -> list[list[Any]]:
    names = {input_column.name for input_column in columns}
    for name, tensor in tensors.items():
        if name not in names:
            inputs = ", ".join(
                f"{input_tensor['name']} {input_tensor['datatype']}"
                for input_tensor in described(columns)
            )
            raise tensor.problem(f"is not known; expected {inputs}")
        if tensor.shape[1:] not in ([], [1]):
            raise tensor.problem("expected the shape [n] or [n, 1]")
    sizes = {len(data_tensor.data) for data_tensor in tensors.values()}
    if len(sizes) > 1:
        raise Problem(422, f"{INPUTS}: tensors of as many rows each are expected")
    (size,) = sizes
    values: list[list[Any]] = []
    for column in columns:
        given = tensors.get(column.name)
        if given is not None:
            _check_datatype(given, column.taken)
            _check_rows(given, most)
            values.append(given.data)
        elif column.missing:
            values.append([None] * size)
        else:
            raise Problem(422, f"{INPUTS}: {column.name}: is missing")
    return [list(row) for row in zip(*values, strict=True)]


def _check_datatype(tensor: _Tensor, taken: tuple[str, ...]) -> None:
    if tensor.datatype not in taken:
        raise tensor.problem(f"expected {' or '.join(taken)}, found {tensor.datatype:.20}")


def _check_rows(tensor: _Tensor, most: int) -> None:
    if tensor.shape[0] > most:
        raise tensor.problem(f"expected at most {most} rows, found {tensor.shape[0]}")
