"""Scales, ticks and numbers of the plots and tables."""

import pytest

from twinserve.measure.cold.anatomy import PARTS
from twinserve.measure.cold.proof import Part
from twinserve.measure.pages import plots, stacked
from twinserve.measure.pages.svg import Scale, log_ticks, ticks
from twinserve.measure.pages.text import megabytes, milliseconds, number, ratio
from twinserve.measure.statistics import Estimate


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0, 480, [0, 100, 200, 300, 400]),
        (0, 0.9, [0, 0.2, 0.4, 0.6, 0.8]),
        (10, 22, [10, 12.5, 15, 17.5, 20]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    """Steps of 1, 2, 2.5 or 5 in some power of ten."""
    assert ticks(low, high) == pytest.approx(expected)


def test_logarithmic_ticks_are_1_2_5() -> None:
    """Within the range only."""
    assert log_ticks(0.4, 12) == pytest.approx([0.5, 1, 2, 5, 10])


@pytest.mark.parametrize(("log", "middle"), [(False, 50.5), (True, 10.0)])
def test_the_middle_of_a_scale_is_arithmetic_or_geometric(*, log: bool, middle: float) -> None:
    """And its ends are its ends."""
    scale = Scale(1, 100, 10, 20, log=log)
    assert [scale(1), scale(middle), scale(100)] == pytest.approx([10, 15, 20])


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.456, "0.46"), (9.99, "9.99"), (31.42, "31.4"), (1234.5, "1,234")],
)
def test_numbers_have_three_digits_that_mean_something(value: float, text: str) -> None:
    """Thousands are set off."""
    assert number(value) == text


def test_units_stand_with_their_numbers() -> None:
    """Milliseconds, megabytes, and what was not measured."""
    assert [milliseconds(1.5), megabytes(2.5e6), megabytes(None), ratio(0.914)] == [
        "1.50 ms",
        "2.5 MB",
        "not measured here",
        "0.91\N{MULTIPLICATION SIGN}",
    ]


def test_a_part_too_short_for_its_figure_goes_without() -> None:
    """Its colour is there; the table has the number."""
    bar = plots.Stack("one", (Part("a", 500), Part("b", 1)))
    drawn = plots.stacks([bar], ["a", "b"], "parts")
    assert drawn.count('class="inside"') == 1
    assert 'class="part p1"' in drawn


def test_bar_that_was_not_measured_says_so() -> None:
    """In the picture and in its words; alone it is still a picture."""
    drawn = stacked.draw([plots.Stack("one", (), "left out")], "Starts.")
    assert 'aria-label="Starts. one: left out."' in drawn
    assert ">left out</text>" in drawn


def test_part_has_one_colour_wherever_it_is_shown() -> None:
    """Whatever else a bar has; the legend's is the bar's, and the words have every figure."""
    few = [plots.Stack("one", (Part("rest", 5.0), Part("own", 2.0)))]
    many = [plots.Stack("two", (Part("platform", 5.0), Part("imports", 5.0), Part("rest", 9.0)))]
    for bars in (few, many):
        (style,) = [
            legend.style for legend in stacked.part_legend(bars) if legend.label.startswith("rest")
        ]
        assert style == "p6"
        assert 'class="part p6"' in stacked.draw(bars, "")
    assert "two 19 ms: platform 5 ms, imports 5 ms, rest 9 ms." in stacked.draw(many, "")
    assert [legend.label for legend in stacked.part_legend(few)] == [PARTS["rest"], "own"]


def test_what_is_said_of_a_plot_is_escaped() -> None:
    """Names come from outside."""
    sample = plots.Sample("<b>", (1.0,), Estimate(1, 1, 1))
    drawn = plots.strips([sample], 'a "quoted" <name>')
    assert "&lt;b&gt;" in drawn
    assert 'aria-label="a &quot;quoted&quot; &lt;name&gt;"' in drawn
