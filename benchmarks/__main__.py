"""The commands: ``python -m benchmarks compare``, ``large``, ``micro`` and others."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.imports import STARTS
from benchmarks.large.grid import DEPTHS, TREES, Cell, run_grid
from benchmarks.suite import SUITE
from benchmarks.variants import DESCRIPTIONS
from config.errors import UserError, run_as_command
from config.params import load_params

REPORTS = Path("reports")
DIST = Path("dist")
ROUNDS = 7
# Of noise, enough to draw many different comparisons from.
NOISE_ROUNDS, NOISE_SUITES = 120, 40
COMPARISONS = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and do what it says; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the targets."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    comparing = commands.add_parser("compare", help="both targets beside floor, ceiling and peers")
    comparing.add_argument("--rounds", type=_at_least_one, default=ROUNDS, help="default: 7")
    comparing.add_argument(
        "--only",
        nargs="+",
        choices=tuple(DESCRIPTIONS),
        metavar="VARIANT",
        help=f"of: {', '.join(DESCRIPTIONS)}; default: all that the model can have",
    )
    growing = commands.add_parser("large", help="large forests under each runtime")
    growing.add_argument("--trees", type=_at_least_one, nargs="+", default=TREES)
    growing.add_argument("--depths", type=_at_least_one, nargs="+", default=DEPTHS)
    proving = commands.add_parser("monitoring", help="what monitoring costs: with and without it")
    proving.add_argument("--cold-rounds", type=_at_least_one, default=300, help="default: 300")
    proving.add_argument("--rounds", type=_at_least_one, default=20, help="default: 20")
    proving.add_argument("--only", nargs="+", choices=("service", "function"), metavar="TARGET")
    for one in (comparing, growing, proving):
        one.add_argument("--publish", action="store_true", help="into README.md and docs/ too")
    importing = commands.add_parser("imports", help="what each target imports, and for how long")
    importing.add_argument("--starts", type=_at_least_one, default=STARTS, help="default: 7")
    importing.add_argument("--base", type=Path, metavar="DIR", help="a tree to compare with")
    commands.add_parser("micro", help="pytest-benchmark over the parts of a prediction")
    recording = commands.add_parser("noise", help="what this machine's clock shows of no change")
    recording.add_argument("--rounds", type=_at_least_one, default=NOISE_ROUNDS)
    recording.add_argument("--suites", type=_at_least_one, default=NOISE_SUITES)
    telling = commands.add_parser("power", help="what a comparison notices, simulated on noise")
    telling.add_argument("--publish", action="store_true", help="into docs/measuring.md too")
    commands.add_parser("schema", help="JSON Schema of the measurements that are kept")
    options = parser.parse_args(arguments)
    if options.command == "micro":
        return subprocess.run([sys.executable, "-m", "pytest", SUITE], check=False).returncode
    if options.command == "monitoring":
        return _prove(options.only, options.cold_rounds, options.rounds, publish=options.publish)
    if options.command == "imports":
        _import(options.starts, options.base)
    elif options.command == "noise":
        _record(options.rounds, options.suites)
    elif options.command == "power":
        _simulate(publish=options.publish)
    elif options.command == "schema":
        _write_schema()
    elif options.command == "large":
        _grow(options.trees, options.depths, publish=options.publish)
    else:
        _compare(options.rounds, tuple(dict.fromkeys(options.only or ())), publish=options.publish)
    return 0


def _compare(rounds: int, names: tuple[str, ...], *, publish: bool) -> None:
    from rich.console import Console

    from benchmarks.compare import Reading, compare
    from benchmarks.comparison import publish_comparison, terminal_tables, write_comparison
    from benchmarks.text import megabytes, milliseconds, per_second
    from benchmarks.variants import bundled_card, default_names, prepare

    console = Console(highlight=False)
    card = bundled_card()
    if not card.golden:
        raise UserError("the model card names no golden case to ask for")
    names = names or default_names(card)
    console.print(f"making {len(names)} variants ready: {', '.join(names)}")
    targets = prepare(names, card)

    def show(name: str, reading: Reading) -> None:
        console.print(
            f"round {reading.round + 1}/{rounds}  {name:<15}"
            f"{milliseconds(reading.cold_ms):>10}{per_second(reading.per_second):>12}"
            f"{megabytes(reading.memory_bytes):>12}"
        )

    body = json.dumps({"features": card.golden[0].features}).encode()
    model = (card.name, card.version)
    comparison = compare(targets, body, rounds=rounds, model=model, on_reading=show)
    page = write_comparison(comparison, REPORTS)
    for table in terminal_tables(comparison):
        console.print(table)
    console.print(f"written: {page} (and .md, .json beside it)")
    if publish:
        publish_comparison(comparison)


def _import(starts: int, base: Path | None) -> None:
    from rich.console import Console

    from benchmarks.import_table import show_imports

    budget = load_params().measurement.budgets.imports_ratio
    show_imports(Console(highlight=False), REPORTS, starts=starts, base=base, budget=budget)


def _grow(trees: Sequence[int], depths: Sequence[int], *, publish: bool) -> None:
    from benchmarks.large import page
    from benchmarks.publish import PERFORMANCE, publish_picture
    from benchmarks.publish import publish as put

    def show(cell: Cell) -> None:
        figures = (
            cell.fault or f"{cell.single_us:,.1f} µs a row, {cell.batch_ms:,.1f} ms a thousand"
        )
        print(f"{cell.trees} x {cell.depth}  {cell.runtime:<9} {figures}", flush=True)

    grid = run_grid(trees, depths, load_params().serving.compile.max_source_mb, show)
    print(f"written: {page.write_grid(grid, REPORTS)} (and .json beside it)")
    if publish:
        path = publish_picture("large", page.picture(grid))
        shown = f"![One row alone, each runtime]({Path(path).name})\n\n{page.markdown(grid)}"
        put(PERFORMANCE, "large", shown)


def _prove(names: list[str] | None, cold_rounds: int, rounds: int, *, publish: bool) -> int:
    """What monitoring costs each target; exit code 1 if it costs more than it may."""
    from benchmarks import monitoring
    from benchmarks.publish import PERFORMANCE
    from benchmarks.publish import publish as put

    proof = monitoring.prove(names or ("service", "function"), cold_rounds, rounds, print)
    print(f"written: {monitoring.write_proof(proof, REPORTS)}")
    if publish:
        put(PERFORMANCE, "monitoring", monitoring.markdown(proof))
    return 0 if all(cost.proven for cost in proof.costs) else 1


def _record(rounds: int, suites: int) -> None:
    from benchmarks.noise import RECORDED, record_noise, write_noise
    from benchmarks.side_by_side import Side
    from benchmarks.variants import bundled_card
    from targets.local import local_function, local_service

    wanted = load_params().measurement
    comparison = wanted.comparison.model_copy(update={"rounds": rounds})
    body = json.dumps({"features": bundled_card().golden[0].features}).encode()
    targets = (local_service(DIST / "service"), local_function(DIST / "function"))
    sides = [Side(target, body) for target in targets]
    noise = record_noise(
        sides, wanted.model_copy(update={"comparison": comparison}), suites, _print_at_once
    )
    write_noise(noise, RECORDED)
    print(f"written: {RECORDED}")


def _simulate(*, publish: bool) -> None:
    from benchmarks.noise import read_noise
    from benchmarks.power import power_of, power_table, sizes_of
    from benchmarks.publish import MEASURING, as_markdown
    from benchmarks.publish import publish as put

    sizes = sizes_of(load_params().measurement)
    noise = read_noise()
    found = power_of(noise, sizes, COMPARISONS)
    text = f"{as_markdown(power_table(found, sizes, COMPARISONS))}\n{noise.recorded}\n"
    print(text)
    if publish:
        put(MEASURING, "power", text)


def _write_schema() -> None:
    from benchmarks.history.document import SCHEMA, json_schema

    SCHEMA.parent.mkdir(parents=True, exist_ok=True)
    SCHEMA.write_text(json_schema(), encoding="utf-8")
    print(f"written: {SCHEMA}")


def _print_at_once(line: str) -> None:
    print(line, flush=True)


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)


if __name__ == "__main__":
    run_as_command(main)
