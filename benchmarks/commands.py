"""The commands of ``twinserve bench``."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.goals import GOALS
from benchmarks.studies import commands as studies
from benchmarks.studies.commands import REPORTS, ROUNDS, at_least_one
from benchmarks.variants import DESCRIPTIONS
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.config.variables import tool_environment
from twinserve.measure.imports.trace import STARTS
from twinserve.measure.pairs.micro import SUITE

if TYPE_CHECKING:
    from benchmarks.compare import Comparison

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - typeshed's name

PEER_ROUNDS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A command a measurement."""
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_comparisons(commands)
    studies.add_arguments(commands)
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
        command.add_argument("--publish", action="store_true", help="into docs/ too")
        command.add_argument("--rounds", type=at_least_one, help="default: %(default)s")
        command.add_argument(
            "--only",
            nargs="+",
            choices=tuple(DESCRIPTIONS),
            metavar="VARIANT",
            help=f"of: {', '.join(DESCRIPTIONS)}; default: all that the model can have",
        )


def _add_others(commands: "Commands") -> None:
    importing = commands.add_parser("imports", help="what each target imports, and for how long")
    importing.set_defaults(run=_import)
    importing.add_argument("--starts", type=at_least_one, default=STARTS, help="default: 7")
    importing.add_argument("--base", type=Path, metavar="DIR", help="a tree to compare with")
    micro = commands.add_parser("micro", help="pytest-benchmark over the parts of a prediction")
    micro.set_defaults(run=_run_suite)
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


def _write_schema(_options: argparse.Namespace) -> None:
    from twinserve.measure.history.document import SCHEMA, json_schema

    SCHEMA.parent.mkdir(parents=True, exist_ok=True)
    SCHEMA.write_text(json_schema(), encoding="utf-8")
    print(f"written: {SCHEMA}")
