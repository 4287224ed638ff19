"""The table of docs/pipeline.md that says where the time from push to promoted goes."""

from dataclasses import replace

import pytest

from tests.pipeline.critical_path import BEGIN, END, PAGE, Measured, table
from tests.pipeline.path_parts import GCLOUD, PATH, RUNNER, SET_UP, Part, Source
from twinserve.config.errors import UserError

THEIRS = [part for part in PATH if not part.command]
COMMANDS = [part.command for part in PATH if part.command]
MEASURED = Measured(times=dict.fromkeys(COMMANDS, (2.0, 1.0)), load=0.5, cores=2)
SUMS = 3


def test_table_adds_up_what_is_ours() -> None:
    """Each command of ours with its time, theirs as a range with its sources."""
    text = table(MEASURED)
    assert len(text.splitlines()) == len(PATH) + SUMS + 4
    both = f"{2.0 * len(COMMANDS):.1f} s | {1.0 * len(COMMANDS):.1f} s"
    assert f"| **ours together**, at most 150 s | | {both} | |" in text
    assert "| install gcloud | theirs | 10 to 20 s | | [10 to 20 s](https://" in text
    assert "load average of 0 on 2 cores" in text


def test_total_is_a_range() -> None:
    """What was measured and, of theirs, from the least to the most."""
    path = (
        Part("ours", COMMANDS[0]),
        Part("theirs", low=10, high=20, sources=(Source("10 s", "https://a", log=True),)),
        Part("theirs too", low=48, high=98, sources=(Source("1 min", "https://b"),)),
    )
    text = table(MEASURED, path)
    assert "| theirs | theirs | 10 to 20 s | | [log: 10 s](https://a) |" in text
    assert "| theirs too | theirs | 48 to 98 s | | [1 min](https://b) |" in text
    assert "| **theirs together** | | 58 to 118 s | | |" in text
    assert "| **all together**, around 480 s | | 60 to 120 s (1.0 to 2.0 min) | | |" in text
    assert "Left out" not in text


def test_part_that_nobody_speaks_of_is_left_out_of_the_total_and_said() -> None:
    """An unknown time counts as no time, so the total names what it lacks."""
    known = Part("known", low=58, high=118, sources=(Source("1 min", "https://a"),))
    text = table(MEASURED, (Part("ours", COMMANDS[0]), known, Part("dark"), Part("darker")))
    assert "| dark | theirs | unknown | | none found |" in text
    assert "60 to 120 s (1.0 to 2.0 min)" in text
    assert "\n\nLeft out of the total, since no public figure was found: dark; darker.\n" in text


@pytest.mark.parametrize("part", THEIRS, ids=lambda part: part.name)
def test_every_range_has_a_source(part: Part) -> None:
    """What is said of Google's and GitHub's parts says who says so."""
    if part.low is None:
        assert (part.high, part.sources) == (None, ())
        return
    assert part.high is not None
    assert 0 <= part.low < part.high
    assert part.sources
    assert all(source.says and source.link.startswith("https://") for source in part.sources)


def test_second_runner_takes_what_the_first_did() -> None:
    """The release's job starts on a machine of its own, with the same three steps."""
    (again,) = (part for part in PATH if "again" in part.name)
    first = (RUNNER, SET_UP, GCLOUD)
    assert again.low == sum(part.low or 0 for part in first)
    assert again.high == sum(part.high or 0 for part in first)
    assert set(first) < set(PATH)


def test_what_is_ours_is_measured_and_not_looked_up() -> None:
    """A command of ours has no range from elsewhere."""
    bare = replace(RUNNER, low=None, high=None, sources=())
    for part in PATH:
        if part.command:
            assert part == replace(bare, name=part.name, command=part.command)


def test_command_that_was_not_measured_is_told() -> None:
    """A part of ours is never left out of the sum."""
    with pytest.raises(UserError, match="not measured"):
        table(Measured(times={}, load=0, cores=2))


def test_page_has_the_table_of_these_parts() -> None:
    """The page's table has the parts that the command knows, in their order, with their ranges."""
    here = _rows(PAGE.read_text().split(BEGIN)[1].split(END)[0])
    made = _rows(table(MEASURED))
    assert [row[0].removeprefix("| ") for row in here] == [part.name for part in PATH]
    assert _of_theirs(here) == _of_theirs(made)


def _rows(text: str) -> list[list[str]]:
    return [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][2:-SUMS]


def _of_theirs(rows: list[list[str]]) -> list[list[str]]:
    return [row for row in rows if row[1] == "theirs"]
