"""The image of the release in ``dist/`` → the project's registry, with a record of its digest."""

import argparse
import shlex

from delivery.cloud import Cloud, add_cloud_arguments, open_cloud
from delivery.identity import Identity, read_identity
from delivery.names import image_name
from delivery.records import build_record, write_build
from targets.engine import NAMES, Engine, find_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project, the commit and the engine."""
    add_cloud_arguments(parser)
    parser.add_argument("--commit", help="git's; else $COMMIT_SHA, $GITHUB_SHA, or HEAD")
    add_engine_argument(parser)


def add_engine_argument(parser: argparse.ArgumentParser) -> None:
    """Take the engine."""
    parser.add_argument(
        "--engine",
        choices=("auto", *NAMES),
        default="auto",
        help="what builds and pushes; by default the first that works here",
    )


def run(arguments: argparse.Namespace) -> None:
    """Push what `build` has built before."""
    cloud = open_cloud(arguments)
    identity = read_identity(arguments.commit)
    if cloud.gcloud.dry_run:
        show_push(cloud, Engine.presumed(arguments.engine), identity)
        return
    image = image_name(cloud.deployment, cloud.gcloud.project, identity.name)
    engine = find_engine(arguments.engine, image, pull=False)
    digest = push_image(cloud, engine, identity)
    cloud.say(f"{image} {digest}")
    cloud.result({"release": identity.name, "image": image, "digest": digest})


def push_image(cloud: Cloud, engine: Engine, identity: Identity) -> str:
    """Push the release's image, and record its digest, by which it is deployed; the digest.

    Raises:
        UserError: the registry or the bucket did not take it.
    """
    token = cloud.gcloud.read_text("auth", "print-access-token").strip()
    digest = engine.push(image_name(cloud.deployment, cloud.gcloud.project, identity.name), token)
    write_build(cloud, build_record(cloud, identity, digest))
    return digest


def show_push(cloud: Cloud, engine: Engine, identity: Identity) -> None:
    """Print the commands of ``push_image``."""
    image = image_name(cloud.deployment, cloud.gcloud.project, identity.name)
    login = shlex.join(engine.login_command(image))
    cloud.console.print(f"  gcloud auth print-access-token | {login}", markup=False)
    cloud.console.print(f"  {shlex.join(engine.push_command(image))}", markup=False)
    write_build(cloud, build_record(cloud, identity, "sha256:…"))
