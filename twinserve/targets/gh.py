"""GitHub's API, through its command ``gh``."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.variables import user_environment

# Anyone may write what we write; only what the workflow's own token wrote is ours to change.
AUTHOR = "github-actions[bot]"


def api(*words: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
    """The answer to ``gh api WORDS``, with a JSON body if one is given.

    Raises:
        UserError: gh is not there, or GitHub refuses.
    """
    command = ["gh", "api", *words]
    try:
        done = subprocess.run(
            command,
            env=user_environment(),
            input=None if body is None else json.dumps(body),
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise UserError("gh is not installed; GitHub's runners have it") from None
    if done.returncode:
        raise UserError(f"GitHub refuses `gh api {words[-1]}`: {done.stderr.strip()[:300]}")
    return json.loads(done.stdout)
