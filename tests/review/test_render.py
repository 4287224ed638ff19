"""The comment: what a reviewer reads, and what cannot be smuggled into it."""

import re

from tests.review.reports import encoded, sample
from twinserve.review.render import MARKER, MOST_IMPORTS, render
from twinserve.review.report import read_untrusted

URL = "https://github.com/owner/twinserve/actions/runs/4711"
COMMIT = "a" * 40


def rendered(**members: object) -> str:
    """The comment of the sample, with some members replaced."""
    return render(read_untrusted(encoded({**sample(), **members})), URL, COMMIT)


def test_comment_tells_each_difference() -> None:
    """Every figure of the report stands in it, both sides, and what follows from it."""
    text = rendered()
    assert text.startswith(MARKER)
    for row in (
        "| `accuracy` | `0.933333` | `0.966667` |",
        "| `estimator.arguments.n_estimators` | `100` | – |",  # noqa: RUF001 - as it is shown
        "| `test_handler.py::test_predict` | 41.5 | 62.2 | 1.50× (1.45–1.56) |",  # noqa: RUF001
        "| service: cold start, p50 | 128 | 160 | 1.25× (1.05–1.45) | warns |",  # noqa: RUF001
        "| service: warm latency, p99 | 1.30 | 1.25 | – | passes |",  # noqa: RUF001 - likewise
        "| service | 410 | 1,405 | 45.5 | 91 | 2.00× (1.90–2.10) | 1.10× **broken** |",  # noqa: RUF001
        "| `fastapi` is new | – | 20.5 | – | +44.00 | `twinserve.inference.endpoint` |",  # noqa: RUF001
        "| `uvicorn` | 5 | 6.50 | 1.30× (1.20–1.40) | +1.50 | – |",  # noqa: RUF001
        "| image | 390.00 | 391.50 | +1.50 |",
        "| both bundles | 0.34 | 0.33 | -0.01 |",
    ):
        assert row in text.splitlines()
    assert f"[this run]({URL})" in text
    assert "at main's pace" in text


def test_only_a_whole_interval_is_called_slower() -> None:
    """A ratio whose interval holds 1 is noise, however large its middle."""
    text = rendered()
    assert "`test_handler.py::test_predict` is slower." in text
    assert "test_valid` is" not in text
    faster = {"value": 0.8, "low": 0.75, "high": 0.85}
    benchmark = {**sample()["benchmarks"][0], "ratio": faster}
    assert "is faster." in rendered(benchmarks=[benchmark])
    noise = sample()["benchmarks"][1:]
    assert "none faster or slower beyond noise." in rendered(benchmarks=noise)


def test_only_the_heaviest_imports_are_shown() -> None:
    """The others are counted."""
    (imports,) = sample()["imports"]
    many = {**imports, "changes": imports["changes"] * 10}
    text = rendered(imports=[many])
    assert text.count("is new") + text.count("| `uvicorn` |") == MOST_IMPORTS
    assert f"and {20 - MOST_IMPORTS} more." in text


def test_gate_is_told_first() -> None:
    """What fails it, else what it warns of, else that there is nothing."""
    failing = "(1.10× or a budget): `test_handler.py::test_predict`, `imports of the service`."  # noqa: RUF001 - as it is shown
    text = rendered()
    assert failing in text
    assert text.index(failing) < text.index("**Metrics**")
    benchmarks = sample()["benchmarks"][1:]
    warning = "Perhaps slower than 1.10× or a budget: `service: cold start, p50`."  # noqa: RUF001 - likewise
    assert warning in rendered(benchmarks=benchmarks, imports=[])
    latency = sample()["latency"][1:]
    passing = "nothing is slower than 1.10×, nor over a budget."  # noqa: RUF001 - likewise
    assert passing in rendered(benchmarks=benchmarks, latency=latency, imports=[])


def test_nothing_to_tell_is_told() -> None:
    """A section without a difference says so, rather than showing an empty table."""
    text = rendered(metrics=[], params=[], benchmarks=[], latency=[], imports=[], image_bytes=None)
    assert text.count("no difference.") == 5
    assert "pace" not in text
    assert "image" not in text


def test_values_cannot_leave_their_code_spans() -> None:
    """Links, pictures, HTML, mentions, new lines, cells and back-ticks stay plain text."""
    evil = "`</td>|\n\\`[x](https://evil.example)![](x)<img src=x>@everyone\u202e"
    text = rendered(params=[{"name": "model.name", "base": evil, "head": "iris"}])
    (row,) = [line for line in text.splitlines() if "evil" in line]
    assert re.fullmatch(r"\| `[^`|]+` \| `[^`|]+` \| `[^`|]+` \|", row)
    assert "\u202e" not in text
