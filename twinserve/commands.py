"""The commands: each is a module, imported only when it is the one that is asked for."""

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

PROGRAM = "twinserve"


class Command(NamedTuple):
    """A module with ``run(arguments)``, and ``add_arguments(parser)`` if it takes any."""

    module: str
    help: str


# In the order of work.
SECTIONS = {
    "Set up": {
        "environment": Command(
            "twinserve.delivery.environment.kept", "have .venv, from the bucket if it is there"
        ),
        "bootstrap": Command(
            "twinserve.delivery.cloud.bootstrap", "make a Google Cloud project ready for releases"
        ),
        "doctor": Command(
            "twinserve.delivery.cloud.doctor.command",
            "what would stop the first push, with its cure",
        ),
        "schedules": Command(
            "twinserve.delivery.cloud.schedules", "what GitHub has switched off in a fork"
        ),
    },
    "Make the model and its bundles": {
        "adopt": Command(
            "twinserve.delivery.adoption.command", "take a table of yours into params.yaml"
        ),
        "set": Command(
            "twinserve.delivery.adoption.setting",
            "change values of params.yaml, and no other line of it",
        ),
        "repro": Command(
            "twinserve.delivery.bundle.reproduce", "run dvc repro, with or without a git checkout"
        ),
        "night": Command(
            "twinserve.delivery.bundle.night",
            "make the model anew from nothing, compare every byte, and tell",
        ),
        "fetch": Command(
            "twinserve.delivery.data.command", "have the tables that DVC keeps, and nothing else"
        ),
        "bundle": Command(
            "twinserve.delivery.bundle.assembly", "assemble dist/service and dist/function"
        ),
        "verify": Command(
            "twinserve.delivery.bundle.verify",
            "hold locks, model and bundles to each other, by hash",
        ),
        "sbom": Command(
            "twinserve.delivery.bundle.sbom", "list what the service's image holds, as CycloneDX"
        ),
    },
    "Try both targets on this machine": {
        "rehearse": Command(
            "twinserve.delivery.local.rehearse",
            "reproduce, serve, check and measure on this machine",
        ),
        "serve": Command("twinserve.delivery.local.serve", "serve both bundles until Ctrl-C"),
        "clients": Command(
            "twinserve.delivery.clients", "typed clients of the endpoints, Python and TypeScript"
        ),
        "build": Command(
            "twinserve.delivery.image.build",
            "make the service's image from its bundle, and push it",
        ),
        "check": Command(
            "twinserve.delivery.image.check", "run the image, and hold it to the contract"
        ),
        "matrix": Command(
            "twinserve.delivery.probe.matrix",
            "cold starts over runtime, size, boost, image or function",
        ),
    },
    "Score whole files": {
        "score": Command(
            "twinserve.scoring.command", "CSV or Parquet to the same rows with predictions"
        ),
    },
    "Release to Google Cloud": {
        "push": Command(
            "twinserve.delivery.image.push", "push the image that was built, and record the build"
        ),
        "submit": Command(
            "twinserve.delivery.release.submit",
            "build in Cloud Build, by cloudbuild.yaml, and wait",
        ),
        "release": Command(
            "twinserve.delivery.release.transaction",
            "bring dist/, or a build, to both targets or neither",
        ),
        "tag": Command(
            "twinserve.delivery.tag",
            "GTO's tag of the model that was promoted, by GitHub's API",
        ),
        "status": Command(
            "twinserve.delivery.release.status", "what serves on both targets, and whether in step"
        ),
        "rollback": Command(
            "twinserve.delivery.release.rollback", "bring both targets back to an earlier release"
        ),
        "cleanup": Command(
            "twinserve.delivery.release.cleanup", "delete what no release needs, or everything"
        ),
    },
    "Measure and watch what serves": {
        "probe": Command(
            "twinserve.delivery.probe.deployed",
            "cold and warm latency of what serves on both targets",
        ),
        "history": Command(
            "twinserve.delivery.probe.history", "keep a measurement, and draw all that are kept"
        ),
        "monitor": Command(
            "twinserve.monitoring.command", "what both targets have logged: drift, errors, latency"
        ),
        "comparison": Command(
            "twinserve.comparison.page", "make docs/comparison.md from figures and prices"
        ),
    },
    "Develop": {
        "bench": Command("benchmarks.commands", "both targets beside floors, peers, themselves"),
        "review": Command(
            "twinserve.review.commands", "tell a reviewer what a pull request changes"
        ),
        "lock": Command("twinserve.delivery.bundle.locks", "compile the lock files anew"),
        "update": Command(
            "twinserve.delivery.update.command", "merge the engine's next version into a fork"
        ),
        "audit": Command("twinserve.renewal.audit", "known vulnerabilities of what is served"),
        "images": Command(
            "twinserve.delivery.image.pinned", "what cloudbuild.yaml pins, for a workflow"
        ),
        "support": Command(
            "twinserve.delivery.cloud.doctor.support",
            "what goes out of support soon, or was looked up long ago",
        ),
        "renew": Command(
            "twinserve.renewal.command", "newer packages, Python, tools or rows, on a branch"
        ),
        "reference": Command(
            "twinserve.config.reference", "make docs/parameters.md and its schema from the types"
        ),
    },
}
COMMANDS = {name: command for section in SECTIONS.values() for name, command in section.items()}


def parser_of(name: str) -> argparse.ArgumentParser:
    """The options of a command."""
    parser = argparse.ArgumentParser(prog=f"{PROGRAM} {name}", description=COMMANDS[name].help)
    module = import_module(COMMANDS[name].module)
    if hasattr(module, "add_arguments"):
        module.add_arguments(parser)
    return parser


def run_command(name: str, words: Sequence[str]) -> int | None:
    """Run a command; its exit code."""
    arguments = parser_of(name).parse_args(words)
    run: Callable[[argparse.Namespace], int | None] = import_module(COMMANDS[name].module).run
    return run(arguments)
