"""Sections of ``params.yaml`` that make a model: table, split, estimator, gates, golden."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from twinserve.config.section import Section

Name = Annotated[str, Field(min_length=1)]


class Model(Section):
    """What the model is called."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    """The model's name, which `/model` and the card repeat."""
    version: Annotated[str, Field(pattern=r"^v[0-9A-Za-z.-]{1,30}$")]
    """The model's version, part of every answer and of a release's name."""


class Feature(Section):
    """One column of the table that the model reads."""

    name: Name
    """The column's name in the table's header."""
    unit: str = ""
    """The column's unit, shown in the service's pages and its OpenAPI document."""


class Data(Section):
    """The table: where it is, what its columns mean."""

    table: Name
    """Path of the CSV file, from the top of the repository."""
    label: Name
    """The column that holds the class."""
    classes: Annotated[list[Name], Field(min_length=2)]
    """Classes by name; a class's position in this list is the number that is predicted."""
    features: Annotated[list[Feature], Field(min_length=1)]
    """Columns of the table, in the order in which a request gives them."""
    step: Literal["custom.steps.before"] | None = None
    """`custom.steps.before`: each row of the table goes through it before the model is trained, as
    each request does. The table's columns are then what it takes, and `features` what it gives."""
    min_rows_per_class: Annotated[int, Field(ge=2)] = 10
    """A class with fewer rows than this is refused."""

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
    """A scikit-learn classifier by import path; a nested mapping of the same form is one too."""

    import_path: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]
    """Import path of the class, as `sklearn.ensemble.RandomForestClassifier`."""
    arguments: dict[str, Any] = Field(default={})
    """The class's arguments by keyword. A `class_weight` calls classes by name or by number."""


class Gates(Section):
    """Figures of the held-out rows that a model must reach; a gate that is left out is none."""

    min_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    """The least share of rows that are predicted right."""
    min_macro_f1: Annotated[float, Field(ge=0, le=1)] | None = None
    """The least mean of the classes' F1 scores."""
    max_log_loss: Annotated[float, Field(gt=0)] | None = None
    """The largest log loss."""


class Evaluation(Section):
    """How the model is judged before it may be exported."""

    folds: Annotated[int, Field(ge=2)] = 5
    """Number of folds of the cross-validation over the whole table."""
    gates: Gates = Gates()
    """The pipeline stops when a figure is on the wrong side of its gate."""


class Golden(Section):
    """A request and the class that it must be given."""

    features: list[float] | dict[str, float | str | bool]
    """The request: a number for each of `data.features`, or values by name for `custom.steps`."""
    prediction: Annotated[int, Field(ge=0)]
    """The number of the class that the estimator must give it."""
