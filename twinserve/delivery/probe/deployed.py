"""Cold and warm latency of what serves, on throw-away copies of both targets."""

import argparse
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME, RELEASE_VARIABLES
from twinserve.delivery.bundle.assembly import DIST
from twinserve.delivery.bundle.identity import UNKNOWN
from twinserve.delivery.probe.measurement import judge, take_measurement
from twinserve.delivery.probe.spend import check_cap, spent
from twinserve.delivery.project import Cloud, add_cloud_arguments, open_cloud
from twinserve.delivery.release.acceptance import private_token
from twinserve.delivery.release.traffic import Services, release_of
from twinserve.measure.run.report import write_report
from twinserve.measure.run.results import Origin
from twinserve.measure.run.terminal import summary_table
from twinserve.targets.check_headers import header_values
from twinserve.targets.google.cloud_run import Revision, Service
from twinserve.targets.google.probe import ProbeTarget, left_over, probe_service

REPORTS = Path("reports")
WIDTH = 80


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project, and whether only to clean up."""
    add_cloud_arguments(parser)
    parser.add_argument(
        "--clean-up",
        action="store_true",
        help="measure nothing: delete the copies that a killed measurement has left",
    )


def run(arguments: argparse.Namespace) -> None:
    """Measure, write ``reports/``, delete the copies, then judge by the budgets.

    Raises:
        UserError: the two are not in step, a copy cannot be measured, or a budget is broken.
    """
    cloud = open_cloud(arguments)
    services = cloud.run.services()
    if arguments.clean_up:
        clean_up(cloud, services)
        return
    release = release_of(cloud, services)
    if release is None:
        raise UserError("the two targets are not in step; see `twinserve status`")
    card = load_card(DIST / "service" / CARD_NAME)
    params = cloud.params
    check_cap(params.measurement, cloud.targets, params.prices)
    bundle = _bundle(services[cloud.deployment.service.name])
    with copies(cloud, services) as targets:
        if cloud.dry_run:
            return
        results = take_measurement(
            cloud.console,
            targets,
            card,
            bundle,
            params.measurement.of_deployed(),
            _origin(cloud, services),
        )
    page = write_report(results, card, [], REPORTS)
    cost = spent(results, cloud.targets, params.prices)
    with (REPORTS / "report.md").open("a", encoding="utf-8") as file:
        file.write(f"\n{cost[0].upper()}{cost[1:]}.\n")
    cloud.console.print(summary_table(results), width=min(cloud.console.width, WIDTH))
    cloud.say(f"report: {page} (and .md, .json)")
    cloud.say(cost)
    cloud.result({"release": release, "report": str(page)})
    judge(results)


def clean_up(cloud: Cloud, services: Services) -> None:
    """Delete every copy that is there.

    Raises:
        GcloudError: a copy cannot be deleted.
    """
    left = left_over(services)
    for name in left:
        cloud.say(f"deleting {name}")
        cloud.run.delete_service(name)
    cloud.say(f"{len(left)} probe services were left" if left else "no probe service was left")
    cloud.result({"deleted": left})


def _bundle(service: Service) -> str:
    """The hash of the bundle that serves."""
    serving = service.serving
    return serving.variables.get(RELEASE_VARIABLES["bundle"], "") if serving else ""


def _origin(cloud: Cloud, services: Services) -> Origin:
    """Commit, release and images of what serves."""
    serving = {
        target: services[settings.name].serving for target, settings in cloud.targets.items()
    }
    digests = {
        target: revision.digest
        for target, revision in serving.items()
        if revision and revision.digest
    }
    first = next(revision for revision in serving.values() if revision)
    return Origin(
        place="deployed",
        commit=first.variables.get(RELEASE_VARIABLES["commit"], UNKNOWN),
        release=first.release,
        images=tuple(digests.items()),
    )


@contextmanager
def copies(cloud: Cloud, services: Services) -> Iterator[list[ProbeTarget]]:
    """A probe service for each target, deleted afterwards whatever happens.

    Raises:
        GcloudError: a copy cannot be made or deleted.
    """
    with ExitStack() as stack:
        yield [
            _copy(cloud, target, services[settings.name], stack)
            for target, settings in cloud.targets.items()
        ]


def _copy(cloud: Cloud, target: str, service: Service, stack: ExitStack) -> ProbeTarget:
    revision = service.serving
    assert isinstance(revision, Revision)  # noqa: S101 - both are in step
    name = f"probe-{target}-{secrets.token_hex(4)}"
    cloud.say(f"      {name}: a copy of {revision.name}")
    copy = probe_service(cloud.run, service, revision, name)
    url = stack.enter_context(copy)
    # Nobody may call it without a token: to ask whether that is so would start an instance.
    token = None if cloud.dry_run else private_token(cloud, url)
    # Of twenty samples nobody wants to read how each revision was made.
    quiet = replace(cloud.gcloud, on_progress=lambda _: None)
    headers = header_values(cloud.deployment.check.headers)
    return ProbeTarget(target, quiet, cloud.region, name, url, token, headers=headers)
