"""``twinserve review``: ``collect`` beside a checkout of the base, then ``judge``, ``comment``."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A command a step of a review."""
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    collecting = commands.add_parser("collect", help="compare this tree with the base's")
    collecting.add_argument("--base", type=Path, required=True, help="a checkout of the base")
    collecting.add_argument("--output", type=Path, required=True, help="JSON to write")
    collecting.add_argument("--rounds", type=int, help="instead of the numbers that are usual")
    collecting.add_argument("--no-image", action="store_true", help="build no images")
    judging = commands.add_parser("judge", help="fail if a figure is slower than allowed")
    judging.add_argument("report", type=Path)
    rendering = commands.add_parser("render", help="print the comment that a report makes")
    rendering.add_argument("report", type=Path)
    planning = commands.add_parser("plan", help="which jobs a pull request needs, by its paths")
    planning.add_argument("--tree", type=Path, required=True, help="a checkout of its merge")
    commands.add_parser("settle", help="fail unless just the planned jobs in $NEEDS succeeded")
    commenting = commands.add_parser("comment", help="post a run's report on its pull request")
    commenting.add_argument("report", type=Path)


def run(arguments: argparse.Namespace) -> None:
    """Do what the command line says."""
    if arguments.command == "collect":
        from twinserve.review.collect import collect

        collect(
            arguments.base,
            Path(),
            arguments.output,
            rounds=arguments.rounds,
            image=not arguments.no_image,
        )
        print(arguments.output)
    elif arguments.command == "judge":
        from twinserve.review.gate import judge

        print(judge(arguments.report))
    elif arguments.command == "plan":
        from twinserve.review.plan import plan

        print(plan(arguments.tree))
    elif arguments.command == "settle":
        from twinserve.review.plan import read_needs, settle

        print(settle(read_needs()))
    elif arguments.command == "render":
        print(_rendered(arguments.report))
    else:
        from twinserve.review.comment import comment, read_source

        print(comment(arguments.report, read_source()))


def _rendered(report: Path) -> str:
    """The comment that a report makes, of a run that could read the table or could not."""
    from twinserve.review.render import render, render_unchecked
    from twinserve.review.report import load_unchecked, load_untrusted

    address, commit = "https://example.com", "HEAD"
    why = load_unchecked(report)
    if why is None:
        return render(load_untrusted(report), address, commit)
    return render_unchecked(why, address, commit)
