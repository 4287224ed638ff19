"""Sections of ``params.yaml`` that make a model: table, split, estimator, gates, golden."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from twinserve.config.section import Section

Name = Annotated[str, Field(min_length=1)]
Task = Literal["classification", "regression"]
ColumnType = Literal["number", "category", "boolean", "text"]


def _as_text(value: object) -> object:
    """A class as the table writes it: YAML reads ``0`` as a number and ``true`` as a boolean."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


Class = Annotated[Name, BeforeValidator(_as_text, json_schema_input_type=str | int | bool)]


_VERSION = r"^v[0-9A-Za-z.-]{1,30}$"


def _spelt_as_version(value: object) -> object:
    """Raises ValueError: it is none; YAML reads ``1.1`` as a number."""
    if not isinstance(value, str) or not re.fullmatch(_VERSION, value):
        raise ValueError(
            f"expected v and then letters, digits, dots or hyphens, at most 30, as v{value:.20}"
            if isinstance(value, str)
            else f"expected a text that begins with v, as v{value!s:.20}"
        )
    return value


def _one_column(value: object) -> object:
    """Raises ValueError: several columns are to be predicted."""
    if isinstance(value, list):
        raise ValueError(  # noqa: TRY004 - pydantic makes a line of it
            "one column is predicted; several outputs (multi-output, multi-label) are not served"
        )
    return value


class Model(Section):
    """What the model is called."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    """The model's name, which `/model` and the card repeat."""
    version: Annotated[str, Field(pattern=_VERSION), BeforeValidator(_spelt_as_version)]
    """The model's version, part of every answer and of a release's name."""


class Feature(Section):
    """One column of the table that the model reads."""

    name: Name
    """The column's name in the table's header."""
    unit: str = ""
    """The column's unit, shown in the service's pages and its OpenAPI document."""
    type: ColumnType = "number"
    """What a value is: a finite number; one of a column's `values`; true or false; any text."""
    missing: bool = False
    """Whether a row may have no value here: an empty cell, `null` in a request."""
    values: list[Name | int] = Field(default=[])
    """Of a `category`, in their order: all texts or all whole numbers. Left out: those of the
    table, sorted."""

    @model_validator(mode="after")
    def _values_are_of_a_category(self) -> Self:
        if self.values and self.type != "category":
            msg = f"values are of a category; the column's type is {self.type}"
            raise ValueError(msg)
        kinds = {type(value) for value in self.values}
        if len(kinds) > 1 or len(set(self.values)) < len(self.values):
            msg = "values must be all texts or all whole numbers, each once"
            raise ValueError(msg)
        return self


class Data(Section):
    """The table: where it is, what its columns mean."""

    table: Name
    """Path of the file, from the top of the repository: CSV, also `.gz`, or Parquet."""
    label: Annotated[Name, BeforeValidator(_one_column)]
    """The column that is predicted."""
    task: Task | None = None
    """`classification` or `regression`; left out: the latter if no `classes` are given and the
    label's values are numbers, fractions among them or more than 20 different ones."""
    classes: list[Class] = Field(default=[])
    """Classes as the table writes them; a class's position in this list is the number that is
    predicted. Left out: those of the table, sorted."""
    features: list[Feature] = Field(default=[])
    """Columns of the table, in the order in which a request gives them. Left out: every column but
    the label, by the rule of tables.md."""
    step: Literal["custom.steps.before"] | None = None
    """`custom.steps.before`: each row of the table goes through it before the model is trained, as
    each request does. The table's columns are then what it takes, and `features`, each category
    with its `values`, what it gives."""
    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """Of the cells of a CSV file: `;`, or `"\\t"` for a tab."""
    decimal: Literal[".", ","] = "."
    """Decimal mark of the table's numbers."""
    thousands: Literal[",", ".", " ", "'"] | None = None
    """Mark between the thousands of the table's numbers; `null`: there is none."""
    encoding: Name = "utf-8"
    """Of a CSV file, as Python calls it: `latin-1`, `cp1252`, `utf-16`."""
    missing_values: list[str] = Field(default=[])
    """Cells that are gaps, besides empty ones: `"?"`, `NA`."""
    unlabelled: Literal["refuse", "skip"] = "refuse"
    """What becomes of a row whose label is a gap; `skip`: it is left out."""
    min_rows_per_class: Annotated[int, Field(ge=2)] = 10
    """A class with fewer rows than this is refused."""

    @model_validator(mode="after")
    def _task_and_classes_agree(self) -> Self:
        if self.task == "regression" and self.classes:
            raise ValueError("a regression has no classes; leave out classes, or the task")
        if len(self.classes) == 1:
            raise ValueError("classes: expected at least 2, or none to take those of the table")
        if self.decimal in {self.separator, self.thousands} and self.decimal != ".":
            raise ValueError("decimal, separator and thousands must be different marks")
        return self

    @model_validator(mode="after")
    def _step_says_what_it_gives(self) -> Self:
        if self.step is None:
            return self
        if not self.features:
            raise ValueError(f"features: with step, expected what {self.step} gives")
        for feature in self.features:
            if feature.type == "category" and not feature.values:
                raise ValueError(f"features: {feature.name}: with step, a category has its values")
        return self

    @model_validator(mode="after")
    def _no_name_twice(self) -> Self:
        columns = [feature.name for feature in self.features] + [self.label]
        for kind, names in (("column", columns), ("class", self.classes)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                msg = f"{kind} named more than once: {', '.join(twice)}"
                raise ValueError(msg)
        return self


class Split(Section):
    """How rows are held out for the evaluation."""

    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the rows of each class that is held out."""
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    """The seed of all that is random: split, estimator, folds, rows of the parity."""


class Estimator(Section):
    """A scikit-learn estimator by import path; a nested mapping of the same form is one too."""

    import_path: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]
    """Import path of the class, as `sklearn.ensemble.RandomForestClassifier`."""
    arguments: dict[str, Any] = Field(default={})
    """The class's arguments by keyword. A `class_weight` calls classes by name or by number."""
    preprocessing: Literal["auto", "none"] = "auto"
    """`auto`: where a column is not a number or may be missing, and the estimator names no columns
    itself, a ColumnTransformer stands in front of it, by the types of the columns and by what the
    estimator takes; training prints it as the YAML that gives the same. `none`: never."""


class Gates(Section):
    """Figures of the held-out rows that a model must reach; a gate that is left out is none."""

    min_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    """The least share of rows that are predicted right."""
    min_macro_f1: Annotated[float, Field(ge=0, le=1)] | None = None
    """The least mean of the classes' F1 scores."""
    max_log_loss: Annotated[float, Field(gt=0)] | None = None
    """The largest log loss."""
    min_r2: Annotated[float, Field(le=1)] | None = None
    """Of a regression: the least coefficient of determination."""
    max_mae: Annotated[float, Field(ge=0)] | None = None
    """Of a regression: the largest mean absolute error."""
    max_rmse: Annotated[float, Field(ge=0)] | None = None
    """Of a regression: the largest root of the mean squared error."""


def _of_several(folds: int) -> int:
    """Raises ValueError: there is a single one, with nothing to train on."""
    if folds == 1:
        raise ValueError("expected at least 2, or 0 for no cross-validation")
    return folds


class Evaluation(Section):
    """How the model is judged before it may be exported."""

    folds: Annotated[int, Field(ge=0), AfterValidator(_of_several)] = 5
    """Number of folds of the cross-validation over the whole table; 0: none is made."""
    importances: bool = True
    """Whether each feature is shuffled to see what is lost, on 5,000 held-out rows at most; a wide
    table takes long."""
    gates: Gates = Gates()
    """The pipeline stops when a figure is on the wrong side of its gate."""


class Golden(Section):
    """A request and the class, or number, that it must be given."""

    features: list[float | str | bool | None] | dict[str, float | str | bool | None]
    """The request: a value for each of `data.features` in their order, or values by name."""
    prediction: float
    """The number of the class that the estimator must give it; of a regression, its number."""
    tolerance: Annotated[float, Field(ge=0)] = 1e-6
    """Of a regression: how far the number may be off, relative to it where it is above 1."""
