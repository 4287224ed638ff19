"""A report as Markdown. Nothing in it is trusted to be harmless: all text stands in code spans."""

from collections.abc import Iterable, Sequence

from twinserve.measure.pages.text import EN_DASH, TIMES, number, ratio
from twinserve.measure.statistics import Outcome
from twinserve.review.report import (
    Benchmark,
    ImportChange,
    Imports,
    Latency,
    Ratio,
    Report,
    Sizes,
    ValueChange,
)

MARKER = "<!-- twinserve: pull request report -->"
# A benchmark is called slower or faster only if its whole interval says so by this much.
NOTABLE = 0.05
NONE = EN_DASH
MOST_IMPORTS = 12
MOST_NAMED = 20
# What GitHub takes as a comment, in characters; counted here in bytes, of which there are no fewer.
LONGEST = 65_536
KEPT = {
    Outcome.KEPT: "kept",
    Outcome.WARNING: "perhaps over",
    Outcome.BROKEN: "**broken**",
}
GATE = {Outcome.KEPT: "passes", Outcome.WARNING: "warns", Outcome.BROKEN: "fails"}


def render(report: Report, run_url: str, commit: str) -> str:
    """The comment's text, marker first."""
    sections = [
        _gate(report),
        _section("Metrics", ("metric", "main", "here"), map(_change, report.metrics)),
        _section("Parameters", ("parameter", "main", "here"), map(_change, report.params)),
        _section(
            "Latency, ms",
            ("", "main", "here", "here / main (95%)", "gate"),
            map(_latency, report.latency),
        ),
        _benchmarks(report.benchmarks),
        _all_imports(report.imports),
        _section("Size, MB", ("", "main", "here", "change"), _sizes(report)),
    ]
    head = f"### What this changes against main\n\nAt {_code(commit[:12])}, [this run]({run_url})."
    return _fitted([MARKER, head, *sections])


def _fitted(sections: Sequence[str]) -> str:
    """The sections as one text; the longest lose their last rows where all would be too long."""
    most, kept = LONGEST, sections
    while (text := "\n\n".join(kept) + "\n") and len(text.encode()) > LONGEST:
        most = most * 9 // 10
        kept = [_cut(section, most) for section in sections]
    return text


def _cut(section: str, most: int) -> str:
    """Its first lines, of at most so many bytes: a line is whole, and with it each code span."""
    lines = section.splitlines()
    size = 0
    for count, line in enumerate(lines):
        size += len(line.encode()) + 1
        if size > most:
            left_out = (
                f"*{len(lines) - count:,} more lines: too long for a comment; the run has all.*"
            )
            return "\n".join([*lines[:count], "", left_out])
    return section


def _section(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return f"**{title}**: no difference."
    rule = "|".join(["---", *["---:"] * (len(columns) - 1)])
    return "\n".join([f"**{title}**", "", f"| {' | '.join(columns)} |", f"|{rule}|", *lines])


def _gate(report: Report) -> str:
    """What the check makes of the figures below."""
    allowed = f"{report.allowed_ratio:.2f}{TIMES}"
    if report.broken:
        names = _named(list(map(_code, report.broken)))
        return (
            f"**Slower than allowed**, by the whole 95% interval ({allowed} or a budget): {names}."
        )
    warned = [f"{one.target}: {one.figure}" for one in report.latency if _warns(one.outcome)]
    warned += [one.name for one in report.benchmarks if _warns(one.outcome)]
    warned += [f"imports of the {one.target}" for one in report.imports if _warns(one.outcome)]
    if warned:
        return f"Perhaps slower than {allowed} or a budget: {_named(list(map(_code, warned)))}."
    return f"**Speed**: nothing is slower than {allowed}, nor over a budget."


def _named(items: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(items) - MOST_NAMED
    return ", ".join(items[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _warns(outcome: Outcome) -> bool:
    return outcome is Outcome.WARNING


def _latency(one: Latency) -> tuple[str, ...]:
    return (
        f"{one.target}: {one.figure}",
        number(one.base_ms),
        number(one.head_ms),
        NONE if one.ratio is None else _interval(one.ratio),
        GATE[one.outcome],
    )


def _benchmarks(benchmarks: Sequence[Benchmark]) -> str:
    rows = [(_benchmark(one), _verdict(one)) for one in benchmarks]
    notable = [verdict for _, verdict in rows if verdict]
    said = _named(notable) if notable else "none faster or slower beyond noise"
    table = _section(
        "Micro-benchmarks, µs", ("", "main", "here", "here / main (95%)"), [row for row, _ in rows]
    )
    return f"{table}\n\n{said}." if rows else table


def _change(change: ValueChange) -> tuple[str, ...]:
    return (_code(change.name), *(_value(text) for text in (change.base, change.head)))


def _benchmark(one: Benchmark) -> tuple[str, ...]:
    return (_code(one.name), number(one.base_us), number(one.head_us), _interval(one.ratio))


def _verdict(one: Benchmark) -> str:
    if one.ratio.low > 1 + NOTABLE:
        return f"{_code(one.name)} is slower"
    if one.ratio.high < 1 - NOTABLE:
        return f"{_code(one.name)} is faster"
    return ""


def _all_imports(imports: Sequence[Imports]) -> str:
    """Both targets' totals, then each target's modules that came, went or take another time."""
    total = _section(
        "Imports before the first prediction",
        ("target", "modules, main", "here", "ms, main", "here", "here / main (95%)", "budget"),
        map(_imports, imports),
    )
    pace = ["Times here are at main's pace: what slows every module alike is divided out."]
    changes = [_import_changes(one) for one in imports if one.changes]
    return "\n\n".join([total, *(pace if imports else []), *changes])


def _imports(one: Imports) -> tuple[str, ...]:
    return (
        one.target,
        f"{one.base_modules:,}",
        f"{one.head_modules:,}",
        number(one.base_ms),
        number(one.head_ms),
        _interval(one.ratio),
        f"{one.budget:.2f}{TIMES} {KEPT[one.outcome]}",
    )


def _import_changes(one: Imports) -> str:
    shown = one.changes[:MOST_IMPORTS]
    table = _section(
        f"Modules of the {one.target} that came, went or take another time, ms",
        ("", "main", "here", "here / main (95%)", "with all it brings", "asked for by"),
        map(_import_change, shown),
    )
    more = len(one.changes) - len(shown)
    return f"{table}\n\nand {more} more." if more else table


def _import_change(one: ImportChange) -> tuple[str, ...]:
    return (
        f"{_code(one.name)}{' is new' if one.base_ms is None else ''}",
        NONE if one.base_ms is None else number(one.base_ms),
        NONE if one.head_ms is None else number(one.head_ms),
        NONE if one.ratio is None else _interval(one.ratio),
        f"{one.weight_ms:+.2f}",
        _value(one.importer),
    )


def _interval(found: Ratio) -> str:
    return f"{ratio(found.value)} ({found.low:.2f}{EN_DASH}{found.high:.2f})"


def _sizes(report: Report) -> list[tuple[str, ...]]:
    rows = [_size("both bundles", report.bundle_bytes)]
    if report.image_bytes is not None:
        rows.insert(0, _size("image", report.image_bytes))
    return rows


def _size(label: str, sizes: Sizes) -> tuple[str, ...]:
    change = (sizes.head - sizes.base) / 1e6
    return (label, f"{sizes.base / 1e6:.2f}", f"{sizes.head / 1e6:.2f}", f"{change:+.2f}")


def _value(text: str | None) -> str:
    return NONE if text is None else _code(text)


def _code(text: str) -> str:
    """A code span of a table: in it nothing is a link, an image, HTML or a mention."""
    plain = "".join(one if one.isprintable() else " " for one in text)
    for harmful, harmless in (("`", "'"), ("\\", "/"), ("|", "!")):
        plain = plain.replace(harmful, harmless)
    return f"`{plain or ' '}`"
