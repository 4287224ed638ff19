"""What the bundles import before their first prediction, compared."""

from pathlib import Path

import pytest

from review import imports
from review.imports import Imported, compare_imports, first_prediction


@pytest.mark.parametrize("target", ["service", "function"])
def test_first_prediction_names_packages(target: str, dist: Path) -> None:
    """The server's are there, the standard library's modules count but are no packages."""
    assert target in imports.TARGETS
    found = first_prediction(target, dist / target)
    assert {"httptools", "uvicorn", "uvloop"} <= found.packages
    assert "json" in found.modules
    assert "json" not in found.packages


def test_comparison_names_what_came_and_what_went(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages that only one side needs, and how many modules each has."""
    seen = {
        "base": Imported(frozenset({"json", "numpy", "flask"}), frozenset({"numpy", "flask"})),
        "head": Imported(frozenset({"json", "fastapi"}), frozenset({"fastapi"})),
    }
    monkeypatch.setattr(imports, "first_prediction", lambda _, bundle: seen[bundle.parts[0]])
    service, function = compare_imports(Path("base"), Path("head"))
    assert (service.target, function.target) == ("service", "function")
    assert (service.base_modules, service.head_modules) == (3, 2)
    assert service.added == ("fastapi",)
    assert service.removed == ("flask", "numpy")
