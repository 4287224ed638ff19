"""A key of ``params.yaml`` that there is none of: one line, with the one that was meant."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tree import PROJECT
from twinserve.config.errors import UserError
from twinserve.config.params import load_params


def refused(folder: Path, section: str, old: str | None, new: str) -> str:
    """The line about a key that is called otherwise, or that is new."""
    params: Any = yaml.safe_load((PROJECT / "params.yaml").read_text())
    mapping = params
    for part in filter(None, section.split(".")):
        mapping = mapping[int(part) if part.isdigit() else part]
    mapping[new] = mapping.pop(old) if old else 1
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(params))
    with pytest.raises(UserError) as refusal:
        load_params(path)
    line = str(refusal.value)
    assert "\n" not in line
    return line.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("section", "old", "new", "expected"),
    [
        ("deployment", "region", "regoin", "deployment.regoin: unknown; did you mean region?"),
        ("", "prices", "price", "price: unknown; did you mean prices?"),
        (
            "measurement.budgets",
            "warm_p99_ms",
            "warm_p99",
            "measurement.budgets.warm_p99: unknown; did you mean warm_p99_ms?",
        ),
        ("data.features.1", "unit", "units", "data.features.1.units: unknown; did you mean unit?"),
    ],
)
def test_misspelt_key_is_answered_with_the_nearest(
    tmp_path: Path, section: str, old: str, new: str, expected: str
) -> None:
    """At the top, in a section, in a list; also where its section could do without the key."""
    assert refused(tmp_path, section, old, new) == expected


def test_misspelt_key_comes_before_the_one_that_it_leaves_missing(tmp_path: Path) -> None:
    """The cause is told, not what follows from it."""
    line = refused(tmp_path, "data", "label", "lable")
    assert line == "data.lable: unknown; did you mean label? (and 1 more)"


def test_key_of_another_section_is_answered_with_its_place(tmp_path: Path) -> None:
    """It is spelt right, and stands in the wrong section."""
    assert refused(tmp_path, "model", None, "warm_rate") == (
        "model.warm_rate: unknown; did you mean measurement.warm_rate or "
        "deployment.check.warm_rate?"
    )


def test_key_that_is_like_none_is_answered_with_all(tmp_path: Path) -> None:
    """Those of its section."""
    assert refused(tmp_path, "model", None, "colour") == (
        "model.colour: unknown; expected one of name, version"
    )
