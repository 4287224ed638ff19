"""A bucket in memory that stands in for ``run_gcloud``: objects, generations and their times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path

from twinserve.targets.google.gcloud import GcloudError, Reason

PRECONDITION = "--if-generation-match="


@dataclass
class FakeBucket:
    """As ``twinserve.targets.google.gcloud.run_gcloud``, for ``gcloud storage`` alone.

    Attributes:
        now: by the bucket's clock.
        before: called with the words of each call before it is carried out.
    """

    now: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    objects: dict[str, bytes] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    updated: dict[str, datetime] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    before: Callable[[tuple[str, ...]], None] = field(default=lambda _: None)
    _count: int = 0

    def __call__(
        self,
        arguments: Sequence[str],
        content: str | None = None,
        kept: list[str] | None = None,
        **_: object,
    ) -> str:
        """Answer one call."""
        words = tuple(word for word in arguments if not word.startswith("--"))
        wanted = next((a for a in arguments if a.startswith(PRECONDITION)), None)
        self.calls.append(words)
        self.before(words)
        match words:
            case ("storage", "objects", "describe", url):
                return self._describe(url)
            case ("storage", "cat", url):
                return self._held(url.partition("#")[0]).decode(errors="replace")
            case ("storage", "cp", "-", url):
                return self._write(url, content or "", wanted, kept)
            case ("storage", "cp", pattern, directory):
                return self._copy(pattern, Path(directory))
            case ("storage", "rm", url):
                self._check(url, wanted)
                self._held(url)
                del self.objects[url]
                return ""
        raise AssertionError(words)

    def put(self, url: str, content: str | bytes, *, ago: timedelta = timedelta()) -> None:
        """Have an object, written some time ago."""
        self._count += 1
        self.objects[url] = content.encode() if isinstance(content, str) else content
        self.generations[url] = self._count
        self.updated[url] = self.now - ago

    def _describe(self, url: str) -> str:
        self._held(url)
        when = self.updated[url].strftime("%Y-%m-%dT%H:%M:%S+0000")
        return f'{{"generation": "{self.generations[url]}", "update_time": "{when}"}}'

    def _write(self, url: str, content: str, wanted: str | None, kept: list[str] | None) -> str:
        self._check(url, wanted)
        self.put(url, content)
        if kept is not None:
            kept.append(f"Created: {url}#{self.generations[url]}\n")
        return ""

    def _copy(self, pattern: str, directory: Path) -> str:
        urls = [url for url in self.objects if fnmatch(url, pattern)]
        if not urls:
            raise GcloudError("matched no objects or files", Reason.NOT_FOUND)
        for url in urls:
            (directory / url.rpartition("/")[2]).write_bytes(self.objects[url])
        return ""

    def _check(self, url: str, wanted: str | None) -> None:
        there = self.generations[url] if url in self.objects else 0
        if wanted is not None and int(wanted.removeprefix(PRECONDITION)) != there:
            raise GcloudError("another generation", Reason.PRECONDITION)

    def _held(self, url: str) -> bytes:
        if url not in self.objects:
            raise GcloudError("no such object", Reason.NOT_FOUND)
        return self.objects[url]
