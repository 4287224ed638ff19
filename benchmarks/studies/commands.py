"""The studies of ``twinserve bench``: each measures one thing, and says whether it holds."""

import argparse
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.studies.large.grid import DEPTHS, TREES, Cell, run_grid
from twinserve.config.params import load_params

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - typeshed's name

_print_at_once = partial(print, flush=True)
REPORTS = Path("reports")
DIST = Path("dist")
TARGETS = ("service", "function")
ROUNDS = 7
# Of noise, enough to draw many different comparisons from.
NOISE_ROUNDS, NOISE_SUITES = 120, 40
COMPARISONS = 200


def at_least_one(text: str) -> int:
    """A whole number from 1, as an option."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)


def add_arguments(commands: "Commands") -> None:
    """A command a study."""
    growing = commands.add_parser("large", help="large forests under each runtime")
    growing.set_defaults(run=_grow)
    growing.add_argument("--trees", type=at_least_one, nargs="+", default=TREES)
    growing.add_argument("--depths", type=at_least_one, nargs="+", default=DEPTHS)
    proving = commands.add_parser("monitoring", help="what monitoring costs: with and without it")
    proving.set_defaults(run=_prove)
    proving.add_argument("--cold-rounds", type=at_least_one, default=150, help="default: 150")
    proving.add_argument("--rounds", type=at_least_one, default=120, help="default: 120")
    proving.add_argument("--only", nargs="+", choices=TARGETS, metavar="TARGET")
    batching = commands.add_parser("batches", help="many rows in one request: cost, gain, waits")
    batching.set_defaults(run=_batch)
    batching.add_argument("--rounds", type=at_least_one, default=ROUNDS, help="default: 7")
    batching.add_argument("--only", nargs="+", choices=TARGETS, metavar="TARGET")
    fitting = commands.add_parser("training", help="what the stages take beside the bare fit")
    fitting.set_defaults(run=_train)
    for name, usual in (("--rounds", 3), ("--rows", 200_000), ("--trees", 100)):
        fitting.add_argument(name, type=at_least_one, default=usual, help="default: %(default)s")
    telling = commands.add_parser("power", help="what a comparison notices, simulated on noise")
    telling.set_defaults(run=_simulate)
    scoring = commands.add_parser("score", help="a million rows of a file, and what they cost")
    scoring.set_defaults(run=_score)
    for name, usual in (("--rows", 1_000_000), ("--rounds", 5)):
        scoring.add_argument(name, type=at_least_one, default=usual, help="default: %(default)s")
    serving = commands.add_parser("served", help="which estimator on which table is served how")
    serving.set_defaults(run=_serve_all)
    serving.add_argument("--only", nargs="+", metavar="FAMILY", help="of docs/served.md's rows")
    serving.add_argument(
        "--publish", action="store_true", help="as docs/served.md, once each is made"
    )
    adopting = commands.add_parser("tables", help="from tables that people know to two endpoints")
    adopting.set_defaults(run=_adopt)
    adopting.add_argument("--only", nargs="+", metavar="TABLE", help="of docs/tables.md's rows")
    recording = commands.add_parser("noise", help="what this machine's clock shows of no change")
    recording.set_defaults(run=_record)
    for name, usual in (("--rounds", NOISE_ROUNDS), ("--suites", NOISE_SUITES)):
        recording.add_argument(name, type=at_least_one, default=usual)
    for command in (growing, proving, batching, fitting, telling, scoring, adopting):
        command.add_argument("--publish", action="store_true", help="into docs/ too")


def _grow(options: argparse.Namespace) -> None:
    from benchmarks.studies.large import page
    from twinserve.measure.pages.publish import publish_picture

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
        _publish(options, "large", shown)


def _prove(options: argparse.Namespace) -> int:
    """What monitoring costs each target; exit code 1 if it costs more than it may."""
    from benchmarks.studies import monitoring

    proof = monitoring.prove(options.only or TARGETS, options.cold_rounds, options.rounds, print)
    _keep("monitoring-cost", proof)
    _publish(options, "monitoring", monitoring.markdown(proof))
    return 0 if all(cost.proven for cost in proof.costs) else 1


def _batch(options: argparse.Namespace) -> int:
    """What many rows in a request cost and spare; exit code 1 if it is not what it is to be."""
    from benchmarks.studies import batches

    study = batches.study_batches(options.only or TARGETS, options.rounds, DIST)
    print(batches.markdown(study))
    _keep("batches", study)
    _publish(options, "batches", batches.markdown(study))
    return 0 if all(target.holds for target in study.targets) else 1


def _train(options: argparse.Namespace) -> int:
    """What the stages take beside the bare fit; exit code 1 if it is more than they may."""
    from benchmarks.studies.training import page
    from benchmarks.studies.training.stages import FEATURES, Size, measure_stages

    size = Size(options.rows, FEATURES, options.trees)
    bounds = measure_stages(size, options.rounds, _print_at_once)
    print(page.markdown(bounds))
    print(f"written: {page.write_bounds(bounds, REPORTS)}")
    _publish(options, "training", page.markdown(bounds))
    return 0 if page.holds(bounds) else 1


def _score(options: argparse.Namespace) -> None:
    from benchmarks.studies import scoring
    from twinserve.measure.pages.publish import SCORING

    figures = scoring.run_scoring(options.rows, options.rounds, _print_at_once)
    print(scoring.markdown(figures))
    _keep("scoring", figures)
    _publish(options, "scoring", scoring.markdown(figures), SCORING)


def _serve_all(options: argparse.Namespace) -> None:
    from benchmarks.studies.served.kept import all_cells, keep
    from benchmarks.studies.served.page import PAGE, page, said
    from benchmarks.studies.served.run import cells_with_libraries

    made = cells_with_libraries(options.only or ())
    for _, family in groupby(made, key=attrgetter("family")):
        cells = []
        for cell in family:
            cells.append(cell)
            _print_at_once(f"{cell.family}, {cell.task} of {cell.kind}: {said(cell)}")
        keep(cells)
    if options.publish:
        PAGE.write_text(page(all_cells()), encoding="utf-8")
        print(f"written: {PAGE}")


def _adopt(options: argparse.Namespace) -> None:
    from benchmarks.studies.adoption.page import markdown
    from benchmarks.studies.adoption.run import adopted
    from twinserve.measure.machine.conditions import begin_measurement
    from twinserve.measure.pages.publish import TABLES

    end, tables = begin_measurement(), []
    for table in adopted(options.only or ()):
        tables.append(table)
        _print_at_once(
            f"{table.name}: {table.rows:,} rows, adopt {table.adopt_s:.1f} s, both endpoints "
            f"({table.runtime}) after {table.served_s:.0f} s more"
        )
    text = markdown(tables, end())
    print(text)
    _publish(options, "times", text, TABLES)


def _record(options: argparse.Namespace) -> None:
    from benchmarks.studies.noise import RECORDED, record_noise, write_noise
    from twinserve.delivery.bundle.assembly import bundled_card
    from twinserve.measure.http.client import golden_body
    from twinserve.measure.pairs.side_by_side import Side
    from twinserve.targets.local import local_function, local_service

    wanted = load_params().measurement
    comparison = wanted.comparison.model_copy(update={"rounds": options.rounds})
    targets = (local_service(DIST / "service"), local_function(DIST / "function"))
    sides = [Side(target, golden_body(bundled_card())) for target in targets]
    wanted = wanted.model_copy(update={"comparison": comparison})
    noise = record_noise(sides, wanted, options.suites, _print_at_once)
    write_noise(noise, RECORDED)
    print(f"written: {RECORDED}")


def _simulate(options: argparse.Namespace) -> None:
    from benchmarks.studies.noise import read_noise
    from benchmarks.studies.power import power_of, power_table, sizes_of
    from twinserve.measure.pages.publish import MEASURING, as_markdown

    sizes = sizes_of(load_params().measurement)
    noise = read_noise()
    powers = power_of(noise, sizes, COMPARISONS)
    text = f"{as_markdown(power_table(powers, sizes, COMPARISONS))}\n{noise.recorded}\n"
    print(text)
    _publish(options, "power", text, MEASURING)


def _keep(name: str, study: object) -> None:
    from twinserve.measure.pages.files import write_json

    print(f"written: {write_json(REPORTS, name, study)}")


def _publish(options: argparse.Namespace, name: str, text: str, page: Path | None = None) -> None:
    """Into a page of docs/, performance.md if no other, where that was asked for."""
    from twinserve.measure.pages.publish import PERFORMANCE, publish

    if options.publish:
        publish(page or PERFORMANCE, name, text)
