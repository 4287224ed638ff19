"""A remote that does not answer is asked once: clients are patient, and some wait a minute."""

from types import SimpleNamespace
from typing import Any

import pytest

from twinserve.delivery.data.diagnosis import Heard, answered, with_words


class Files:
    """A remote's files, which nobody may look at."""

    def __init__(self, protocol: str = "gs", error: Exception | None = None) -> None:
        self.protocol = protocol
        self.asked: list[str] = []
        self._error = error

    def exists(self, path: str) -> bool:
        self.asked.append(path)
        if self._error:
            raise self._error
        return False

    def ls(self, path: str) -> list[str]:
        self.asked.append(f"list {path}")
        raise PermissionError("The token has expired")


def repo_of(**files: Files) -> Any:  # noqa: ANN401 - DVC
    """A repository with these remotes."""

    def get_remote(name: str) -> SimpleNamespace:
        return SimpleNamespace(odb=SimpleNamespace(fs=files[name], path=name))

    return SimpleNamespace(cloud=SimpleNamespace(get_remote=get_remote))


def stage_of(remote: str, *, from_repository: bool = False) -> Any:  # noqa: ANN401 - DVC
    """A source in that remote."""
    return SimpleNamespace(is_repo_import=from_repository, outs=[SimpleNamespace(remote=remote)])


def test_remote_that_is_away_is_asked_once_and_the_others_are_fetched() -> None:
    """For all of its sources; one without such a folder, or without a plug-in, is DVC's matter."""
    away, there = Files(error=ConnectionError("refused")), Files()
    first, second, third = stage_of("away"), stage_of("away"), stage_of("there")
    imported, without = stage_of("away", from_repository=True), stage_of("no such remote")
    heard = Heard()
    repo = repo_of(away=away, there=there)
    fetched = answered(repo, [first, second, third, imported, without], heard)
    assert fetched == [third, imported, without]
    assert (away.asked, there.asked) == (["away"], ["there"])
    assert (heard.told, heard.is_away) == ("refused", True)


@pytest.mark.parametrize(
    ("protocol", "error", "told"),
    [
        ("s3", OSError("Bad Request"), "The token has expired"),
        ("s3", RuntimeError("no connection"), "no connection"),
        ("azure", OSError("in words"), "in words"),
    ],
)
def test_refusal_of_s3_is_put_into_words(protocol: str, error: Exception, told: str) -> None:
    """It says why to a list alone; who cannot be reached is not asked again."""
    odb = SimpleNamespace(fs=Files(protocol), path="bucket")
    assert str(with_words(odb, error)) == told
