"""A renewal's report as Markdown: the text of its commit's pull request, and a page to read.

Names, versions and lines of logs come from outside: each stands in a code span.
"""

from collections.abc import Iterable

from twinserve.measure.pages.text import EN_DASH, number, ratio
from twinserve.measure.statistics import Estimate
from twinserve.renewal.held import Held
from twinserve.renewal.report import Answers, Effect, Figure, Report
from twinserve.renewal.rows.drift import Drift
from twinserve.renewal.rows.duel import Duel
from twinserve.review.render import GATE, code, model_line, section

MOST_ROOMS = 4
MOST_FEATURES = 12


def markdown(report: Report) -> str:
    """The whole page."""
    parts = [
        f"### {report.subject}",
        f"Renews {code(report.base[:12])}. {_passed(report)}",
        *report.notes,
        _versions(report) if report.changes else "",
        _duels(report.duels),
        _drift(report.drift),
        _held(report.held),
        *_effect(report.effect),
        _slower(report.slower),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _passed(report: Report) -> str:
    checks = ", ".join(f"{check.check} ({check.seconds:.0f} s)" for check in report.passed)
    tries = "" if report.fits <= 1 else f", after {report.fits} fits"
    return f"Passed here{tries}: {checks}."


def _versions(report: Report) -> str:
    rows = (
        (
            code(change.name),
            *map(_value, (change.old, change.new)),
            _rooms(change.rooms),
        )
        for change in report.changes
    )
    return section("Versions", ("package", "old", "new", "rooms"), rows)


def _rooms(rooms: tuple[str, ...]) -> str:
    more = len(rooms) - MOST_ROOMS
    named = ", ".join(map(code, rooms[:MOST_ROOMS]))
    return f"{named} and {more} more" if more > 0 else named


def _duels(duels: Iterable[Duel]) -> str:
    rows = [
        (
            code(duel.group),
            f"{duel.rows:,}",
            number(duel.champion),
            number(duel.challenger),
            "too few rows" if duel.difference is None else _signed(duel.difference),
            EN_DASH if duel.outcome is None else GATE[duel.outcome],
        )
        for duel in duels
    ]
    if not rows:
        return ""
    (loss,) = {duel.loss for duel in duels}
    title = f"Old model and new on rows that neither was trained on, mean loss ({loss})"
    columns = ("", "rows", "old", "new", "new - old (95%)", "gate")
    return section(title, columns, rows)


def _drift(drift: Iterable[Drift]) -> str:
    rows = [
        (code(feature.feature), f"{feature.before:.3f}", f"{feature.after:.3f}")
        for feature in list(drift)[:MOST_FEATURES]
    ]
    title = "Drift of the rows that are new, as population stability index"
    columns = ("feature", "from the old table", "from the new")
    return section(title, columns, rows) if rows else ""


def _signed(difference: Estimate) -> str:
    return f"{difference.value:+.4g} ({difference.low:+.4g} to {difference.high:+.4g})"


def _held(held: Iterable[Held]) -> str:
    rows = [
        (code(hold.package), code(hold.version), hold.since, hold.check, code(hold.line))
        for hold in held
    ]
    return (
        section("Held back", ("package", "version", "since", "check", "why"), rows) if rows else ""
    )


def _effect(effect: Effect) -> list[str]:
    old, new = (size / 1e6 for size in effect.bundle_bytes)
    sizes = [("both bundles", f"{old:.3f}", f"{new:.3f}", f"{new - old:+.3f}")]
    metrics = (
        (code(metric.name), *map(_value, (metric.base, metric.head))) for metric in effect.metrics
    )
    return [
        model_line(effect.model),
        _answers(effect.answers),
        section("Metrics", ("metric", "old", "new"), metrics),
        section(
            "Figures, both taken in turns",
            ("", "unit", "old", "new", "worse by (95%)", "gate"),
            map(_figure, effect.figures),
        ),
        section("Size, MB", ("", "old", "new", "change"), sizes),
    ]


def _value(text: str | None) -> str:
    return EN_DASH if text is None else code(text)


def _answers(answers: Answers) -> str:
    where = f"all {answers.of:,} rows of the table"
    if answers.rows < answers.of:
        where = f"{answers.rows:,} of the table's {answers.of:,} rows, evenly spaced"
    if not answers.differing:
        return f"**Predictions**: the same on {where}."
    return (
        f"**Predictions**: {answers.differing:,} differ, on {where}. The first, as request, old "
        f"answer and new one: {code(answers.first or '')}."
    )


def _figure(figure: Figure) -> tuple[str, ...]:
    worse = (
        EN_DASH
        if figure.ratio is None
        else f"{ratio(figure.ratio.value)} ({figure.ratio.low:.2f}{EN_DASH}{figure.ratio.high:.2f})"
    )
    return (
        f"{figure.target}: {figure.name}",
        figure.unit,
        number(figure.old),
        number(figure.new),
        worse,
        GATE[figure.outcome],
    )


def _slower(slower: tuple[str, ...]) -> str:
    if not slower:
        return ""
    return f"**Worse than allowed**, by the whole 95% interval: {', '.join(slower)}."
