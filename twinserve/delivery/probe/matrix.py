"""Cold starts over what can be chosen: on this machine, or on throw-away copies of what serves."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from twinserve.config.card import Card
from twinserve.config.deployment import Resources, mebibytes
from twinserve.config.errors import UserError
from twinserve.config.measurement import Size
from twinserve.config.params import Params, load_params
from twinserve.delivery.bundle.assembly import DIST, TARGETS, bundled_card
from twinserve.delivery.bundle.runtimes import dist_of
from twinserve.delivery.console import progress
from twinserve.delivery.image.build import add_recipe_arguments, base_image, plain_recipe
from twinserve.delivery.image.push import add_engine_argument
from twinserve.delivery.probe.deployed import copies
from twinserve.delivery.probe.spend import check_matrix_cap
from twinserve.delivery.project import Cloud, add_cloud_arguments, open_cloud
from twinserve.delivery.release.traffic import release_of
from twinserve.inference.model import RUNTIMES
from twinserve.measure.http.client import golden_body
from twinserve.measure.run.matrix import Matrix, Planned, Setting, run_matrix
from twinserve.measure.run.matrix_page import labels, terminal_table, write_matrix
from twinserve.targets.check_headers import check_headers
from twinserve.targets.container import ContainerTarget, Limits
from twinserve.targets.engine import Engine, find_engine
from twinserve.targets.google.probe import ProbeTarget
from twinserve.targets.local import local_target

REPORTS = Path("reports")
WIDTH = 80
PROCESS, CONTAINER, CLOUD_RUN = "process", "container", "Cloud Run"
BUILDPACK = "a function's image is made by Google's buildpack, which does not run here"
WHOLE_CPUS = "Cloud Run takes part of a CPU only for one request at once"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take where to start things, how often, and with which engine."""
    add_cloud_arguments(parser)
    parser.add_argument(
        "--deployed",
        action="store_true",
        help="throw-away copies of what serves on Cloud Run, not this machine",
    )
    parser.add_argument("--rounds", type=int, help="starts of each cell; else params.yaml's")
    parser.add_argument(
        "--runtimes",
        nargs="+",
        choices=RUNTIMES,
        default=RUNTIMES,
        metavar="RUNTIME",
        help=f"here, of: {', '.join(RUNTIMES)}; default: all that the model can have",
    )
    add_engine_argument(parser)
    add_recipe_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Take the starts, write ``reports/matrix.*``, print the table.

    Raises:
        UserError: there is no bundle, or a copy cannot be made.
    """
    params = load_params()
    rounds = params.measurement.matrix.rounds if arguments.rounds is None else arguments.rounds
    if rounds < 1:
        raise UserError(f"--rounds: expected a whole number from 1, found {rounds}")
    card = bundled_card()
    golden_body(card)
    if arguments.deployed:
        take_deployed(open_cloud(arguments), card, rounds)
        return
    console = Console(stderr=arguments.json, highlight=False)
    planned = plan_local(card, params, arguments, console.print)
    if not arguments.dry_run:
        _finish(console, _take(console, planned, card, rounds), as_json=arguments.json)


def plan_local(
    card: Card, params: Params, arguments: argparse.Namespace, say: Callable[[str], None]
) -> list[Planned]:
    """Each runtime as both processes, and as a container of each size where an engine is."""
    try:
        engine = find_engine(arguments.engine, arguments.base_image or base_image(DIST / "service"))
        absence = ""
    except UserError as error:
        engine, absence = None, str(error)
    planned: list[Planned] = []
    for runtime in dict.fromkeys(arguments.runtimes):
        settings = list(_local_settings(runtime, params.measurement.matrix.sizes))
        if (why := card.choice.passed_over.get(runtime)) is not None:
            planned += [Planned(setting, None, why) for setting in settings]
            continue
        say(f"making {runtime} ready")
        dist = DIST if runtime == card.runtime else dist_of(runtime)
        image = _image(engine, dist, runtime, params, arguments) if engine else ""
        planned += [_plan(setting, dist, engine, image, absence) for setting in settings]
    function = Setting("function", CONTAINER, card.runtime)
    return [*planned, Planned(function, None, BUILDPACK)]


def deployed_settings(params: Params, runtime: str) -> list[Setting]:
    """Every size of both targets, with and without boost."""
    matrix = params.measurement.matrix
    return [
        Setting(target, CLOUD_RUN, runtime, size.memory, size.cpu, boost=boost)
        for target in TARGETS
        for size in matrix.sizes
        for boost in matrix.boost
    ]


def take_deployed(cloud: Cloud, card: Card, rounds: int) -> None:
    """The same on copies of what serves, which are deleted whatever happens.

    Raises:
        UserError: the two are not in step, the cap forbids it, or a copy cannot be made.
    """
    services = cloud.run.services()
    if release_of(cloud, services) is None:
        raise UserError("the two targets are not in step; see `twinserve status`")
    settings = deployed_settings(cloud.params, card.runtime)
    sized = [
        (_resources(cloud, setting), bool(setting.boost))
        for setting in settings
        if _is_whole(setting)
    ]
    params = cloud.params
    most = check_matrix_cap(sized, rounds, params.measurement, params.prices)
    cloud.say(f"{len(sized)} settings, {rounds} starts each: at most ${most:.4f}")
    with copies(cloud, services) as made:
        if cloud.dry_run:
            return
        targets = {target.name: target for target in made}
        planned = [_copy_with(setting, targets[setting.target]) for setting in settings]
        matrix = _take(cloud.console, planned, card, rounds)
    _finish(cloud.console, matrix, as_json=cloud.as_json)


def _local_settings(runtime: str, sizes: list[Size]) -> Iterator[Setting]:
    yield Setting("service", PROCESS, runtime)
    yield Setting("function", PROCESS, runtime)
    for size in sizes:
        yield Setting("service", CONTAINER, runtime, size.memory, size.cpu)


def _plan(setting: Setting, dist: Path, engine: Engine | None, image: str, absence: str) -> Planned:
    if setting.place == PROCESS:
        return Planned(setting, local_target(setting.target, dist / setting.target))
    if engine is None:
        return Planned(setting, None, absence)
    limits = Limits(mebibytes(setting.memory), setting.cpu)
    # A proxy in front of a container, as Docker may have, takes connections before there is anyone.
    host_network = sys.platform == "linux"
    target = ContainerTarget(
        setting.target,
        image,
        engine,
        host_network=host_network,
        limits=limits,
        headers=check_headers(),
    )
    return Planned(setting, target)


def _image(
    engine: Engine, dist: Path, runtime: str, params: Params, arguments: argparse.Namespace
) -> str:
    """The service's image under this runtime, from the engine's cache if nothing has changed."""
    image = f"localhost/{params.deployment.service.name}:matrix-{runtime}"
    engine.build(plain_recipe(dist / "service", image, arguments, {}), lambda _: None)
    return image


def _is_whole(setting: Setting) -> bool:
    return setting.cpu == int(setting.cpu)


def _resources(cloud: Cloud, setting: Setting) -> Resources:
    """The target's own, but for what the setting changes."""
    sized = {"memory": setting.memory, "cpu": int(setting.cpu)}
    return cloud.targets[setting.target].model_copy(update=sized)


def _copy_with(setting: Setting, target: ProbeTarget) -> Planned:
    if not _is_whole(setting):
        return Planned(setting, None, WHOLE_CPUS)
    options = (
        f"--memory={setting.memory}",
        f"--cpu={setting.cpu:g}",
        "--cpu-boost" if setting.boost else "--no-cpu-boost",
    )
    return Planned(setting, replace(target, settings=options))


def _take(console: Console, planned: list[Planned], card: Card, rounds: int) -> Matrix:
    body = golden_body(card)
    settings = [cell.setting for cell in planned]
    names = dict(zip(settings, labels(settings), strict=True))
    total = rounds * sum(cell.target is not None for cell in planned)
    with progress(console) as step:
        done = 0

        def started(setting: Setting, _round: int) -> None:
            nonlocal done
            done += 1
            step(names[setting], done, total)

        return run_matrix(
            planned, body, rounds=rounds, model=(card.name, card.version), on_start=started
        )


def _finish(console: Console, matrix: Matrix, *, as_json: bool) -> None:
    page = write_matrix(matrix, REPORTS)
    console.print(terminal_table(matrix), width=min(console.width, WIDTH))
    console.print(f"report: {page} (and .md, .json)")
    if as_json:
        print(json.dumps({"report": str(page), "cells": len(matrix.cells)}, indent=2))
