"""Whether GitHub has attested that a workflow of a repository made something: ``gh attestation``.

Source: the GitHub CLI's manual, ``gh attestation verify``; of an image it asks the registry for the
digest, as whoever is logged in by the Docker configuration.
"""

import base64
import json
import re
import subprocess
import tempfile
import time
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.variables import user_environment
from twinserve.targets.engine import TOKEN_USER

LIMIT_S = 120.0
# What was signed a moment ago need not be found at once.
TRIES = 3
PAUSE_S = 5.0
_NOT_YET = re.compile(r"no attestations found|HTTP 404", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}")


def verify_image(image: str, repository: str, commit: str, token: str) -> None:
    """Verify an image that is named by digest, with an access token of its registry.

    Raises:
        UserError: it is not attested, or gh cannot tell.
    """
    with tempfile.TemporaryDirectory() as directory:
        login = base64.b64encode(f"{TOKEN_USER}:{token}".encode()).decode()
        host = image.partition("/")[0]
        settings = Path(directory) / "config.json"
        settings.write_text(json.dumps({"auths": {host: {"auth": login}}}))
        _verify(f"oci://{image}", repository, commit, {"DOCKER_CONFIG": directory})


def verify_file(path: Path, repository: str, commit: str) -> None:
    """Verify a file.

    Raises:
        UserError: it is not attested, or gh cannot tell.
    """
    _verify(str(path), repository, commit, {})


def command(subject: str, repository: str, commit: str) -> list[str]:
    """The command: the signer is a workflow of the repository, at the commit that was built."""
    words = ["gh", "attestation", "verify", subject, f"--repo={repository}"]
    return [*words, f"--source-digest={commit}"]


def _verify(subject: str, repository: str, commit: str, more: dict[str, str]) -> None:
    if not _COMMIT.fullmatch(commit):
        raise UserError(f"{subject} was built of commit {commit!r}, which no attestation can name")
    said = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE_S)
        try:
            done = subprocess.run(
                command(subject, repository, commit),
                env=user_environment() | more,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=LIMIT_S,
            )
        except FileNotFoundError:
            raise UserError("gh is not installed; GitHub's runners have it") from None
        except subprocess.TimeoutExpired:
            said = f"no answer in {LIMIT_S:g} s"
            continue
        if done.returncode == 0:
            return
        said = " ".join((done.stderr or done.stdout).split()) or f"exit code {done.returncode}"
        if not _NOT_YET.search(said):
            break
    raise UserError(f"{subject} is not attested by {repository} at {commit[:12]}: {said[:400]}")
