"""Names of documents: a name that is taken leads to the next, never to the loss of a document."""

from collections.abc import Iterator
from itertools import count


def attempts(name: str) -> Iterator[str]:
    """File names to try, in this order."""
    yield f"{name}.json"
    yield from (f"{name}-{number}.json" for number in count(2))
