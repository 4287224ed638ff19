"""Keep the measurement that ``reports/`` holds, and draw all that are kept over time."""

import argparse
import os
import re
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.params import Params, load_params
from twinserve.delivery.names import data_bucket, releases_bucket
from twinserve.measure.history.challenge import Challenge
from twinserve.measure.history.document import Measurement, read_report
from twinserve.measure.history.page import write_history
from twinserve.measure.history.places import History, open_challenges, open_history
from twinserve.targets.git import remote_url
from twinserve.targets.google.gcloud import Gcloud, current_project

REPORTS = Path("reports")
REPORT = REPORTS / "report.json"
PAGES = REPORTS / "history"
# In `history` of params.yaml: the project's own bucket.
PROJECT = "project"
FOLDER = "history"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take which history, and whether it gets a new document."""
    parser.add_argument(
        "--deployed", action="store_true", help="of what is deployed; else of this machine"
    )
    parser.add_argument("--append", action="store_true", help=f"keep the measurement of {REPORT}")
    parser.add_argument(
        "--project", help="of the bucket; else $GOOGLE_CLOUD_PROJECT, else gcloud's"
    )


def run(arguments: argparse.Namespace) -> None:
    """Append if asked to, then draw.

    Raises:
        UserError: the history cannot be reached, or the report is of another place.
    """
    history = open_for(load_params(), deployed=arguments.deployed, project=arguments.project)
    if arguments.append:
        measurement = read_report(REPORT)
        if (measurement.place == "deployed") is not arguments.deployed:
            other = "without" if arguments.deployed else "with"
            raise UserError(f"{REPORT} is of a {measurement.place} run: {other} --deployed")
        print(f"kept: {history.append(measurement)}")
    measurements = history.read()
    challenges = challenges_for(
        load_params(), deployed=arguments.deployed, project=arguments.project
    ).read()
    page = write_history(measurements, repository_url(), PAGES, challenges)
    count = f"{len(measurements)} measurement{'s' * (len(measurements) != 1)}"
    print(f"{count}: {page}")


def open_for(params: Params, *, deployed: bool, project: str | None) -> History[Measurement]:
    """The history that ``params.yaml`` names."""
    place = params.history.deployed if deployed else params.history.local
    if place == PROJECT:
        place = f"gs://{releases_bucket(current_project(project))}/{FOLDER}"
    return open_history(place, lambda: Gcloud(current_project(project)))


def challenges_for(params: Params, *, deployed: bool, project: str | None) -> History[Challenge]:
    """The challenges beside it; the project's are in DVC's bucket, which renewals may add to."""
    place = params.history.deployed if deployed else params.history.local
    if place == PROJECT:
        place = f"gs://{data_bucket(current_project(project))}/{FOLDER}"
    return open_challenges(place, lambda: Gcloud(current_project(project)))


def repository_url() -> str | None:
    """Where commits are looked up: what GitHub Actions names, else git's origin if at GitHub."""
    if repository := os.environ.get("GITHUB_REPOSITORY"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}"
    url = remote_url("origin") or ""
    match = re.fullmatch(r"(?:https://|git@)github\.com[/:](\S+?)(?:\.git)?", url)
    return f"https://github.com/{match[1]}" if match else None
