"""The comment on a pull request whose table could not be read."""

import json
from pathlib import Path

import pytest

from twinserve.commands import parser_of
from twinserve.config.errors import UserError
from twinserve.review.commands import run
from twinserve.review.render import MARKER, render_unchecked
from twinserve.review.report import LARGEST_BYTES, load_unchecked

COMMIT = "c" * 40


def test_first_line_says_that_the_model_was_not_checked() -> None:
    """Then why, and how a maintainer has it checked, of which commit."""
    text = render_unchecked("data/t.csv: not here", "https://example.com/run", COMMIT)
    marker, first, rest = text.split("\n\n")
    assert marker == MARKER
    assert first == "**The model was not checked**: `data/t.csv: not here`."
    assert "*Full check*" in rest
    assert f"`{COMMIT}`" in rest


@pytest.mark.parametrize(
    ("why", "shown"),
    [
        ("`</code>` <script>", "'</code>' <script>"),
        ("a\n\n# head", "a # head"),
        ("[link](https://a.b) @all", "[link](https://a.b) @all"),
    ],
)
def test_what_a_stranger_wrote_stays_text(why: str, shown: str) -> None:
    """In one line, in a code span that nothing in it ends."""
    first = render_unchecked(why, "https://example.com", COMMIT).split("\n\n")[1]
    assert first == f"**The model was not checked**: `{shown}`."


def test_reason_is_read_from_an_artifact_of_its_shape_alone(tmp_path: Path) -> None:
    """A report has none; one that is too long for a line has none either."""
    path = tmp_path / "review.json"
    for content, expected in (
        ({"unchecked": "why"}, "why"),
        ({"unchecked": "w" * 1001}, None),
        ({"unchecked": "why", "more": 1}, None),
        ({"unchecked": 5}, None),
        ({}, None),
    ):
        path.write_text(json.dumps(content))
        assert load_unchecked(path) == expected
    path.write_bytes(b"x" * (LARGEST_BYTES + 1))
    assert load_unchecked(path) is None
    path.unlink()
    with pytest.raises(UserError, match="No such file"):
        load_unchecked(path)


def test_comment_is_shown_before_it_is_posted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command that shows any other report's."""
    path = tmp_path / "review.json"
    path.write_text(json.dumps({"unchecked": "data/t.csv: not here"}))
    run(parser_of("review").parse_args(["render", str(path)]))
    assert "**The model was not checked**: `data/t.csv: not here`." in capsys.readouterr().out
