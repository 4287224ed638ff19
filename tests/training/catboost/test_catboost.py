"""CatBoost without its library: what is read of its dump, pinned and refused; then all with it."""

import json
import platform
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.training.libraries import pass_with
from tests.training.project import Project
from tests.training.served.asked import NUMBERS
from tests.training.served.test_compilation import fitting
from tests.tree import ROOT
from twinserve.config.serving import bundle_lock
from twinserve.delivery.environment.install import libraries
from twinserve.inference.runtimes import compiled
from twinserve.training import estimator
from twinserve.training.estimator import UnfitError
from twinserve.training.fitting.installed import distributions
from twinserve.training.fitting.pins import pins
from twinserve.training.frame import restore
from twinserve.training.served.columns import Column
from twinserve.training.served.compilation import compile_object
from twinserve.training.served.conversion import to_onnx
from twinserve.training.served.program import Program
from twinserve.training.served.source import write_source
from twinserve.training.served.trees.catboost import read_catboost

DUMP: dict[str, Any] = json.loads(Path(__file__).with_name("dump.json").read_text())


class CatBoostRegressor:
    """What is asked of CatBoost's own, trained: ``models.py`` asks the library itself."""

    n_features_in_ = len(NUMBERS)
    feature_names_ = ("width", "depth")

    def __init__(self, *texts: int, **given: object) -> None:
        self._texts, self._given = list(texts), given

    def get_params(self, *, deep: bool = True) -> dict[str, object]:
        """Nothing but what it was given."""
        assert deep
        return self._given

    def save_model(self, path: str, format: str) -> None:  # noqa: A002 - as CatBoost calls it
        """Write what it keeps."""
        assert format == "json"
        Path(path).write_text(json.dumps(DUMP["model"]))

    def get_cat_feature_indices(self) -> list[int]:
        """Columns of categories."""
        return []

    def get_text_feature_indices(self) -> list[int]:
        """Columns of texts."""
        return self._texts

    def get_embedding_feature_indices(self) -> list[int]:
        """Columns of vectors."""
        return []


CatBoostRegressor.__module__ = "catboost.core"


def test_dump_gives_the_very_sums() -> None:
    """Each answer that CatBoost 1.2 gave, to the last bit, gaps among the rows."""
    ensemble = read_catboost(CatBoostRegressor())
    width = len(NUMBERS)
    columns = tuple(Column(place, gaps=one.missing) for place, one in enumerate(NUMBERS))
    program = Program(width, columns, ensemble)
    assert program.exact
    model = compiled.load(
        compile_object(write_source(program), platform.machine()), fitting(width, 0)
    )
    rows = [[np.nan if cell is None else cell for cell in row] for row in DUMP["rows"]]
    assert any(None in row for row in DUMP["rows"])
    assert model.scores(rows)[0] == DUMP["expected"]


def test_columns_of_its_own_are_one_line() -> None:
    """Neither compiled nor by ONNX; each says which columns."""
    with pytest.raises(UnfitError, match=r"CatBoost with text_features \(depth\) is not read"):
        read_catboost(CatBoostRegressor(1))
    held = SimpleNamespace(steps=[("model", CatBoostRegressor(0))])
    with pytest.raises(UnfitError, match=r"takes numbers only, and this model has text_features"):
        to_onnx(held, 2, "iris")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"random_seed": 7, "logging_level": "Silent", "allow_writing_files": False}),
        (
            {"random_state": None, "verbose": 10, "thread_count": 8},
            {"random_state": 7, "allow_writing_files": False},
        ),
        ({"random_seed": 1, "silent": True, "allow_writing_files": True}, {}),
    ],
)
def test_what_is_pinned(given: dict[str, object], expected: dict[str, object]) -> None:
    """One thread, no folder, no line a tree and the seed, under the names that were given."""
    part = CatBoostRegressor(**given)
    assert pins(part, given, 7) == expected | {"thread_count": 1}
    inner = {"model": part, **{f"model__{name}": value for name, value in given.items()}}
    holder = SimpleNamespace(get_params=lambda **_: inner)
    nested = {f"model__{name}": value for name, value in expected.items()}
    assert pins(holder, inner, 7) == nested | {"model__thread_count": 1}


def test_unpickled_model_knows_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """CatBoost forgets it; wherever a model stands in an estimator, it is told again."""
    monkeypatch.setitem(sys.modules, "catboost", ModuleType("catboost"))
    part: Any = CatBoostRegressor()
    vars(part)["_n_features_in"] = 0
    search = SimpleNamespace(best_estimator_=SimpleNamespace(steps=[("model", part)]))
    restore(search)
    assert vars(part)["_n_features_in"] == 2


def test_library_is_installed_where_it_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock of its own beside the others; without it, the line says how to have it."""
    project.estimator("catboost.CatBoostClassifier")
    assert libraries(project.root / "params.yaml") == ["catboost"]
    described = {"estimator": {"import_path": "catboost.core.CatBoostClassifier"}}
    lock = bundle_lock("function", "joblib", described)
    assert "catboost==" in (ROOT / lock).read_text()
    assert "catboost==" not in (ROOT / "locks/dev.txt").read_text()
    project.run("prepare")
    others = {name: held for name, held in distributions().items() if name != "catboost"}
    monkeypatch.setattr(estimator, "distributions", lambda: others)
    assert "run `make .venv/ready`, which installs it" in project.refused("train")


@pytest.mark.nightly
@pytest.mark.parametrize("cases", ["models.py", "endpoints.py"])
def test_with_the_library(tmp_path: Path, cases: str) -> None:
    """Installed from its lock beside the project's own, all of the cases there pass."""
    pass_with(("catboost",), Path(__file__).with_name(cases), tmp_path)
