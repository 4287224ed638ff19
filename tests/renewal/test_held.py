"""What is held back, from one renewal to the next."""

from datetime import date
from pathlib import Path

import pytest

from twinserve.config.errors import UserError
from twinserve.renewal.fit import Failure
from twinserve.renewal.halves import Culprit
from twinserve.renewal.held import HELD, Held, held_after, read_held, write_held

TODAY = date(2026, 11, 26)
FAILURE = Failure("pipeline", "error: parity")
EARLIER = Held("beta", "2.0", "2026-11-01", "lint", "error: old")


@pytest.mark.parametrize(
    ("culprits", "offered", "locked", "expected"),
    [
        ((), {}, {"beta": "1.0"}, [EARLIER]),
        ((), {}, {"beta": "2.0"}, []),
        ((), {}, {}, []),
        (
            ("beta",),
            {"beta": "2.1"},
            {"beta": "1.0"},
            [Held("beta", "2.1", "2026-11-01", "pipeline", "error: parity")],
        ),
        (
            ("alpha",),
            {"alpha": "3"},
            {"alpha": "2", "beta": "1.0"},
            [Held("alpha", "3", "2026-11-26", "pipeline", "error: parity"), EARLIER],
        ),
    ],
    ids=["stays", "came to the version", "gone", "next version breaks too", "another"],
)
def test_held_since_the_first_day(
    culprits: tuple[str, ...],
    offered: dict[str, str],
    locked: dict[str, str],
    expected: list[Held],
) -> None:
    """A package is held back until it is past the version, from the day on which it was first."""
    culprits_found = [Culprit(name, FAILURE) for name in culprits]
    assert list(held_after([EARLIER], culprits_found, offered, locked, TODAY)) == expected


def test_file_is_there_only_while_something_is_held_back(tmp_path: Path) -> None:
    """What is written is read; nothing leaves no file."""
    (tmp_path / "locks").mkdir()
    assert read_held(tmp_path) == ()
    write_held(tmp_path, [EARLIER])
    assert read_held(tmp_path) == (EARLIER,)
    write_held(tmp_path, [])
    assert not (tmp_path / HELD).exists()


def test_damaged_file_is_refused_in_a_line(tmp_path: Path) -> None:
    """What somebody edited is not taken for nothing."""
    (tmp_path / "locks").mkdir()
    (tmp_path / HELD).write_text('[{"package": "beta"}]')
    with pytest.raises(UserError, match=r"held\.json"):
        read_held(tmp_path)
