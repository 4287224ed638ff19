"""A page as a browser would read it: its elements, and the text of each kind."""

from html.parser import HTMLParser

EMPTY = frozenset({"meta", "link", "input", "line", "path", "rect", "br"})


class ParsedPage(HTMLParser):
    """Elements with their attributes, and the texts by tag; an element left open is refused."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._open[-1] if self._open else "", []).append(data.strip())

    def every(self, *tags: str) -> list[dict[str, str]]:
        """The attributes of each such element."""
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def ids(self) -> list[str]:
        """Every element's id."""
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    @property
    def references(self) -> list[str]:
        """All that a browser would ask for or lead to."""
        return [
            value
            for _, attributes in self.elements
            for name, value in attributes.items()
            if name in {"src", "href", "srcset"} and value
        ]

    @property
    def unnamed(self) -> list[dict[str, str]]:
        """Pictures that say nothing to who does not see them."""
        return [
            svg
            for svg in self.every("svg")
            if svg.get("role") != "img" or not svg.get("aria-label")
        ]
