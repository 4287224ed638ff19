"""The figures that both targets log: a report, and an issue if a threshold is passed."""

import argparse
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.delivery.project import Cloud, add_cloud_arguments, open_cloud
from twinserve.monitoring.alarm import start_renewal, tell
from twinserve.monitoring.observed import Observed, add_up
from twinserve.monitoring.report import Report, markdown, terminal_table, write_report
from twinserve.monitoring.thresholds import find
from twinserve.targets.github.workflow import run_url
from twinserve.targets.google.logs import read_figures

REPORTS = Path("reports")
WIDTH = 80
# Where the workflow says what; each must be there for an issue.
VARIABLES = ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GITHUB_RUN_ID", "GH_TOKEN")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project, and whether GitHub is to be told."""
    add_cloud_arguments(parser)
    parser.add_argument(
        "--issue",
        action="store_true",
        help="open, update or close one GitHub issue, in a workflow",
    )


def run(arguments: argparse.Namespace) -> None:
    """Read, write ``reports/``, and tell GitHub if that was asked for.

    Raises:
        UserError: the logs cannot be read, or GitHub refuses.
    """
    if arguments.issue and (
        missing := [variable for variable in VARIABLES if not os.environ.get(variable)]
    ):
        raise UserError(f"set {', '.join(missing)}, as monitor.yml does, or leave --issue out")
    cloud = open_cloud(arguments)
    report = observe(cloud, datetime.now(UTC))
    page = write_report(report, REPORTS)
    cloud.console.print(terminal_table(report), width=min(cloud.console.width, WIDTH))
    cloud.say(f"report: {page} (and .md, .json)")
    if arguments.issue and not cloud.dry_run:
        repository = os.environ["GITHUB_REPOSITORY"]
        cloud.say(tell(repository, report.findings, markdown(report), run_url() or ""))
        # Where the repository has it switched on.
        if os.environ.get("RENEWAL") == "true" and (
            started := start_renewal(repository, report.findings)
        ):
            cloud.say(started)
    cloud.result({"report": str(page), "state": report.state.name.lower()})


def observe(cloud: Cloud, now: datetime) -> Report:
    """Both targets, from the logs of the last hours.

    Raises:
        UserError: the logs cannot be read.
    """
    monitoring = cloud.params.monitoring
    since = (now - timedelta(hours=monitoring.hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    most = monitoring.most_lines
    targets: list[Observed] = []
    for target, settings in cloud.targets.items():
        lines = read_figures(cloud.gcloud, cloud.region, settings.name, since, most)
        targets.append(add_up(target, lines, most))
    return Report(
        taken_at=now.isoformat(timespec="seconds"),
        model=cloud.params.model.name,
        hours=monitoring.hours,
        targets=tuple(targets),
        findings=find(targets, monitoring),
    )
