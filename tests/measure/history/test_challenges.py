"""Models that lost to the one that serves: kept beside the measurements, and drawn with them."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.measure.history.synthetic import measurement
from tests.tools import require
from twinserve.config.errors import UserError
from twinserve.measure.history.challenge import SHOWN, Challenge
from twinserve.measure.history.page import write_history
from twinserve.measure.history.places import open_challenges, open_history
from twinserve.measure.statistics import Estimate

FIRST = datetime(2024, 2, 29, 3, 17, tzinfo=UTC)


def challenge(number: int = 0, model: str = "flowers") -> Challenge:
    """The one of some night."""
    return Challenge.taken(
        FIRST + timedelta(days=number),
        commit=f"{number + 1:02x}" * 20,
        model=model,
        version="v1.0",
        loss="wrong",
        rows=1200 + number,
        champion=0.05,
        challenger=0.25,
        difference=Estimate(0.2, 0.1, 0.3),
    )


@pytest.fixture(params=["folder", "branch"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A history of each kind."""
    repository = tmp_path / "repository.git"
    subprocess.run([require("git"), "init", "--quiet", "--bare", str(repository)], check=True)
    return {"folder": str(tmp_path / "kept"), "branch": f"git:{repository}#benchmarks"}[
        str(request.param)
    ]


def test_challenges_are_kept_beside_the_measurements(place: str) -> None:
    """Neither is read for the other; both come back whole, the oldest first."""
    open_history(place).append(measurement())
    for number in (1, 0):
        open_challenges(place).append(challenge(number))
    assert open_challenges(place).read() == [challenge(0), challenge(1)]
    assert open_history(place).read() == [measurement()]


def test_file_that_is_no_challenge_is_named(tmp_path: Path) -> None:
    """It is not passed over in silence."""
    (tmp_path / "challenges").mkdir()
    (tmp_path / "challenges/other.json").write_text("{}")
    with pytest.raises(UserError, match=r"other\.json holds what is no challenge: "):
        open_challenges(str(tmp_path)).read()


def test_page_lists_what_lost(tmp_path: Path) -> None:
    """With both losses and the interval, the newest first; a name is text, whatever it is."""
    some = [challenge(0), challenge(1, "<script>alert(1)</script>")]
    text = write_history([measurement()], None, tmp_path, some).read_text()
    assert "Fresh rows that did not come in" in text
    assert text.index("1,201") < text.index("1,200")
    assert "+0.1 to +0.3" in text
    assert "<script>alert" not in text


def test_page_without_any_says_nothing_of_them(tmp_path: Path) -> None:
    """And one with many lists the newest."""
    assert "did not come in" not in write_history([], None, tmp_path).read_text()
    many = [challenge(number) for number in range(SHOWN + 5)]
    text = write_history([], None, tmp_path, many).read_text()
    assert text.count("<small> commit") == SHOWN
