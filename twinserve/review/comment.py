"""From the artifact of a pull request's run to the comment on that pull request."""

import os
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.review.github import find_pull_request, post
from twinserve.review.render import NIGHT, render, render_unchecked
from twinserve.review.report import Report, load_unchecked, load_untrusted
from twinserve.targets.github.reproduction import last_reproduced


@dataclass(frozen=True, slots=True)
class Source:
    """The run that the artifact came from, as GitHub's event names it."""

    repository: str
    owner: str
    branch: str
    commit: str
    run_url: str


# Where the workflow says what; each must be there.
VARIABLES = {
    "repository": "GITHUB_REPOSITORY",
    "owner": "HEAD_OWNER",
    "branch": "HEAD_BRANCH",
    "commit": "HEAD_SHA",
    "run_url": "RUN_URL",
}


def read_source() -> Source:
    """The run, from the environment.

    Raises:
        UserError: a variable is missing.
    """
    missing = [name for name in VARIABLES.values() if not os.environ.get(name)]
    if missing:
        raise UserError(f"set {', '.join(missing)}, as pr-comment.yml does")
    return Source(**{member: os.environ[name] for member, name in VARIABLES.items()})


def comment(artifact: Path, source: Source) -> str:
    """Check, render, post; what became of it, in a line.

    Raises:
        UserError: the artifact is refused, or GitHub refuses.
    """
    if not artifact.exists():
        return "that run left no figures: nothing to say"
    why = load_unchecked(artifact)
    if why is None:
        report = load_untrusted(artifact)
        text = render(report, source.run_url, source.commit, _night(report, source.repository))
    else:
        text = render_unchecked(why, source.run_url, source.commit)
    number = find_pull_request(source.repository, source.owner, source.branch, source.commit)
    if number is None:
        return "no open pull request is at that commit any more: nothing to say"
    return f"written: {post(source.repository, number, text)}"


def _night(report: Report, repository: str) -> str | None:
    """When a night last reproduced the model, by GitHub's word; None if it has not, so far."""
    reproduction = report.reproduction
    if reproduction is None or reproduction.by != NIGHT:
        return None
    return last_reproduced(repository, reproduction.model_sha256)
