"""The page of a history: what stands in it, and who can read it."""

import re
from pathlib import Path

import pytest

from tests.measure.history.synthetic import history, measurement
from tests.page.parsed_page import ParsedPage
from twinserve.measure.history.page import SHOWN, write_history

URL = "https://github.com/owner/flowers"


def points(page: ParsedPage) -> list[dict[str, str]]:
    """The links of the charts."""
    return [link for link in page.every("a") if link.get("class") == "point"]


def written(directory: Path, count: int, step: int = 0, ratio: float = 1.0) -> str:
    """The page of so many nights."""
    page = write_history(history(count, step=step, ratio=ratio), URL, directory)
    return page.read_text(encoding="utf-8")


def test_every_point_is_a_link_to_what_was_measured(tmp_path: Path) -> None:
    """Reachable by keyboard, named, and leading to a row with all that identifies it."""
    text = written(tmp_path, 12)
    page = ParsedPage(text)
    assert len(points(page)) == 12 * 2 * 3
    for point in points(page):
        assert point["href"].removeprefix("#") in page.ids
        assert re.search(
            r"(service|function) .* ms .*commit .*bundle cdcdcdcdcdcd", str(point["aria-label"])
        )
    for words in (
        "cdcdcdcdcdcd",
        "efefefefefef",
        "flowers v1.0",
        "v1.0-cdcdcdcdcdcd",
        "010101010101",
    ):
        assert words in text
    assert f'href="{URL}/commit/{"01" * 20}"' in text
    assert len(page.ids) == len(set(page.ids))


def test_page_needs_no_network_no_script_and_no_mouse(tmp_path: Path) -> None:
    """Nothing is loaded; the only addresses are those of commits, to follow."""
    text = written(tmp_path, 12)
    page = ParsedPage(text)
    assert not re.search(r"<script|@import|url\(| src=", text)
    links = {link["href"] for link in page.every("a")}
    assert all(link.startswith(("#", f"{URL}/commit/")) for link in links)
    assert 'href="#deployed-rows"' in text
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport" content="width=device-width' in text
    assert ".point:is(:hover, :focus-visible) .tip" in text


def test_budgets_are_lines(tmp_path: Path) -> None:
    """That of the cold start is far off, and said to be."""
    text = written(tmp_path, 12)
    assert text.count('class="budget"') == 2
    assert "budget 1,500 ms, above what is drawn" in text
    assert "budget 50 ms" in text


def test_regression_is_marked_where_it_began(tmp_path: Path) -> None:
    """In the chart and in words, with the commits on either side."""
    text = written(tmp_path, 40, step=25, ratio=1.3)
    (change,) = re.findall(r"<li>.*?slower.*?</li>", text)
    assert "service: cold start, median" in change
    assert "1919191919" in change
    assert "1a1a1a1a" in change
    assert len(re.findall(r'class="change worse"', text)) == 1
    assert re.search(r">\+\d\d% service<", text)


def test_improvement_is_told_from_a_regression(tmp_path: Path) -> None:
    """Another word, not only another colour."""
    text = written(tmp_path, 40, step=25, ratio=0.7)
    assert "faster" in text
    assert "change better" in text
    assert "slower" not in text


def test_noise_is_said_to_be_none(tmp_path: Path) -> None:
    """The page says that nothing was found."""
    text = written(tmp_path, 40)
    assert "No change was found" in text
    assert 'class="change ' not in text


def test_long_history_shows_its_newest_part(tmp_path: Path) -> None:
    """Rows and points; how many there are is said."""
    text = written(tmp_path, SHOWN + 5)
    assert len(points(ParsedPage(text))) == SHOWN * 2 * 3
    assert f"the newest {SHOWN} of {SHOWN + 5}" in text


def test_places_are_kept_apart(tmp_path: Path) -> None:
    """A laptop's figures are no continuation of the cloud's."""
    kept = [*history(3), *history(2, place="local")]
    text = write_history(kept, None, tmp_path).read_text(encoding="utf-8")
    assert text.count("<h2") == 3
    assert text.index("On Google Cloud") < text.index("On this machine")
    assert "/commit/" not in text


@pytest.mark.parametrize("count", [0, 1])
def test_history_that_has_hardly_begun_is_drawn(tmp_path: Path, count: int) -> None:
    """No measurement, or one."""
    text = written(tmp_path, count)
    assert ("Nothing is kept yet" in text) is (count == 0)
    # Which refuses what is left open.
    ParsedPage(text)


def test_names_are_text(tmp_path: Path) -> None:
    """Nothing that a document says becomes markup."""
    evil = measurement().model_copy(update={"version": '"><img src=x>', "commit": "<b>"})
    text = write_history([evil], URL, tmp_path).read_text(encoding="utf-8")
    assert "<img" not in text
    assert "<b>" not in text


def test_target_that_was_left_out_once_is_said_to_be(tmp_path: Path) -> None:
    """A row without its figures."""
    first, second = history(2)
    alone = second.model_copy(update={"targets": second.targets[:1]})
    text = write_history([first, alone], URL, tmp_path).read_text(encoding="utf-8")
    assert text.count("not measured") == 1


def test_another_machine_is_no_regression_of_the_commit(tmp_path: Path) -> None:
    """Where the machine changed with the figures, that is said."""
    kept = history(40, step=25, ratio=1.3)
    machine = kept[0].machine
    other = type(machine)("Another CPU", 4, machine.system, machine.python, (), machine.clock)
    kept[25:] = [night.model_copy(update={"machine": other}) for night in kept[25:]]
    text = write_history(kept, URL, tmp_path).read_text(encoding="utf-8")
    assert "the machine that measures is another one too" in text
