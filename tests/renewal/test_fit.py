"""The line that says why a check did not pass."""

import pytest

from twinserve.renewal.fit import reason

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
