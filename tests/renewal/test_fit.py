"""The line that says why a check did not pass, and the runtime that has to stay."""

from pathlib import Path

import pytest

from twinserve.config.card import load_card
from twinserve.config.layout import CARD_NAME
from twinserve.renewal import fit as module
from twinserve.renewal.fit import CARD, FitError, fit, reason

DVC = """\
Running stage 'export':
> python -m twinserve.training.export
error: row 3: the compiled model answers 1, the estimator 2
ERROR: failed to reproduce 'export': failed to run
error: dvc repro failed; the stage's own line above says why
"""
PYTEST = """\
    def test_x() -> None:
>       assert 1 == 2
E       assert 1 == 2
tests/x.py:3: AssertionError
FAILED tests/x.py::test_x - assert 1 == 2
make: *** [Makefile:30: test-model] Error 2
"""
RUFF = """\
E501 Line too long
twinserve/x.py:3:1: D100 Missing docstring
Found 1 error.
"""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (DVC, "error: row 3: the compiled model answers 1, the estimator 2"),
        (PYTEST, "FAILED tests/x.py::test_x - assert 1 == 2"),
        (RUFF, "twinserve/x.py:3:1: D100 Missing docstring"),
        ("no version fits\n\n", "no version fits"),
        ("", "it printed nothing"),
    ],
    ids=["pipeline", "suite", "linter", "other", "silent"],
)
def test_failing_line_is_the_one_that_says_why(said: str, expected: str) -> None:
    """Not the last line, which says only that something failed."""
    assert reason(said) == expected


@pytest.fixture
def tree(dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree of the tests' model, in which each check passes at once."""
    (tmp_path / CARD).parent.mkdir()
    (tmp_path / CARD).write_bytes((dist / "service" / CARD_NAME).read_bytes())
    monkeypatch.setattr(module, "_run", lambda *_: None)
    return tmp_path


def test_runtime_that_is_served_in_stays(tree: Path) -> None:
    """What breaks parity in one runtime would be served in the next, and so changed in silence."""
    runtime = load_card(tree / CARD).runtime
    passed = fit(tree, tree / "log", outputs=(), engine=False, runtime=lambda: runtime)
    assert [member.check for member in passed][:3] == ["environment", "pipeline", "runtime"]
    with pytest.raises(FitError, match=f"runtime: serving.runtime was other, .* be {runtime}"):
        fit(tree, tree / "log", outputs=(), engine=False, until="runtime", runtime=lambda: "other")
