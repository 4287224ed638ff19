"""A build → the project: image to the registry, source and record to the bucket."""

import argparse
import shlex

from twinserve.config.errors import UserError
from twinserve.delivery.bundle.identity import Identity, read_identity
from twinserve.delivery.names import BUNDLE_LABEL, cache_name, image_name, score_path
from twinserve.delivery.project import Cloud, add_cloud_arguments, open_cloud
from twinserve.delivery.release.builds import UNKNOWN_DIGEST, BuildRecord, keep_build
from twinserve.targets.engine import NAMES, Engine, find_engine


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
    if cloud.dry_run:
        show_push(cloud, Engine.presumed(arguments.engine), identity)
        return
    image = image_name(cloud.deployment, cloud.project, identity.name)
    engine = find_engine(arguments.engine, image, pull=False)
    build = push_image(cloud, engine, identity)
    digest = build.image.partition("@")[2]
    cloud.say(f"{image} {digest}")
    cloud.result(
        {
            "release": identity.name,
            "image": image,
            "digest": digest,
            "function": f"sha256:{build.function}",
        }
    )


def push_image(cloud: Cloud, engine: Engine, identity: Identity) -> BuildRecord:
    """Push the release's image, put the function's source beside it, and record both.

    Raises:
        UserError: the image is of another bundle, or the registry or the bucket did not take it.
    """
    image = image_name(cloud.deployment, cloud.project, identity.name)
    if engine.inspect(image).labels.get(BUNDLE_LABEL) != identity.bundle:
        raise UserError(f"{image} was built from another bundle; run `twinserve build`")
    token = cloud.gcloud.read_text("auth", "print-access-token").strip()
    cache = cache_name(cloud.deployment, cloud.project)
    return keep_build(cloud, identity, engine.push(image, token, cache=cache))


def push_plain(cloud: Cloud, engine: Engine, image: str) -> str:
    """Push an image that belongs to no release; its digest.

    Raises:
        UserError: the registry did not take it.
    """
    token = cloud.gcloud.read_text("auth", "print-access-token").strip()
    return engine.push(image, token)


def show_plain_push(cloud: Cloud, engine: Engine, identity: Identity) -> None:
    """Print the commands of ``push_plain``."""
    image = f"{score_path(cloud.deployment, cloud.project)}:{identity.name}"
    login = shlex.join(engine.login_command(image))
    cloud.console.print(f"  gcloud auth print-access-token | {login}", markup=False)
    cloud.console.print(f"  {shlex.join(engine.push_command(image))}", markup=False)


def show_push(cloud: Cloud, engine: Engine, identity: Identity) -> None:
    """Print the commands of ``push_image``."""
    image = image_name(cloud.deployment, cloud.project, identity.name)
    login = shlex.join(engine.login_command(image))
    cloud.console.print(f"  gcloud auth print-access-token | {login}", markup=False)
    cache = cache_name(cloud.deployment, cloud.project)
    for command in (engine.push_command(image), *engine.cache_commands(image, cache)):
        cloud.console.print(f"  {shlex.join(command)}", markup=False)
    keep_build(cloud, identity, UNKNOWN_DIGEST)
