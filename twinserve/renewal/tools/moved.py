"""What a renewal has changed, for its report."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moved:
    """Something that is another one now."""

    name: str
    old: str
    new: str

    @property
    def line(self) -> str:
        """In words; a digest by its beginning."""
        short = [text[:19] if text.startswith("sha256:") else text for text in (self.old, self.new)]
        return f"{self.name}: {short[0]} -> {short[1]}"


def moved(name: str, old: object, new: object) -> list[Moved]:
    """The change of a fact, if it has changed."""
    return [] if old == new else [Moved(name, str(old), str(new))]
