"""Why DVC has not brought a source: asked of its remote again, for it tells its log alone."""

import json
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twinserve.delivery.data.failure import Failure, Reason

LOCAL = "local"
HTTP = frozenset({"http", "https"})


class Heard(logging.Handler):
    """The last exception that DVC told its log of; nothing is printed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told = ""
        # Whether the remote itself could not be asked: to ask again would take as long again.
        self.is_away = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception's words rather than DVC's."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self.hear(error)

    def hear(self, error: BaseException) -> None:
        """Keep what went wrong; a list of files that is not what its name says is not that."""
        from dvc_objects.errors import ObjectFormatError

        if isinstance(error, ObjectFormatError):
            return
        self.told = in_a_line(error)
        self.is_away = not isinstance(error, FileNotFoundError)


def objects_there(repo: Any, stages: Iterable[Any]) -> frozenset[str]:  # noqa: ANN401 - DVC
    """The objects of these sources in a remote that is a folder.

    DVC deletes one there that is not what its name says, and then calls it missing.
    """
    names: set[str] = set()
    for stage in stages:
        for out in stage.outs:
            with suppress(Exception):
                odb = repo.cloud.get_remote(out.remote).odb
                if odb.fs.protocol == LOCAL:
                    names |= _there(odb, str(out.hash_info.value))
    return frozenset(names)


def _there(odb: Any, digest: str) -> set[str]:  # noqa: ANN401 - DVC
    path = Path(odb.oid_to_path(digest))
    if not path.exists():
        return set()
    inner = json.loads(path.read_bytes()) if digest.endswith(".dir") else []
    return {
        digest,
        *(entry["md5"] for entry in inner if Path(odb.oid_to_path(entry["md5"])).exists()),
    }


def explain(repo: Any, stage: Any, heard: Heard, before: frozenset[str]) -> Failure:  # noqa: ANN401 - DVC
    """Why the cache lacks a part of a source.

    Args:
        repo: of DVC.
        stage: of DVC, which stands for the source.
        heard: what went wrong when it was fetched, if anything.
        before: objects that lay in a remote that is a folder.
    """
    from dvc.config import NoRemoteError

    out = next(out for out in stage.outs if out.use_cache and out.changed_cache())
    told = heard.told
    failure = Failure(str(stage.relpath), str(out), Reason.UNREACHABLE, "", told)
    if stage.is_repo_import:
        origin = without_login(str(stage.deps[0].def_repo["url"]))
        return replace(failure, remote=origin, told=told or "it is not there any more")
    try:
        remote = repo.cloud.get_remote(out.remote)
    except NoRemoteError:
        return replace(failure, reason=Reason.NO_REMOTE)
    except Exception as error:  # noqa: BLE001 - a plug-in that is not installed, say
        return replace(failure, remote=str(out.remote or ""), told=in_a_line(error))
    url = str(repo.config["remote"][remote.name]["url"])
    failure = replace(failure, remote=f"{remote.name} ({without_login(url)})")
    return failure if heard.is_away else _ask(failure, remote.odb, out, before)


def _ask(failure: Failure, odb: Any, out: Any, before: frozenset[str]) -> Failure:  # noqa: ANN401 - DVC
    """The failure, once the remote was asked for the object itself."""
    if odb.fs.protocol == LOCAL and not Path(odb.path).exists():
        return replace(failure, told=f"there is no folder {odb.path}")
    try:
        lacking = _first_lacking(out)
        there = _has(odb, lacking)
    except Exception as error:  # noqa: BLE001 - a remote of any kind raises anything
        return replace(failure, told=in_a_line(error))
    refused = replace(failure, reason=Reason.REFUSED, told=lacking)
    if not there:
        return refused if lacking in before else replace(failure, reason=Reason.ABSENT)
    # DVC says nothing of an object that it has compared and thrown away.
    return failure if failure.told else refused


def _has(odb: Any, name: str) -> bool:  # noqa: ANN401 - DVC
    """Whether the remote has the object, as it says itself."""
    if odb.fs.protocol not in HTTP:
        return bool(odb.exists(name))
    # Over HTTP a look whether a file is there takes every failure for a no.
    try:
        odb.fs.fs.info(odb.oid_to_path(name))
    except FileNotFoundError as error:
        cause = error.__cause__
        if cause is None or getattr(cause, "status", None) == HTTPStatus.NOT_FOUND:
            return False
        raise cause from None
    return True


def _first_lacking(out: Any) -> str:  # noqa: ANN401 - DVC
    """The object of the source that the cache has not."""
    digest = str(out.hash_info.value)
    if not out.cache.exists(digest):
        return digest
    return next(
        str(inner.value) for _, _, inner in out.get_obj() if not out.cache.exists(inner.value)
    )


def without_login(url: str) -> str:
    """An address without the name and the password that may stand in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def in_a_line(error: BaseException) -> str:
    """What an exception says, or what it is."""
    return " ".join(str(error).split())[:300] or type(error).__name__
