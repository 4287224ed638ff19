"""The service's image, run as the platform runs it: held to the contract beside the function."""

import argparse
from contextlib import ExitStack

from twinserve.config.layout import CARD_NAME
from twinserve.config.params import load_params
from twinserve.contract.check import check_contract
from twinserve.delivery.bundle.assembly import DIST
from twinserve.delivery.bundle.verify import local_image
from twinserve.targets.container import ContainerTarget, Limits
from twinserve.targets.engine import NAMES, find_engine
from twinserve.targets.local import local_function
from twinserve.targets.ready import wait_until_answering


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the image and the engine."""
    parser.add_argument(
        "--image", metavar="REF", help="by default the image that `build` has made here"
    )
    parser.add_argument("--engine", choices=("auto", *NAMES), default="auto")


def run(arguments: argparse.Namespace) -> None:
    """Start the image with the memory and processors of ``params.yaml``, and check its answers.

    The function's process is asked the same, so that equal answers are among the cases.

    Raises:
        CheckError: a case failed.
        UserError: there is no image or no engine that runs it, or it ends by itself.
    """
    image = arguments.image or local_image()
    engine = find_engine(arguments.engine, image, pull=False)
    settings = load_params().deployment.service
    limits = Limits(memory_mib=settings.memory_mib, cpus=settings.cpu)
    container = ContainerTarget("service", image, engine, inner_port=settings.port, limits=limits)
    with ExitStack() as stack:
        endpoints = [
            stack.enter_context(target.start())
            for target in (container, local_function(DIST / "function"))
        ]
        for endpoint in endpoints:
            wait_until_answering(endpoint)
        check = check_contract(endpoints, DIST / "service" / CARD_NAME)
    print(f"{image}: {check.passed} cases of the contract passed, beside the function's process")
