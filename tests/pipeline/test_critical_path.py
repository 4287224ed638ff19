"""The table of docs/pipeline.md that says where the time from push to promoted goes."""

import pytest

from tests.pipeline.critical_path import BEGIN, END, PAGE, PATH, Measured, table
from twinserve.config.errors import UserError

COMMANDS = [part.command for part in PATH if part.command]
MEASURED = Measured(times=dict.fromkeys(COMMANDS, (2.0, 1.0)), load=0.5, cores=2)


def test_table_adds_up_what_is_ours() -> None:
    """Each command of ours with its time, theirs as a range with its source or as unknown."""
    text = table(MEASURED)
    assert len(text.splitlines()) == len(PATH) + 5
    both = f"{2.0 * len(COMMANDS):.1f} s | {1.0 * len(COMMANDS):.1f} s"
    assert f"| **ours together**, at most 150 s | | {both} | |" in text
    assert "| GitHub finds a runner | theirs | unknown | | none found |" in text
    assert "10 to 60 s" in text
    assert "load average of 0 on 2 cores" in text


def test_every_range_has_a_source() -> None:
    """What is said of Google's and GitHub's parts says who says so."""
    for part in PATH:
        assert bool(part.source) is (part.low is not None), part.what
        assert not (part.source and part.command)


def test_command_that_was_not_measured_is_told() -> None:
    """A part of ours is never left out of the sum."""
    with pytest.raises(UserError, match="not measured"):
        table(Measured(times={}, load=0, cores=2))


def test_page_has_the_table_of_these_parts() -> None:
    """The page's table has the parts that the command knows, in their order."""
    made = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in made.splitlines() if "| " in line]
    assert rows[2:-1] == [part.what for part in PATH]
