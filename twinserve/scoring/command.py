"""``twinserve score``: a file of rows to the same rows with their predictions."""

import argparse
import json
import os
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.project import add_cloud_arguments
from twinserve.scoring.blocks import BLOCK_BYTES
from twinserve.scoring.files import OnProgress, Summary, Task, same_file, score_csv
from twinserve.scoring.options import CSV, MARK, STOP, Format, Options
from twinserve.scoring.pool import cores
from twinserve.targets.native import native_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

BUNDLE = Path("dist/service")
PARQUET, GS = ".parquet", "gs://"
MOST_TASKS = 10
_PER_CENT = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take both files, and what results hold."""
    parser.add_argument(
        "source", metavar="IN", help="CSV, also .gz, or Parquet; gs://BUCKET/PREFIX"
    )
    parser.add_argument("target", metavar="OUT", help="the same rows with their results")
    parser.add_argument("--bundle", type=Path, default=BUNDLE, help="default: %(default)s")
    parser.add_argument(
        "--include", metavar="WORDS", help="beside the prediction: label,probabilities"
    )
    parser.add_argument(
        "--on-error",
        choices=(STOP, MARK),
        default=STOP,
        help="at a row that the endpoints would refuse; default: %(default)s",
    )
    parser.add_argument(
        "--tasks",
        type=_at_least_one,
        default=MOST_TASKS,
        help="of a job, at most, between which gs:// objects are shared; default: %(default)s",
    )
    add_cloud_arguments(parser)
    parser.add_argument(
        "--processes", type=_at_least_one, default=cores(), help="default: all cores (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Score a file, or a bucket's objects, and tell what the time went to."""
    if arguments.source.startswith(GS) or arguments.target.startswith(GS):
        _run_job(arguments)
        return
    if arguments.dry_run or arguments.project:
        raise UserError("--dry-run, --project: only with gs://; a file is scored on this machine")
    task = _task(arguments)
    os.environ.update(native_environment(task.bundle))
    if task.source.suffix == PARQUET:
        from twinserve.scoring.parquet import score_parquet as score
    else:
        score = score_csv
    with _shown() as on_progress:
        summary = score(task._replace(on_progress=on_progress))
    if arguments.json:
        print(json.dumps(summary._asdict()))
        return
    for line in told(task.target, summary):
        print(line)


def _run_job(arguments: argparse.Namespace) -> None:
    from twinserve.delivery.project import open_cloud
    from twinserve.scoring.job.launch import new_run, score_objects

    if arguments.bundle != BUNDLE:
        raise UserError(f"--bundle: a job runs the image of {BUNDLE}; leave it out")
    os.environ.update(native_environment(BUNDLE))
    options = Options(_words(arguments.include), arguments.on_error, format_of_table())
    cloud = open_cloud(arguments)
    run = new_run(cloud, arguments.source, arguments.target, BUNDLE, options, arguments.tasks)
    totals = score_objects(run)
    cloud.result(totals)
    if totals:
        before = f", {totals['before']} of them scored before" * bool(totals["before"])
        cloud.say(f"{run.target}  {totals['rows']:,} rows of {totals['objects']} objects{before}")
    if totals.get("wrong"):
        cloud.say(f"  {totals['wrong']:,} wrong rows have their reason in the column error")


def told(target: Path, summary: Summary) -> list[str]:
    """What a run has done, and what its time went to."""
    per_second = (summary.rows - summary.resumed) / summary.seconds
    rate = f"{per_second:,.0f} rows/s, processes: {summary.processes}"
    lines = [f"{target}  {summary.rows:,} rows in {summary.seconds:.2f} s: {rate}"]
    if summary.resumed:
        lines.append(f"  {summary.resumed:,} of them an earlier run had scored")
    if summary.wrong:
        lines.append(f"  {summary.wrong:,} wrong rows have their reason in the column error")
    shares = sorted(summary.stages.items(), key=lambda stage: -stage[1])
    lines.append(
        "  processor time: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in shares)
    )
    return lines


def format_of_table() -> Format:
    """How the project's table writes its cells: other files of its rows do, too.

    Raises:
        UserError: params.yaml cannot be read.
    """
    data = load_params().data
    return Format(
        data.separator, data.decimal, data.thousands, data.encoding, tuple(data.missing_values)
    )


def _task(arguments: argparse.Namespace) -> Task:
    source, target = Path(arguments.source), Path(arguments.target)
    for path in (source, target):
        if not path.name.lower().endswith((PARQUET, *CSV)):
            raise UserError(f"{path}: expected a name that ends in {', '.join((*CSV, PARQUET))}")
    if (source.suffix == PARQUET) != (target.suffix == PARQUET):
        raise UserError(f"{target}: expected the kind of {source}: results are of the same kind")
    if target.suffix == ".gz":
        raise UserError(f"{target}: results are not compressed; expected a name without .gz")
    if same_file(source, target):
        raise UserError(f"{target}: expected another file than the one that is scored")
    options = Options(_words(arguments.include), arguments.on_error, format_of_table())
    processes = arguments.processes
    if source.suffix != PARQUET and source.is_file():
        processes = min(processes, max(1, ceil(source.stat().st_size / BLOCK_BYTES)))
    return Task(source, target, arguments.bundle, options, processes, lambda _rows, _share: None)


@contextmanager
def _shown() -> "Iterator[OnProgress]":
    from rich.console import Console

    from twinserve.delivery.console import progress

    with progress(Console(stderr=True, highlight=False)) as step:
        last = -1

        def on_progress(rows: int, share: float) -> None:
            nonlocal last
            done = min(int(share * _PER_CENT), _PER_CENT)
            if done > last:
                last = done
                step(f"{rows:,} rows", done, _PER_CENT)

        yield on_progress


def _words(text: str | None) -> tuple[str, ...] | None:
    """What ``--include`` names, separated by commas."""
    return None if text is None else tuple(filter(None, (word.strip() for word in text.split(","))))


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)
