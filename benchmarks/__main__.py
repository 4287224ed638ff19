"""The commands: ``python -m benchmarks compare``, ``peers``, ``large`` and ``micro``."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.goals import GOALS
from benchmarks.large.grid import DEPTHS, TREES, Cell, run_grid
from benchmarks.variants import DESCRIPTIONS
from config.errors import UserError, run_as_command
from config.params import load_params

if TYPE_CHECKING:
    from benchmarks.compare import Comparison

REPORTS = Path("reports")
MICRO = Path("benchmarks/micro")
ROUNDS = 7
PEER_ROUNDS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and do what it says; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the targets."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    comparing = commands.add_parser("compare", help="both targets beside floor and ceiling")
    beside = commands.add_parser("peers", help="both targets beside other serving frameworks")
    for one, rounds in ((comparing, ROUNDS), (beside, PEER_ROUNDS)):
        one.add_argument(
            "--rounds", type=_at_least_one, default=rounds, help="default: %(default)s"
        )
        one.add_argument(
            "--only",
            nargs="+",
            choices=tuple(DESCRIPTIONS),
            metavar="VARIANT",
            help=f"of: {', '.join(DESCRIPTIONS)}; default: all that the model can have",
        )
    growing = commands.add_parser("large", help="large forests under each runtime")
    growing.add_argument("--trees", type=_at_least_one, nargs="+", default=TREES)
    growing.add_argument("--depths", type=_at_least_one, nargs="+", default=DEPTHS)
    for one in (comparing, beside, growing):
        one.add_argument("--publish", action="store_true", help="into README.md and docs/ too")
    commands.add_parser("micro", help="pytest-benchmark over the parts of a prediction")
    options = parser.parse_args(arguments)
    if options.command == "micro":
        return subprocess.run([sys.executable, "-m", "pytest", str(MICRO)], check=False).returncode
    if options.command == "large":
        _grow(options.trees, options.depths, publish=options.publish)
        return 0
    only = tuple(dict.fromkeys(options.only or ()))
    if options.command == "peers":
        _compare_peers(options.rounds, only, publish=options.publish)
    else:
        _compare(options.rounds, only, publish=options.publish)
    return 0


def _compare(rounds: int, names: tuple[str, ...], *, publish: bool) -> None:
    from benchmarks.comparison import BENCH, publish_comparison, terminal_tables, write_comparison

    comparison = _run(rounds, names, beside=False)
    page = write_comparison(comparison, REPORTS, BENCH)
    _tell(terminal_tables(comparison), page)
    if publish:
        publish_comparison(comparison)


def _compare_peers(rounds: int, names: tuple[str, ...], *, publish: bool) -> None:
    from benchmarks.comparison import PEERS, write_comparison
    from benchmarks.peer_table import publish_peers, terminal_table

    comparison = _run(rounds, names, beside=True)
    page = write_comparison(comparison, REPORTS, PEERS)
    _tell([terminal_table(comparison)], page)
    if publish:
        publish_peers(comparison)


def _run(rounds: int, names: tuple[str, ...], *, beside: bool) -> "Comparison":
    from benchmarks.compare import PEER_RATE, PEER_SECONDS, Reading, compare
    from benchmarks.text import megabytes, milliseconds, per_second
    from benchmarks.variants import bundled_card, default_names, peer_names, prepare

    card = bundled_card()
    if not card.golden:
        raise UserError("the model card names no golden case to ask for")
    names = names or (peer_names(card) if beside else default_names(card))
    print(f"making {len(names)} variants ready: {', '.join(names)}", flush=True)
    variants = prepare(names, card)

    def show(name: str, reading: Reading) -> None:
        print(
            f"round {reading.round + 1}/{rounds}  {name:<15}"
            f"{milliseconds(reading.cold_ms):>10}{per_second(reading.per_second):>12}"
            f"{megabytes(reading.memory_bytes):>12}",
            flush=True,
        )

    return compare(
        variants,
        rounds=rounds,
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


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)


if __name__ == "__main__":
    run_as_command(main)
