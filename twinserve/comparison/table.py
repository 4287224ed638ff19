"""Both targets side by side, a row each thing that one may choose by."""

from collections.abc import Callable

from twinserve.comparison.bills import VOLUMES, bill, dollars
from twinserve.comparison.facts import Facts, Level, Side
from twinserve.config.deployment import Resources
from twinserve.config.params import Params
from twinserve.measure.costs import Sharing
from twinserve.measure.pages.render import Cell, Row, Table
from twinserve.measure.pages.text import interval, megabytes, milliseconds, per_second

VOLUME = "1 million"

# What a bundle's lock may hold of the servers that it starts with, in the order of the call.
SERVERS = ("functions-framework", "fastapi", "starlette", "uvicorn", "uvloop", "httptools")
COLD, WARM, CONCURRENCY = "cold start, median", "warm latency, p50 and p99", "concurrency"
MEMORY, BUNDLE, IMAGE = "memory after load (PSS)", "bundle", "image"
COST = f"{VOLUME} requests, each alone"
PINNED, PROVEN = "pinned", "proven"


def throughput_label(facts: Facts, params: Params) -> str:
    """The label of the throughput's row, with both ends of the range that was measured."""
    first, last = _ends(facts.sides[0], params.deployment.service)
    return f"requests/s over {first.connections} and {last.connections} connections"


def targets_table(facts: Facts, params: Params) -> Table:
    """A row each property, a column each target."""
    service, function = params.deployment.service, params.deployment.function
    resources = {"service": service, "function": function}

    def each(label: str, tell: Callable[[Side, Resources], str]) -> Row:
        cells = tuple(Cell(tell(side, resources[side.name])) for side in facts.sides)
        return Row(label, cells)

    def both(label: str, service_text: str, function_text: str) -> Row:
        return Row(label, (Cell(service_text), Cell(function_text)))

    rows = (
        both(
            "architecture",
            "a container image that is built from the bundle, pushed, and deployed by digest",
            "a source bundle that Google's buildpack makes an image of when it is deployed",
        ),
        each("framework", lambda side, _: _servers(side)),
        both("start", "python -m service", f"functions-framework, entry {function.entry_point}"),
        both(
            "answers at",
            "/predict, /docs, /openapi.json, /model, /health, /metrics",
            "/predict and /",
        ),
        each(COLD, lambda side, _: _estimate_ms(side)),
        each(WARM, _warm),
        each(throughput_label(facts, params), _throughput),
        each(CONCURRENCY, _concurrency),
        each(
            MEMORY, lambda side, given: f"{megabytes(side.memory_bytes)}, of {given.memory} given"
        ),
        each(BUNDLE, lambda side, _: bundle_text(side)),
        each("installed", lambda side, _: _installed(side)),
        each(IMAGE, lambda side, _: _image(side)),
        each("artifact loading", lambda _side, _given: _artifact(facts)),
        both(PINNED, _pinned(facts), _pinned_function(facts, function.base_image)),
        both(PROVEN, *_proven(facts)),
        both("state", *2 * ("none: any instance answers any request, none writes anything",)),
        both(
            "development",
            "make serve; a change needs a new image",
            "make serve; a change needs no image of one's own",
        ),
        each(COST, lambda side, _: _cost(side, params)),
    )
    return Table("Side by side", ("", *(side.name for side in facts.sides)), rows)


def _servers(side: Side) -> str:
    return ", ".join(f"{name} {side.packages[name]}" for name in SERVERS if name in side.packages)


def _estimate_ms(side: Side) -> str:
    return f"{milliseconds(side.cold_ms.value)} ({interval(side.cold_ms)})"


def _warm(side: Side, _given: Resources) -> str:
    return f"{milliseconds(side.warm_p50_ms.value)} and {milliseconds(side.warm_p99_ms.value)}"


def _ends(side: Side, given: Resources) -> tuple[Level, Level]:
    return side.throughput[0], side.at(given.concurrency)


def _throughput(side: Side, given: Resources) -> str:
    levels = _ends(side, given)
    return " and ".join(per_second(level.per_second.value) for level in levels)


def _concurrency(_side: Side, given: Resources) -> str:
    return (
        f"{given.concurrency} requests an instance, one process, {given.cpu} CPU; "
        f"{given.min_instances} to {given.max_instances} instances"
    )


def bundle_text(side: Side) -> str:
    """How large it is."""
    return f"{side.bundle_files} files, {side.bundle_bytes / 1e3:,.0f} kB"


def _installed(side: Side) -> str:
    return f"{len(side.packages)} packages, {megabytes(side.environment_bytes)}"


def _image(side: Side) -> str:
    if side.image_bytes is None:
        return "not built here" if side.name == "service" else "Google's, not measured here"
    return f"{megabytes(side.image_bytes)} above its base"


def _artifact(facts: Facts) -> str:
    return (
        f"{facts.served}, {facts.served_bytes:,} bytes ({facts.runtime}), read once at the start, "
        f"its SHA-256 ({facts.served_sha256[:12]}) checked first"
    )


def short_digest(facts: Facts) -> str:
    """The base image's digest, shortened."""
    return facts.base_image.partition("@")[2][: len("sha256:") + 12]


def _pinned(facts: Facts) -> str:
    name, count = facts.base_image.partition("@")[0], len(facts.sides[0].packages)
    return f"{count} packages by hash, base {name} by digest {short_digest(facts)}, Python with it"


def _pinned_function(facts: Facts, base: str) -> str:
    count = len(facts.sides[1].packages)
    return f"{count} packages by hash; base {base} by name: what Google has of it at a deploy"


def _proven(facts: Facts) -> tuple[str, str]:
    shared = f"bundle {facts.bundle[:12]} file by file before it is built"
    return f"{shared}, and in the image (verify --image)", f"{shared}; what Google builds is not"


def _cost(side: Side, params: Params) -> str:
    month = bill(side, VOLUMES[VOLUME], Sharing.ALONE, params)
    return (
        f"${dollars(month.dollars)} a month, ${dollars(month.list_dollars)} without the free tier"
    )
