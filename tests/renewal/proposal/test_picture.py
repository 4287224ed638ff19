"""The pull request as it is read: its text by the rules of GitHub's Markdown, in a browser."""

import html
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.page.browser import chromium
from tests.renewal.proposal.hub import REPORT, Hub
from tests.tree import ROOT
from twinserve.measure.statistics import Estimate, Outcome
from twinserve.renewal.fit import Passed
from twinserve.renewal.page import markdown
from twinserve.renewal.report import Figure, Report
from twinserve.renewal.rows.drift import Drift
from twinserve.renewal.rows.duel import ALL, NEW, Duel
from twinserve.review.report import ValueChange

# Made to be looked at.
PICTURE = ROOT / "reports/renewal/pull-request.png"
HOSTILE = "</td><img src=x onerror=alert(1)> @everyone [a](https://example.com) | b"
STYLE = """
body { margin: 0; padding: 24px; background: #fff; color: #1f2328;
  font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; }
article { max-width: 920px; border: 1px solid #d1d9e0; border-radius: 6px; padding: 8px 16px; }
table { border-collapse: collapse; margin-bottom: 16px; }
th, td { border: 1px solid #d1d9e0; padding: 5px 12px; }
tr:nth-child(2n) { background: #f6f8fa; }
code { background: #eff1f3; border-radius: 6px; padding: 2px 5px; font-size: 85%; }
"""


def full() -> Report:
    """A report with a part of each kind; what came from outside tries to be more than text."""
    worse = Estimate(1.02, 0.97, 1.07)
    figures = tuple(
        Figure(target, name, unit, 71.6, 72.9, worse, Outcome.KEPT)
        for target in ("service", "function")
        for name, unit in (("cold start, p50", "ms"), ("requests", "/s"), ("memory", "MB"))
    )
    duels = (
        Duel(ALL, "wrong", 48, 0.0625, 0.0417, Estimate(-0.0208, -0.0833, 0.0417), Outcome.WARNING),
        Duel(NEW, "wrong", 31, 0.0968, 0.0645, Estimate(-0.0323, -0.129, 0.0645), None),
    )
    return replace(
        REPORT,
        held=(replace(REPORT.held[0], line=HOSTILE),),
        passed=(Passed("environment", 41.2), Passed("pipeline", 12.9), Passed("lint", 33.0)),
        fits=4,
        effect=replace(
            REPORT.effect,
            metrics=(ValueChange(name="accuracy", base="0.933333", head="0.966667"),),
            figures=figures,
        ),
        notes=("- `gcloud 528.0.0 -> 529.0.0`",),
        duels=duels,
        drift=(Drift("petal_width", 0.412, 0.087), Drift("petal_length", 0.206, 0.051)),
    )


def shown(text: str) -> str:
    """As HTML, by the rules that GitHub's Markdown is built on, which let HTML through."""
    page: str = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    return page


def test_all_of_a_report_is_tables_and_words() -> None:
    """No table is broken by what stands in it, and nothing of it becomes HTML, link or picture."""
    page = shown(markdown(full()))
    assert page.count("<table>") == 7
    assert "|" not in page
    for mark in ("<img", "<a ", "<script"):
        assert mark not in page
    assert f"<code>{html.escape(HOSTILE.replace('|', '!'))}</code>" in page


@pytest.mark.nightly
def test_pull_request_is_seen_as_it_is_meant(hub: Hub) -> None:
    """In a browser: each table whole, nothing live but our own links; a picture to look at."""
    hub.renew()
    hub.leave_report(full())
    hub.open()
    (made,) = hub.read()["pulls"]
    title = f"<h1>{html.escape(made['title'])} <small>#{made['number']}</small></h1>"
    page = f"<style>{STYLE}</style>{title}<article>{shown(made['body'])}</article>"
    asked: list[str] = []
    with chromium() as browser:
        view = browser.new_page(viewport={"width": 1000, "height": 900})
        view.on("request", lambda request: asked.append(request.url))
        view.set_content(page)
        assert view.locator("table").count() == 7
        assert view.locator("article img, article script").count() == 0
        widths = view.locator("table").evaluate_all("tables => tables.map(t => t.scrollWidth)")
        assert max(widths) <= view.evaluate("document.querySelector('article').clientWidth")
        links = view.locator("article a").evaluate_all("links => links.map(a => a.href)")
        assert all(link.startswith("https://docs.github.com/") for link in links)
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        view.screenshot(path=PICTURE, full_page=True)
    assert asked == []
    assert Path(PICTURE).stat().st_size > 10_000
