"""The commands of ``twinserve bench``."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.goals import GOALS
from benchmarks.studies.large.grid import DEPTHS, TREES, Cell, run_grid
from benchmarks.variants import DESCRIPTIONS
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.config.variables import tool_environment
from twinserve.measure.imports.trace import STARTS
from twinserve.measure.pairs.micro import SUITE

if TYPE_CHECKING:
    from benchmarks.compare import Comparison

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - typeshed's name

REPORTS = Path("reports")
DIST = Path("dist")
ROUNDS, PEER_ROUNDS = 7, 5
# Of noise, enough to draw many different comparisons from.
NOISE_ROUNDS, NOISE_SUITES = 120, 40
COMPARISONS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A command a measurement."""
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_comparisons(commands)
    _add_others(commands)


def run(arguments: argparse.Namespace) -> int | None:
    """Do what the command line says; the exit code."""
    code: int | None = arguments.run(arguments)
    return code


def _add_comparisons(commands: "Commands") -> None:
    comparing = commands.add_parser("compare", help="both targets beside floor and ceiling")
    comparing.set_defaults(run=_compare, rounds=ROUNDS)
    beside = commands.add_parser("peers", help="both targets beside other serving frameworks")
    beside.set_defaults(run=_compare_peers, rounds=PEER_ROUNDS)
    for command in (comparing, beside):
        command.add_argument("--rounds", type=_at_least_one, help="default: %(default)s")
        command.add_argument(
            "--only",
            nargs="+",
            choices=tuple(DESCRIPTIONS),
            metavar="VARIANT",
            help=f"of: {', '.join(DESCRIPTIONS)}; default: all that the model can have",
        )
    growing = commands.add_parser("large", help="large forests under each runtime")
    growing.set_defaults(run=_grow)
    growing.add_argument("--trees", type=_at_least_one, nargs="+", default=TREES)
    growing.add_argument("--depths", type=_at_least_one, nargs="+", default=DEPTHS)
    proving = commands.add_parser("monitoring", help="what monitoring costs: with and without it")
    proving.set_defaults(run=_prove)
    proving.add_argument("--cold-rounds", type=_at_least_one, default=150, help="default: 150")
    proving.add_argument("--rounds", type=_at_least_one, default=120, help="default: 120")
    proving.add_argument("--only", nargs="+", choices=("service", "function"), metavar="TARGET")
    batching = commands.add_parser("batches", help="many rows in one request: cost, gain, waits")
    batching.set_defaults(run=_batch)
    batching.add_argument("--rounds", type=_at_least_one, default=ROUNDS, help="default: 7")
    batching.add_argument("--only", nargs="+", choices=("service", "function"), metavar="TARGET")
    telling = commands.add_parser("power", help="what a comparison notices, simulated on noise")
    telling.set_defaults(run=_simulate)
    for command in (comparing, beside, growing, proving, batching, telling):
        command.add_argument("--publish", action="store_true", help="into docs/ too")


def _add_others(commands: "Commands") -> None:
    importing = commands.add_parser("imports", help="what each target imports, and for how long")
    importing.set_defaults(run=_import)
    importing.add_argument("--starts", type=_at_least_one, default=STARTS, help="default: 7")
    importing.add_argument("--base", type=Path, metavar="DIR", help="a tree to compare with")
    micro = commands.add_parser("micro", help="pytest-benchmark over the parts of a prediction")
    micro.set_defaults(run=_run_suite)
    scoring = commands.add_parser("score", help="a million rows of a file, and what they cost")
    scoring.set_defaults(run=_score)
    scoring.add_argument("--rows", type=_at_least_one, default=1_000_000, help="default: 1,000,000")
    scoring.add_argument("--rounds", type=_at_least_one, default=5, help="default: %(default)s")
    scoring.add_argument("--publish", action="store_true", help="into docs/ too")
    recording = commands.add_parser("noise", help="what this machine's clock shows of no change")
    recording.set_defaults(run=_record)
    recording.add_argument("--rounds", type=_at_least_one, default=NOISE_ROUNDS)
    recording.add_argument("--suites", type=_at_least_one, default=NOISE_SUITES)
    writing = commands.add_parser("schema", help="JSON Schema of the measurements that are kept")
    writing.set_defaults(run=_write_schema)


def _run_suite(_options: argparse.Namespace) -> int:
    command = [sys.executable, "-m", "pytest", SUITE]
    return subprocess.run(command, env=tool_environment(), check=False).returncode


def _compare(options: argparse.Namespace) -> None:
    from benchmarks.comparison_report import (
        BENCH,
        publish_comparison,
        terminal_tables,
        write_comparison,
    )

    comparison = _run(options, beside=False)
    page = write_comparison(comparison, REPORTS, BENCH)
    _tell(terminal_tables(comparison), page)
    if options.publish:
        publish_comparison(comparison)


def _compare_peers(options: argparse.Namespace) -> None:
    from benchmarks.comparison_report import PEERS, write_comparison
    from benchmarks.peer_table import publish_peers, terminal_table

    comparison = _run(options, beside=True)
    page = write_comparison(comparison, REPORTS, PEERS)
    _tell([terminal_table(comparison)], page)
    if options.publish:
        publish_peers(comparison)


def _run(options: argparse.Namespace, *, beside: bool) -> "Comparison":
    from benchmarks.compare import PEER_RATE, PEER_SECONDS, Reading, compare
    from benchmarks.variants import default_names, peer_names, prepare
    from twinserve.delivery.bundle.assembly import bundled_card
    from twinserve.measure.pages.text import megabytes, milliseconds, per_second

    card = bundled_card()
    if not card.golden:
        raise UserError("the model card names no golden case to ask for")
    usual = peer_names(card) if beside else default_names(card)
    names = tuple(dict.fromkeys(options.only or usual))
    print(f"making {len(names)} variants ready: {', '.join(names)}", flush=True)
    variants = prepare(names, card)

    def show(name: str, reading: Reading) -> None:
        print(
            f"round {reading.round + 1}/{options.rounds}  {name:<15}"
            f"{milliseconds(reading.cold_ms):>10}{per_second(reading.per_second):>12}"
            f"{megabytes(reading.memory_bytes):>12}",
            flush=True,
        )

    return compare(
        variants,
        rounds=options.rounds,
        model=(card.name, card.version),
        seconds=PEER_SECONDS if beside else None,
        fixed_rate=PEER_RATE if beside else None,
        goals=() if beside else GOALS,
        on_reading=show,
    )


def _tell(tables: Sequence[object], page: Path) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for table in tables:
        console.print(table)
    console.print(f"written: {page} (and .md, .json beside it)")


def _import(options: argparse.Namespace) -> None:
    from rich.console import Console

    from twinserve.measure.imports.table import show_imports

    budget = load_params().measurement.budgets.imports_ratio
    console = Console(highlight=False)
    show_imports(console, REPORTS, starts=options.starts, base=options.base, budget=budget)


def _grow(options: argparse.Namespace) -> None:
    from benchmarks.studies.large import page
    from twinserve.measure.pages.publish import PERFORMANCE, publish_picture
    from twinserve.measure.pages.publish import publish as put

    def show(cell: Cell) -> None:
        figures = (
            cell.fault or f"{cell.single_us:,.1f} µs a row, {cell.batch_ms:,.1f} ms a thousand"
        )
        print(f"{cell.trees} x {cell.depth}  {cell.runtime:<9} {figures}", flush=True)

    limit = load_params().serving.compile.max_source_mb
    grid = run_grid(options.trees, options.depths, limit, show)
    print(f"written: {page.write_grid(grid, REPORTS)} (and .json beside it)")
    if options.publish:
        path = publish_picture("large", page.picture(grid))
        shown = f"![One row alone, each runtime]({Path(path).name})\n\n{page.markdown(grid)}"
        put(PERFORMANCE, "large", shown)


def _prove(options: argparse.Namespace) -> int:
    """What monitoring costs each target; exit code 1 if it costs more than it may."""
    from benchmarks.studies import monitoring
    from twinserve.measure.pages.publish import PERFORMANCE
    from twinserve.measure.pages.publish import publish as put

    names = options.only or ("service", "function")
    proof = monitoring.prove(names, options.cold_rounds, options.rounds, print)
    print(f"written: {monitoring.write_proof(proof, REPORTS)}")
    if options.publish:
        put(PERFORMANCE, "monitoring", monitoring.markdown(proof))
    return 0 if all(cost.proven for cost in proof.costs) else 1


def _batch(options: argparse.Namespace) -> int:
    """What many rows in a request cost and spare; exit code 1 if it is not what it is to be."""
    from benchmarks.studies import batches
    from twinserve.measure.pages.publish import PERFORMANCE
    from twinserve.measure.pages.publish import publish as put

    names = options.only or ("service", "function")
    study = batches.study_batches(names, options.rounds, DIST)
    print(batches.markdown(study))
    print(f"written: {batches.write_study(study, REPORTS)}")
    if options.publish:
        put(PERFORMANCE, "batches", batches.markdown(study))
    return 0 if all(target.holds for target in study.targets) else 1


def _score(options: argparse.Namespace) -> None:
    from benchmarks.studies import scoring
    from twinserve.measure.pages.publish import SCORING
    from twinserve.measure.pages.publish import publish as put

    figures = scoring.run_scoring(options.rows, options.rounds, _print_at_once)
    print(scoring.markdown(figures))
    print(f"written: {scoring.write_figures(figures, REPORTS)}")
    if options.publish:
        put(SCORING, "scoring", scoring.markdown(figures))


def _record(options: argparse.Namespace) -> None:
    from benchmarks.studies.noise import RECORDED, record_noise, write_noise
    from twinserve.delivery.bundle.assembly import bundled_card
    from twinserve.measure.http.client import golden_body
    from twinserve.measure.pairs.side_by_side import Side
    from twinserve.targets.local import local_function, local_service

    wanted = load_params().measurement
    comparison = wanted.comparison.model_copy(update={"rounds": options.rounds})
    body = golden_body(bundled_card())
    targets = (local_service(DIST / "service"), local_function(DIST / "function"))
    sides = [Side(target, body) for target in targets]
    wanted = wanted.model_copy(update={"comparison": comparison})
    noise = record_noise(sides, wanted, options.suites, _print_at_once)
    write_noise(noise, RECORDED)
    print(f"written: {RECORDED}")


def _simulate(options: argparse.Namespace) -> None:
    from benchmarks.studies.noise import read_noise
    from benchmarks.studies.power import power_of, power_table, sizes_of
    from twinserve.measure.pages.publish import MEASURING, as_markdown
    from twinserve.measure.pages.publish import publish as put

    sizes = sizes_of(load_params().measurement)
    noise = read_noise()
    powers = power_of(noise, sizes, COMPARISONS)
    text = f"{as_markdown(power_table(powers, sizes, COMPARISONS))}\n{noise.recorded}\n"
    print(text)
    if options.publish:
        put(MEASURING, "power", text)


def _write_schema(_options: argparse.Namespace) -> None:
    from twinserve.measure.history.document import SCHEMA, json_schema

    SCHEMA.parent.mkdir(parents=True, exist_ok=True)
    SCHEMA.write_text(json_schema(), encoding="utf-8")
    print(f"written: {SCHEMA}")


def _print_at_once(line: str) -> None:
    print(line, flush=True)


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)
