"""What a stranger's artifact can cost: no more than its limit to read, no more than a comment."""

import os
import tracemalloc
from pathlib import Path

import pytest

from tests.review.reports import encoded, sample
from tests.tools import twinserve
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.review.render import LONGEST, render
from twinserve.review.report import LARGEST_BYTES, MOST_ROWS, load_untrusted, read_untrusted

URL = "https://github.com/owner/twinserve/actions/runs/4711"


def test_artifact_is_read_no_further_than_its_limit(tmp_path: Path) -> None:
    """3 GiB, of which the disk has nothing, are refused as 256 KiB are."""
    path = tmp_path / "review.json"
    path.touch()
    os.truncate(path, 3 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=r"^the bytes of the report are over 262,144: refused$"):
            load_untrusted(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * LARGEST_BYTES


def test_artifact_that_is_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe to which nobody writes is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("pipe", "device", "."):
        with pytest.raises(UserError, match=r"the report is no file: refused$"):
            load_untrusted(tmp_path / name)


@pytest.mark.parametrize("command", ["judge", "render"])
def test_missing_report_is_one_line(command: str, tmp_path: Path) -> None:
    """With what makes it."""
    path = tmp_path / "review.json"
    done = twinserve("review", command, str(path), cwd=ROOT)
    told = f"error: {path}: No such file or directory; make it with `review collect`\n"
    assert (done.returncode, done.stderr) == (1, told)


def longest(text: str) -> bytes:
    """A report that fits the schema and its limit, of as many and as long rows as it may have."""
    members = sample()
    change = {"name": f"p{'x' * 119}", "base": text, "head": text}
    rows = 140_000 // len(encoded(change))
    members["params"] = [change] * min(MOST_ROWS, rows)
    members["benchmarks"] = [
        {**members["benchmarks"][0], "name": f"b{number:0>119}"} for number in range(MOST_ROWS)
    ]
    content = encoded(members)
    assert len(content) <= LARGEST_BYTES
    return content


@pytest.mark.parametrize("text", ["x" * 200, "\N{GRINNING FACE}" * 10, "é" * 100])
def test_longest_report_is_a_comment_that_github_takes(text: str) -> None:
    """Whole rows are left out and counted; each section keeps its head, each span is closed."""
    comment = render(read_untrusted(longest(text)), URL, "a" * 40)
    assert LONGEST * 3 // 4 < len(comment.encode()) <= LONGEST
    for title in ("Slower than allowed", "Metrics", "Parameters", "Latency, ms", "Size, MB"):
        assert f"**{title}" in comment
    assert "more lines: too long for a comment; the run has all.*" in comment
    assert "`test_handler" not in comment
    assert "and 181 more." in comment
    for line in comment.splitlines():
        assert line.count("`") % 2 == 0
        assert not line.startswith("|") or line.endswith("|")


def test_report_of_usual_length_is_whole() -> None:
    """Nothing is said to be left out."""
    assert "more lines" not in render(read_untrusted(encoded(sample())), URL, "a" * 40)
