"""``python -m delivery COMMAND``."""

import argparse
import sys
from importlib import import_module
from typing import NamedTuple

from config.errors import run_as_command


class Command(NamedTuple):
    """A module with ``run(arguments)``, and ``add_arguments(parser)`` if it takes any."""

    module: str
    help: str


# Imported only when chosen: a stage of the pipeline must not pay for what a release needs.
COMMANDS = {
    "repro": Command("delivery.reproduce", "run dvc repro, with or without a git checkout"),
    "bundle": Command("delivery.bundle", "assemble dist/service and dist/function"),
    "rehearse": Command("delivery.rehearse", "reproduce, serve, check and measure on this machine"),
    "serve": Command("delivery.serve", "serve both bundles until Ctrl-C"),
    "build": Command("delivery.build", "make the service's image from its bundle, and push it"),
    "check": Command("delivery.check_image", "run the image, and hold it to the contract"),
    "push": Command("delivery.push", "push the image that was built, and record the build"),
    "bootstrap": Command("delivery.bootstrap", "make a Google Cloud project ready for releases"),
    "release": Command("delivery.release", "bring dist/, or a build, to both targets or neither"),
    "submit": Command("delivery.submit", "build in Cloud Build, by cloudbuild.yaml, and wait"),
    "doctor": Command("delivery.doctor.command", "what would stop the first push, with its cure"),
    "rollback": Command("delivery.rollback", "bring both targets back to an earlier release"),
    "status": Command("delivery.status", "what serves on both targets, and whether in step"),
    "cleanup": Command("delivery.cleanup", "delete what no release needs, or everything"),
    "probe": Command("delivery.probe", "cold and warm latency of what serves on both targets"),
    "matrix": Command(
        "delivery.matrix", "cold starts over runtime, size, boost, image or function"
    ),
    "environment": Command("delivery.environment", "have .venv, from the bucket if it is there"),
    "schedules": Command("delivery.schedules", "what GitHub has switched off in a fork"),
    "monitor": Command("delivery.monitor", "what both targets have logged: drift, errors, latency"),
    "history": Command("delivery.history", "keep a measurement, and draw all that are kept"),
    "verify": Command("delivery.verify", "hold locks, model and bundles to each other, by hash"),
    "sbom": Command("delivery.sbom", "list what the service's image holds, as CycloneDX"),
    "comparison": Command("delivery.comparison", "make docs/comparison.md from figures and prices"),
    "lock": Command("delivery.lock", "compile the lock files anew"),
}


def main() -> int | None:
    """Run the command that the arguments name; its exit code is the process's."""
    overview = argparse.ArgumentParser(
        prog="python -m delivery",
        usage="%(prog)s [-h] COMMAND ...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(
            ["commands:", *(f"  {name:<11} {one.help}" for name, one in COMMANDS.items())]
        ),
    )
    overview.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below")
    name: str = overview.parse_args(sys.argv[1:2]).command
    module = import_module(COMMANDS[name].module)
    parser = argparse.ArgumentParser(
        prog=f"python -m delivery {name}", description=COMMANDS[name].help
    )
    if hasattr(module, "add_arguments"):
        module.add_arguments(parser)
    code: int | None = module.run(parser.parse_args(sys.argv[2:]))
    return code


if __name__ == "__main__":
    run_as_command(main)
