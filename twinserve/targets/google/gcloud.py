"""The Google Cloud CLI: one call, its JSON, and its errors as one line that says what to do."""

import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.variables import user_environment
from twinserve.targets.child import Children, ExpiredError
from twinserve.targets.google.limits import LIMITS_S, Kind, kind_of
from twinserve.targets.google.refusal import PROGRAM, GcloudError, Reason, named, refusal

__all__ = ["Gcloud", "GcloudError", "Reason", "current_project", "if_it_exists", "run_gcloud"]

# Nobody answers a prompt. A disabled API is said at once: gcloud would enable it by itself, which a
# deployer may not, and try again for half a minute.
SETTINGS = {
    "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    "CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API": "0",
    "CLOUDSDK_CORE_LOG_HTTP": "0",
}


@dataclass(frozen=True, slots=True)
class Gcloud:
    """Calls to one project.

    Attributes:
        project: its id.
        on_change: told each command that changes something just before it runs; on a dry run it
            does not run.
        dry_run: read, but change nothing.
        on_progress: told each line that gcloud prints while it works.
        most_s: no call takes longer, whatever its kind.
        children: the calls that run now.
    """

    project: str
    dry_run: bool = False
    on_change: Callable[[str], None] = field(default=lambda _: None)
    on_progress: Callable[[str], None] = field(default=lambda _: None)
    most_s: float = inf
    children: Children = field(default_factory=Children)

    def read(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """Ask for something; nothing changes.

        Raises:
            GcloudError: gcloud is missing or refuses.
        """
        return _parsed(self._run(Kind.READ, self._scoped([*arguments, "--format=json"])))

    def read_text(self, *arguments: str) -> str:
        """Ask for something that is not JSON: an object's content, a token.

        Raises:
            GcloudError: gcloud is missing or refuses.
        """
        return self._run(Kind.READ, self._scoped(arguments))

    def change(self, *arguments: str, content: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """Change something; on a dry run only say so, and return None.

        ``content`` goes to gcloud's standard input.

        Raises:
            GcloudError: gcloud is missing or refuses.
        """
        command = self._scoped([*arguments, "--format=json"])
        self.on_change(shlex.join([PROGRAM, *command]))
        if self.dry_run:
            return None
        kind = kind_of(arguments)
        return _parsed(self._run(kind, command, content, on_progress=self.on_progress))

    def change_text(self, *arguments: str, content: str | None = None) -> str:
        """Change something; returns all that gcloud printed on stderr, nothing on a dry run.

        Raises:
            GcloudError: gcloud is missing or refuses.
        """
        command = self._scoped(arguments)
        self.on_change(shlex.join([PROGRAM, *command]))
        if self.dry_run:
            return ""
        kept: list[str] = []
        self._run(kind_of(arguments), command, content, kept)
        return "".join(kept)

    def _run(
        self,
        kind: Kind,
        command: Sequence[str],
        content: str | None = None,
        kept: list[str] | None = None,
        *,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> str:
        limit_s = min(LIMITS_S[kind], self.most_s)
        return run_gcloud(
            command,
            content,
            kept,
            on_progress=on_progress,
            limit_s=limit_s,
            children=self.children,
        )

    def _scoped(self, arguments: Sequence[str]) -> list[str]:
        return [*arguments, f"--project={self.project}", "--quiet"]


def run_gcloud(
    arguments: Sequence[str],
    content: str | None = None,
    kept: list[str] | None = None,
    *,
    on_progress: Callable[[str], None] = lambda _: None,
    limit_s: float = LIMITS_S[Kind.READ],
    children: Children | None = None,
) -> str:
    """The output of a call; ``kept`` takes what it prints on stderr.

    Raises:
        GcloudError: gcloud is missing, refuses, or has not ended within ``limit_s``.
        EndedError: the ``children`` were ended.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise GcloudError(
            "gcloud is not on the PATH: install the Google Cloud CLI "
            "(https://cloud.google.com/sdk/docs/install), then `gcloud auth login`",
            Reason.MISSING,
        )
    try:
        done = (children or Children()).run(
            [program, *arguments],
            environment=user_environment() | SETTINGS,
            content=content,
            limit_s=limit_s,
            on_line=on_progress,
        )
    except ExpiredError:
        raise GcloudError(
            f"{named(arguments)}: no end after {limit_s:g} s, so it was ended; look at "
            "https://status.cloud.google.com and at the network, then run this again",
            Reason.EXPIRED,
        ) from None
    if kept is not None:
        kept.append(done.errors)
    if done.code:
        raise refusal(arguments, done.errors, done.code)
    return done.printed


def _parsed(printed: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(printed) if printed.strip() else None


@contextmanager
def if_it_exists() -> Iterator[None]:
    """Pass over the refusal of a call whose subject is not there."""
    try:
        yield
    except GcloudError as error:
        if error.reason is not Reason.NOT_FOUND:
            raise


def current_project(given: str | None) -> str:
    """The project to work on: given, or in ``$GOOGLE_CLOUD_PROJECT``, or gcloud's own.

    Raises:
        UserError: none of them names one, or gcloud is missing.
    """
    chosen = given or os.environ.get("GOOGLE_CLOUD_PROJECT")
    if chosen:
        return chosen
    known = run_gcloud(["config", "get-value", "core/project"]).strip()
    if not known or known == "(unset)":
        raise UserError("no project: give --project, or set GOOGLE_CLOUD_PROJECT")
    return known
