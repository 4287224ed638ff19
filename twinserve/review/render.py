"""A report as Markdown. Nothing in it is trusted to be harmless: all text stands in code spans."""

from collections.abc import Iterable, Sequence

from twinserve.measure.pages.text import EN_DASH, TIMES, number, ratio
from twinserve.measure.statistics import Outcome
from twinserve.review.report import (
    Benchmark,
    ImportChange,
    Imports,
    Latency,
    ModelChange,
    Ratio,
    Report,
    Reproduction,
    Sizes,
    ValueChange,
)

MARKER = "<!-- twinserve: pull request report -->"
# A benchmark is called slower or faster only if its whole interval says so by this much.
NOTABLE = 0.05
NONE = EN_DASH
# Of `training.reproduce`.
NIGHT = "nightly"
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


def render(report: Report, run_url: str, commit: str, night: str | None = None) -> str:
    """The comment's text, marker first; ``night`` is when a night last reproduced the model."""
    sections = [
        _gate(report),
        model_line(report.model),
        *([] if report.reproduction is None else [reproduction_line(report.reproduction, night)]),
        section("Metrics", ("metric", "main", "here"), map(_change, report.metrics)),
        section("Parameters", ("parameter", "main", "here"), map(_change, report.params)),
        section(
            "Latency, ms",
            ("", "main", "here", "here / main (95%)", "gate"),
            map(_latency, report.latency),
        ),
        _benchmarks(report.benchmarks),
        _all_imports(report.imports),
        section("Size, MB", ("", "main", "here", "change"), _sizes(report)),
    ]
    head = f"### What this changes against main\n\nAt {code(commit[:12])}, [this run]({run_url})."
    return fitted([MARKER, head, *sections])


def model_line(model: ModelChange) -> str:
    """Whether the model is another one, and whether its version says so."""
    if model.base_version is None:
        return "**Model**: main has none to compare with."
    if not model.artifacts:
        return f"**Model**: {code(model.head_version)}, the same bytes."
    named = ", ".join(map(code, model.artifacts))
    if model.unnamed:
        return (
            f"**The model has changed under an unchanged version**, {code(model.head_version)}: "
            f"{named}. Raise `model.version` if callers are to tell the two apart."
        )
    return f"**Model**: {code(model.base_version)} → {code(model.head_version)}: {named}."


def reproduction_line(reproduction: Reproduction, night: str | None) -> str:
    """What has made the model anew and compared every byte, and when it last did."""
    if reproduction.by != NIGHT:
        return "**Reproduced** by this run, byte for byte."
    taken = "**Reproduced by night**: this run has taken the model by its hash, and proven it"
    if night is None:
        return f"{taken}; no night has attested it yet."
    return f"{taken}; a night last reproduced it at {code(night)}."


def render_unchecked(why: str, run_url: str, commit: str) -> str:
    """The comment on a pull request whose table this run could not read; the marker first."""
    short = code(commit[:12])
    about = (
        f"[This run]({run_url}) of {short} has a fork's rights, and so no login. Hashes were "
        "compared, and the engine was tested. Whoever maintains this repository reads the change, "
        f"and then starts the full check by hand: Actions, *Full check*, commit {code(commit)}."
    )
    return f"{MARKER}\n\n**The model was not checked**: {code(' '.join(why.split()))}.\n\n{about}\n"


def fitted(sections: Sequence[str]) -> str:
    """The sections as one text; the longest lose their last rows where all would be too long."""
    most, kept = LONGEST, sections
    while (text := "\n\n".join(kept) + "\n") and len(text.encode()) > LONGEST:
        most = most * 9 // 10
        kept = [_cut(part, most) for part in sections]
    return text


def _cut(part: str, most: int) -> str:
    """The part's first lines, of at most so many bytes: each line and each code span is whole."""
    lines = part.splitlines()
    size = 0
    for count, line in enumerate(lines):
        size += len(line.encode()) + 1
        if size > most:
            left_out = (
                f"*{len(lines) - count:,} more lines: too long for a comment; the run has all.*"
            )
            return "\n".join([*lines[:count], "", left_out])
    return part


def section(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table below its title; without rows, a line that says so."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return f"**{title}**: no difference."
    rule = "|".join(["---", *["---:"] * (len(columns) - 1)])
    return "\n".join([f"**{title}**", "", f"| {' | '.join(columns)} |", f"|{rule}|", *lines])


def _gate(report: Report) -> str:
    """The check's verdict on the figures below."""
    allowed = f"{report.allowed_ratio:.2f}{TIMES}"
    if report.broken:
        names = _named(list(map(code, report.broken)))
        return (
            f"**Slower than allowed**, by the whole 95% interval ({allowed} or a budget): {names}."
        )
    warned = [
        f"{figure.target}: {figure.figure}" for figure in report.latency if _warns(figure.outcome)
    ]
    warned += [figure.name for figure in report.benchmarks if _warns(figure.outcome)]
    warned += [
        f"imports of the {figure.target}" for figure in report.imports if _warns(figure.outcome)
    ]
    if warned:
        return f"Perhaps slower than {allowed} or a budget: {_named(list(map(code, warned)))}."
    return f"**Speed**: nothing is slower than {allowed}, nor over a budget."


def _named(items: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(items) - MOST_NAMED
    return ", ".join(items[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _warns(outcome: Outcome) -> bool:
    return outcome is Outcome.WARNING


def _latency(latency: Latency) -> tuple[str, ...]:
    return (
        f"{latency.target}: {latency.figure}",
        number(latency.base_ms),
        number(latency.head_ms),
        NONE if latency.ratio is None else interval(latency.ratio),
        GATE[latency.outcome],
    )


def _benchmarks(benchmarks: Sequence[Benchmark]) -> str:
    rows = [(_benchmark(benchmark), _verdict(benchmark)) for benchmark in benchmarks]
    notable = [verdict for _, verdict in rows if verdict]
    said = _named(notable) if notable else "none faster or slower beyond noise"
    table = section(
        "Micro-benchmarks, µs", ("", "main", "here", "here / main (95%)"), [row for row, _ in rows]
    )
    return f"{table}\n\n{said}." if rows else table


def _change(change: ValueChange) -> tuple[str, ...]:
    return (code(change.name), *(_value(text) for text in (change.base, change.head)))


def _benchmark(benchmark: Benchmark) -> tuple[str, ...]:
    return (
        code(benchmark.name),
        number(benchmark.base_us),
        number(benchmark.head_us),
        interval(benchmark.ratio),
    )


def _verdict(benchmark: Benchmark) -> str:
    if benchmark.ratio.low > 1 + NOTABLE:
        return f"{code(benchmark.name)} is slower"
    if benchmark.ratio.high < 1 - NOTABLE:
        return f"{code(benchmark.name)} is faster"
    return ""


def _all_imports(imports: Sequence[Imports]) -> str:
    """Both targets' totals, then each target's modules that came, went or take another time."""
    total = section(
        "Imports before the first prediction",
        ("target", "modules, main", "here", "ms, main", "here", "here / main (95%)", "budget"),
        map(_imports, imports),
    )
    pace = ["Times here are at main's pace: what slows every module alike is divided out."]
    changes = [_import_changes(grown) for grown in imports if grown.changes]
    return "\n\n".join([total, *(pace if imports else []), *changes])


def _imports(imports: Imports) -> tuple[str, ...]:
    return (
        imports.target,
        f"{imports.base_modules:,}",
        f"{imports.head_modules:,}",
        number(imports.base_ms),
        number(imports.head_ms),
        interval(imports.ratio),
        f"{imports.budget:.2f}{TIMES} {KEPT[imports.outcome]}",
    )


def _import_changes(imports: Imports) -> str:
    shown = imports.changes[:MOST_IMPORTS]
    table = section(
        f"Modules of the {imports.target} that came, went or take another time, ms",
        ("", "main", "here", "here / main (95%)", "with all it brings", "asked for by"),
        map(_import_change, shown),
    )
    more = len(imports.changes) - len(shown)
    return f"{table}\n\nand {more} more." if more else table


def _import_change(change: ImportChange) -> tuple[str, ...]:
    return (
        f"{code(change.name)}{' is new' if change.base_ms is None else ''}",
        NONE if change.base_ms is None else number(change.base_ms),
        NONE if change.head_ms is None else number(change.head_ms),
        NONE if change.ratio is None else interval(change.ratio),
        f"{change.weight_ms:+.2f}",
        _value(change.importer),
    )


def interval(measured: Ratio) -> str:
    """A ratio with its interval."""
    return f"{ratio(measured.value)} ({measured.low:.2f}{EN_DASH}{measured.high:.2f})"


def _sizes(report: Report) -> list[tuple[str, ...]]:
    rows = [_size("both bundles", report.bundle_bytes)]
    if report.image_bytes is not None:
        rows.insert(0, _size("image", report.image_bytes))
    return rows


def _size(label: str, sizes: Sizes) -> tuple[str, ...]:
    change = (sizes.head - sizes.base) / 1e6
    return (label, f"{sizes.base / 1e6:.2f}", f"{sizes.head / 1e6:.2f}", f"{change:+.2f}")


def _value(text: str | None) -> str:
    return NONE if text is None else code(text)


def code(text: str) -> str:
    """A code span of a table: in it nothing is a link, an image, HTML or a mention."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    for harmful, harmless in (("`", "'"), ("\\", "/"), ("|", "!")):
        plain = plain.replace(harmful, harmless)
    return f"`{plain or ' '}`"
