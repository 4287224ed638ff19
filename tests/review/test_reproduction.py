"""The comment says what made the model anew, and when that last went well."""

from pathlib import Path

import pytest

from tests.github import install
from tests.review.reports import encoded, sample
from twinserve.config.errors import UserError
from twinserve.review import comment
from twinserve.review.render import reproduction_line
from twinserve.review.report import read_untrusted

DIGEST = "1" * 64
NIGHT = "2026-03-05T02:08:00+00:00"
SOURCE = comment.Source("owner/twinserve", "owner", "topic", "a" * 40, "https://example.com/run")


def report(by: str) -> bytes:
    """The sample, of a model that is reproduced so."""
    return encoded({**sample(), "reproduction": {"by": by, "model_sha256": DIGEST}})


@pytest.mark.parametrize(
    ("by", "night", "words"),
    [
        ("push", None, "**Reproduced** by this run, byte for byte."),
        ("nightly", NIGHT, f"a night last reproduced it at `{NIGHT}`"),
        ("nightly", None, "no night has attested it yet"),
    ],
)
def test_line_says_which_of_the_two(by: str, night: str | None, words: str) -> None:
    """And of the night when, if there was one."""
    reproduction = read_untrusted(report(by)).reproduction
    assert reproduction
    assert words in reproduction_line(reproduction, night)


def test_comment_asks_github_not_the_pull_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The artifact names the model; who last reproduced it stands with GitHub."""
    asked: list[tuple[str, str]] = []
    posted: list[str] = []

    def last(repository: str, sha256: str) -> str:
        asked.append((repository, sha256))
        return NIGHT

    install(tmp_path / "gh", monkeypatch)
    monkeypatch.setattr(comment, "last_reproduced", last)
    monkeypatch.setattr(comment, "find_pull_request", lambda *_: 7)
    monkeypatch.setattr(comment, "post", lambda _, __, text: posted.append(text))
    artifact = tmp_path / "review.json"
    for by in ("push", "nightly"):
        artifact.write_bytes(report(by))
        comment.comment(artifact, SOURCE)
    assert asked == [("owner/twinserve", DIGEST)]
    assert "Reproduced** by this run" in posted[0]
    assert NIGHT in posted[1]


def test_report_of_before_is_read_as_ever() -> None:
    """A pull request whose engine does not know of it says nothing of it."""
    before = {name: member for name, member in sample().items() if name != "reproduction"}
    assert read_untrusted(encoded(before)).reproduction is None


@pytest.mark.parametrize(
    "reproduction",
    [
        {"by": "nobody", "model_sha256": DIGEST},
        {"by": "nightly", "model_sha256": "../../secrets"},
        {"by": "nightly", "model_sha256": DIGEST, "at": NIGHT},
    ],
)
def test_what_a_stranger_makes_of_it_is_refused(reproduction: dict[str, str]) -> None:
    """The digest goes into a call of GitHub's API: it is one, or nothing is asked."""
    with pytest.raises(UserError, match="does not fit its schema"):
        read_untrusted(encoded({**sample(), "reproduction": reproduction}))
