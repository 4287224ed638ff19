"""A real Chromium on a served page, with what it tells its console and asks the network for.

Its driver is in no environment of the project's own: ``chromium`` makes one that holds it.
"""

import site
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.tools import require
from tests.tree import ROOT
from twinserve.targets.environment import ensure_environment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, LocatorAssertions, Page, ViewportSize

LOCK = ROOT / "locks/browser.txt"
MOST_MS = 60_000
WIDE: "ViewportSize" = {"width": 1280, "height": 900}
NARROW: "ViewportSize" = {"width": 360, "height": 740}
DROP = """([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name, { type: "text/csv" }));
    const target = document.querySelector("#drop");
    for (const kind of ["dragover", "drop"]) {
        target.dispatchEvent(new DragEvent(kind, {
            dataTransfer: transfer, bubbles: true, cancelable: true,
        }));
    }
}"""


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Debian's, without a download."""
    program = require("chromium")
    base = ensure_environment(LOCK).parents[1]
    site.addsitedir(sysconfig.get_path("purelib", "venv", {"base": str(base)}))
    from playwright.sync_api import expect as expecting
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        # A machine may be busy; this is for a page that hangs.
        expecting.set_options(timeout=MOST_MS)
        yield browser
        browser.close()


def expect(locator: "Locator") -> "LocatorAssertions":
    """What is asserted of a part of the page, once it has come."""
    from playwright.sync_api import expect as expecting

    return expecting(locator)


@dataclass
class Visit:
    """An open page.

    Attributes:
        errors: what its console has been told of errors, and what its scripts have raised.
        asked: addresses that it has asked for.
    """

    page: "Page"
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def field(self, name: str) -> "Field":
        """A column's field, found by its label as a reader of screens finds it."""
        return Field(self.page, name)

    def drop(self, name: str, text: str) -> None:
        """Drop a file where the page asks for one."""
        self.page.evaluate(DROP, [name, text])

    def saved(self) -> str:
        """What the file of predictions holds, once it is offered."""
        with self.page.expect_download() as download:
            self.page.locator("#batch a[download]").click()
        return Path(download.value.path()).read_text(encoding="utf-8")

    def findings(self) -> Sequence[str]:
        """What axe-core objects to, by its rules."""
        from axe_playwright_python.sync_playwright import Axe

        return [violation["id"] for violation in Axe().run(self.page).response["violations"]]

    def overflows(self) -> bool:
        """Whether it has to be scrolled sideways."""
        wide: bool = self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return wide


@dataclass(frozen=True)
class Field:
    """A field of the form."""

    page: "Page"
    name: str

    def fill(self, text: str) -> None:
        """Type into it, or choose."""
        control = self.page.get_by_label(self.name)
        if control.evaluate("control => control.tagName") == "SELECT":
            control.select_option(label=text)
        else:
            control.fill(text)

    @property
    def wrong(self) -> str:
        """What stands beside it as wrong."""
        control = self.page.get_by_label(self.name)
        described = (control.get_attribute("aria-describedby") or "").split()[-1]
        text: str = self.page.locator(f"#{described}").inner_text()
        return text


@contextmanager
def visit(
    browser: "Browser", url: str, viewport: "ViewportSize" = WIDE, *, dark: bool = False
) -> Iterator[Visit]:
    """Open the page; at the end it must have told no error and asked no other host."""
    context = browser.new_context(viewport=viewport, color_scheme="dark" if dark else "light")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(MOST_MS)
    opened = Visit(context.new_page())
    opened.page.on(
        "console",
        lambda message: opened.errors.append(message.text) if message.type == "error" else None,
    )
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.goto(url)
    yield opened
    context.close()
    assert opened.errors == []
    assert [
        request for request in opened.asked if not request.startswith((url, "data:", "blob:"))
    ] == []
