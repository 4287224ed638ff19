"""The Google Cloud CLI: one call, its JSON, and its errors as one line that says what to do."""

import json
import os
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO, Any, NamedTuple

from config.errors import UserError

PROGRAM = "gcloud"
MOST_TOLD = 400
# Nobody answers a prompt. A disabled API is said at once: gcloud would enable it by itself, which a
# deployer may not, and try again for half a minute.
SETTINGS = {
    "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    "CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API": "0",
    "CLOUDSDK_CORE_LOG_HTTP": "0",
}


class Reason(StrEnum):
    """Why a call failed, where the difference matters to whoever called."""

    MISSING = "gcloud is missing"
    LOGGED_OUT = "not logged in"
    DISABLED = "API disabled"
    DENIED = "permission denied"
    QUOTA = "quota"
    NO_IMAGE = "image not found"
    NOT_READY = "never ready"
    BUILD = "build failed"
    NOT_FOUND = "not found"
    PRECONDITION = "precondition failed"
    NO_ACCOUNT = "service account not known yet"
    POLICY = "organisation policy"
    BILLING = "no billing"
    OTHER = "other"


class GcloudError(UserError):
    """A call that failed.

    Attributes:
        reason: the kind of failure.
    """

    def __init__(self, message: str, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


class _Known(NamedTuple):
    """What gcloud prints, what it means, and what a person can do about it."""

    pattern: str
    reason: Reason
    cure: str


# In this order: the first that fits what was printed names the reason.
_KNOWN = (
    _Known(
        r"not currently have an active account|Reauthentication|refreshing your current auth"
        r"|invalid authentication credentials|UNAUTHENTICATED|Unable to read file",
        Reason.LOGGED_OUT,
        "log in with `gcloud auth login`",
    ),
    _Known(
        r"SERVICE_DISABLED|has not been used in project|not enabled on project",
        Reason.DISABLED,
        "enable what the project needs with `python -m delivery bootstrap`",
    ),
    _Known(
        r"[Ss]ervice account \S+ does not exist",
        Reason.NO_ACCOUNT,
        "make it with `python -m delivery bootstrap`; a new one takes a minute to be known",
    ),
    _Known(
        r"do not belong to a permitted customer|[Cc]onstraint \S*constraints/\S+ violated"
        r"|violates? (the )?(constraint|org(anization)? policy)",
        Reason.POLICY,
        "`python -m delivery doctor` says which of the organisation's policies forbids it",
    ),
    _Known(
        r"BILLING_DISABLED"
        r"|[Bb]illing (must be enabled|account for project \S+ is not (found|open))",
        Reason.BILLING,
        "link a billing account: https://console.cloud.google.com/billing/projects",
    ),
    _Known(
        r"due to quota restrictions, cannot run builds in this region",
        Reason.QUOTA,
        "Cloud Build builds for this project in other regions only: set deployment.region "
        "to one of https://cloud.google.com/build/docs/locations",
    ),
    _Known(
        r"RESOURCE_EXHAUSTED|[Qq]uota exceeded|RATE_LIMIT_EXCEEDED|HTTPError 429",
        Reason.QUOTA,
        "wait and run it again; more is asked for at https://console.cloud.google.com/quotas",
    ),
    _Known(
        r"HTTPError 412|pre-?conditions? you specified did not hold|conditionNotMet",
        Reason.PRECONDITION,
        "somebody else has changed it meanwhile; run it again",
    ),
    _Known(
        r"[Ii]mage '?[^ ]*'? not found|MANIFEST_UNKNOWN|[Ii]mage .*does not exist",
        Reason.NO_IMAGE,
        "build and push it with `python -m delivery build --push`",
    ),
    _Known(
        r"Failed to impersonate",
        Reason.DENIED,
        "the account that runs this needs roles/iam.serviceAccountTokenCreator on that one",
    ),
    _Known(
        r"PERMISSION_DENIED|does not have permission|[Pp]ermission '?[\w.]+'? denied|HTTPError 403"
        r"|does not have .* access",
        Reason.DENIED,
        "the account needs the roles that `python -m delivery bootstrap` grants",
    ),
    _Known(
        r"Build failed|build failed",
        Reason.BUILD,
        "read its log with `gcloud builds list --limit=1` and `gcloud builds log`",
    ),
    _Known(
        r"failed to start and listen|is not ready and cannot serve|Revision .* is not ready"
        r"|HealthCheckContainerError|did not become ready",
        Reason.NOT_READY,
        "its log says why: `gcloud run services logs read` with the service's name",
    ),
    _Known(
        r"gs://\S+ not found: 404|bucket does not exist",
        Reason.NOT_FOUND,
        "make the project's buckets with `python -m delivery bootstrap`",
    ),
    _Known(
        r"NOT_FOUND|[Cc]annot find|could not be found|not found|matched no objects|HTTPError 404",
        Reason.NOT_FOUND,
        "check the name, the region and the project",
    ),
)


@dataclass(frozen=True, slots=True)
class Gcloud:
    """Calls to one project.

    Attributes:
        project: its id.
        on_change: told each command that changes something just before it runs; on a dry run it
            does not run.
        dry_run: read, but change nothing.
        on_progress: told each line that gcloud prints while it works.
    """

    project: str
    dry_run: bool = False
    on_change: Callable[[str], None] = field(default=lambda _: None)
    on_progress: Callable[[str], None] = field(default=lambda _: None)

    def read(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """Ask for something; nothing changes.

        Raises:
            GcloudError: gcloud is missing or refuses.
        """
        return _parsed(run_gcloud(self._scoped([*arguments, "--format=json"])))

    def read_text(self, *arguments: str) -> str:
        """Ask for something that is not JSON: an object's content, a token.

        Raises:
            GcloudError: gcloud is missing or refuses.
        """
        return run_gcloud(self._scoped(arguments))

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
        return _parsed(run_gcloud(command, content, on_progress=self.on_progress))

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
        run_gcloud(command, content, kept)
        return "".join(kept)

    def _scoped(self, arguments: Sequence[str]) -> list[str]:
        return [*arguments, f"--project={self.project}", "--quiet"]


def run_gcloud(
    arguments: Sequence[str],
    content: str | None = None,
    kept: list[str] | None = None,
    *,
    on_progress: Callable[[str], None] = lambda _: None,
) -> str:
    """What one call prints on stdout; ``kept`` takes what it prints on stderr.

    Raises:
        GcloudError: gcloud is missing or refuses.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise GcloudError(
            "gcloud is not on the PATH: install the Google Cloud CLI "
            "(https://cloud.google.com/sdk/docs/install), then `gcloud auth login`",
            Reason.MISSING,
        )
    lines: list[str] = kept if kept is not None else []
    with subprocess.Popen(
        [program, *arguments],
        stdin=subprocess.PIPE if content is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | SETTINGS,
    ) as process:
        errors, process.stderr = process.stderr, None
        # Read beside `communicate`, so that lines show as they come.
        listener = threading.Thread(target=_listen, args=(errors, lines, on_progress))
        listener.start()
        printed, _ = process.communicate(content)
        listener.join()
    if process.returncode:
        raise _refusal(arguments, "".join(lines), process.returncode)
    return printed


def _listen(stream: IO[str], lines: list[str], on_progress: Callable[[str], None]) -> None:
    with stream:
        for line in stream:
            lines.append(line)
            if text := line.strip():
                on_progress(text)


def _parsed(printed: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(printed) if printed.strip() else None


def _refusal(arguments: Sequence[str], printed: str, code: int) -> GcloudError:
    """The error of a call, from what it printed."""
    # What follows ERROR: is the message; gcloud wraps it and may add hints below.
    found = re.search(r"ERROR: (?:\([\w.-]+\) )?(.*)", printed, re.DOTALL)
    told = " ".join((found[1] if found else printed).split()) or f"exit code {code}"
    # Where the cure is known, it takes the place of gcloud's own advice in the lines below.
    first = " ".join(found[1].partition("\n")[0].split()) if found else told
    words = [word for word in arguments if not word.startswith("-")]
    command = " ".join([PROGRAM, *words[:4]])
    for known in _KNOWN:
        if re.search(known.pattern, told):
            return GcloudError(
                f"{command}: {first[:MOST_TOLD]} To mend it: {known.cure}", known.reason
            )
    return GcloudError(f"{command}: {told[:MOST_TOLD]}", Reason.OTHER)


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
