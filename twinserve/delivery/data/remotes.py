"""DVC's remotes, as DVC's own configuration names them: the one place."""

from collections.abc import Mapping
from typing import Any

from twinserve.delivery.data.dvc import configuration, local_options

NO_REMOTE = "no remote is set: name one by `dvc remote add --default NAME URL`"


def default_remote() -> str | None:
    """The name of the remote that DVC takes unless it is told another."""
    name = configuration().get("core", {}).get("remote")
    return str(name) if name else None


def default_url() -> str | None:
    """Where that remote is; None without one."""
    name = default_remote()
    url = _remotes().get(name, {}).get("url") if name else None
    return str(url) if url else None


def verify_remotes() -> None:
    """Have DVC compare what it fetches, whichever remote it comes from, in this tree alone.

    Without ``verify``, most remotes' objects are taken at their names' word. No file that git keeps
    is changed for it.

    Raises:
        UserError: DVC cannot read its configuration.
    """
    trusting = [name for name, options in _remotes().items() if options.get("verify") is not True]
    if not trusting:
        return
    with local_options() as options:
        for name in trusting:
            options["remote"].setdefault(name, {})["verify"] = True


def _remotes() -> Mapping[str, Mapping[str, Any]]:
    remotes: Mapping[str, Mapping[str, Any]] = configuration().get("remote", {})
    return remotes
