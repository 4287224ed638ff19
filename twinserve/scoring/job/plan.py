"""What a run is to score, as the command writes it and every task reads it."""

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from twinserve.config.errors import UserError
from twinserve.scoring.options import Format, Options

# A task finds the plan by it.
VARIABLE = "TWINSERVE_SCORE_PLAN"
PLAN, TASKS = "plan.json", "tasks"
GZIP = ".gz"


class Item(NamedTuple):
    """An object to score, by its name below the source's prefix."""

    name: str
    generation: str
    size: int

    @property
    def result(self) -> str:
        """The result's name below the target's prefix."""
        return self.name.removesuffix(GZIP)


class Plan(NamedTuple):
    """A run.

    Attributes:
        source: ``gs://bucket/prefix/``, or ``gs://bucket/``.
        target: likewise, where results are put.
        bundle: its hash: another image than the plan's own scores nothing.
        items: all that there is to score.
    """

    source: str
    target: str
    bundle: str
    options: Options
    items: tuple[Item, ...]

    def shard(self, index: int, count: int) -> Sequence[Item]:
        """What falls to a task: the largest objects are dealt out first, so that all end alike."""
        return sorted(self.items, key=lambda item: (-item.size, item.name))[index::count]

    def mark_of(self, item: Item) -> str:
        """What tells a result of this very object, bundle and form from any other."""
        content = [self.source, *item[:2], self.bundle, self.options]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def to_json(self) -> str:
        """As it stands in the bucket."""
        members = self._asdict() | {"options": self.options._asdict()}
        return json.dumps(members) + "\n"


def parse_plan(text: str | bytes) -> Plan:
    """Read a plan.

    Raises:
        UserError: it is none.
    """
    try:
        raw = json.loads(text)
        options = raw["options"]
        separator, decimal, thousands, encoding, gaps = options["format"]
        include = options["include"]
        raw["options"] = Options(
            None if include is None else tuple(include),
            options["on_error"],
            Format(separator, decimal, thousands, encoding, tuple(gaps)),
        )
        raw["items"] = tuple(Item(*item) for item in raw["items"])
        return Plan(**raw)
    except (ValueError, TypeError, LookupError) as error:
        raise UserError(f"{PLAN}: not a plan of this version ({error})") from None


def split_url(url: str) -> tuple[str, str]:
    """Bucket and name, or prefix, of a ``gs://`` URL.

    Raises:
        UserError: it is none.
    """
    scheme, _, rest = url.partition("gs://")
    bucket, _, name = rest.partition("/")
    if scheme or not bucket:
        raise UserError(f"{url}: expected gs://BUCKET/PREFIX")
    return bucket, name
