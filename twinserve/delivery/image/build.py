"""The service's bundle → an image on this machine, and with ``--push`` on to the registry."""

import argparse
import json
import re
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.bundle.archive import lay_out
from twinserve.delivery.bundle.assembly import DIST
from twinserve.delivery.bundle.identity import Identity, read_identity
from twinserve.delivery.bundle.manifest import compare, read_verified
from twinserve.delivery.image import push
from twinserve.delivery.image.score import with_scoring
from twinserve.delivery.names import BUNDLE_LABEL, cache_name, image_name, score_path
from twinserve.delivery.project import Cloud, open_cloud
from twinserve.targets.engine import Engine, Layer, Recipe, find_engine

CONTEXT = DIST / "service"
SERVICE, SCORE = TARGETS = ("service", "score")
# Tables are made for the narrowest terminal that people use.
WIDTH = 80
LAYER_WIDTH = 64


@dataclass(frozen=True, slots=True)
class Built:
    """The image of a release.

    Attributes:
        image: by tag.
        digest: of the registry, once it was pushed.
        base_bytes: of the image that it stands on, uncompressed.
        layers: what it adds to that.
    """

    release: str
    image: str
    digest: str | None
    commit: str
    model_sha256: str
    bundle: str
    base_bytes: int
    layers: tuple[Layer, ...]

    @property
    def own_bytes(self) -> int:
        """Above the base, uncompressed."""
        return sum(layer.size for layer in self.layers)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to build on, with what, and whether to push it."""
    push.add_arguments(parser)
    parser.add_argument("--push", action="store_true", help="push it and record its digest")
    parser.add_argument(
        "--target",
        choices=TARGETS,
        default=SERVICE,
        help="what the image is for; score: `twinserve score gs://…` (default: %(default)s)",
    )
    add_recipe_arguments(parser)


def add_recipe_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to build on, and how to reach packages meanwhile."""
    parser.add_argument(
        "--base-image", metavar="REF", help="another base image than the Dockerfile's"
    )
    parser.add_argument(
        "--pip-config", type=Path, metavar="FILE", help="pip's configuration while it is built"
    )
    parser.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="certificates while it is built; pip's configuration calls them /run/secrets/ca",
    )
    parser.add_argument("--network", default="", metavar="MODE", help="while it is built")


def run(arguments: argparse.Namespace) -> None:
    """See ``build``."""
    cloud = _open_cloud(arguments)
    console = cloud.console if cloud else Console(stderr=arguments.json, highlight=False)
    identity = read_identity(arguments.commit)
    files = read_verified(CONTEXT)
    if compare(files, str(CONTEXT)).bundle != identity.bundle:
        raise UserError(f"{CONTEXT} is no longer {identity.name}'s; run this again")
    recipe = recipe_of(identity, cloud, arguments)
    if arguments.dry_run:
        engine = Engine.presumed(arguments.engine)
        console.print(f"  {shlex.join(engine.build_command(recipe))}", markup=False, soft_wrap=True)
        if cloud and arguments.push:
            show = push.show_push if arguments.target == SERVICE else push.show_plain_push
            show(cloud, engine, identity)
        return
    if arguments.target == SCORE:
        files = with_scoring(files)
    base = arguments.base_image or base_image(CONTEXT)
    engine = find_engine(arguments.engine, base)
    with tempfile.TemporaryDirectory(prefix="twinserve-") as directory:
        # The very bytes that were verified, whatever becomes of dist/ meanwhile.
        context = Path(directory) / CONTEXT.name
        lay_out(files, context)
        built = build(engine, replace(recipe, context=context), base, identity)
    if cloud and arguments.push:
        built = replace(built, digest=_pushed(cloud, engine, identity, recipe.image))
    console.print(size_table(built), width=min(console.width, WIDTH))
    console.print(" ".join(filter(None, (built.image, built.digest))), soft_wrap=True)
    if arguments.json:
        print(json.dumps({**asdict(built), "own_bytes": built.own_bytes}, indent=2))


def _pushed(cloud: Cloud, engine: Engine, identity: Identity, image: str) -> str:
    """The digest under which the registry has the image; only a service's is a release's."""
    if image == image_name(cloud.deployment, cloud.project, identity.name):
        return push.push_image(cloud, engine, identity).image.partition("@")[2]
    return push.push_plain(cloud, engine, image)


def build(engine: Engine, recipe: Recipe, base: str, identity: Identity) -> Built:
    """Build the image that ``recipe`` names, on ``base``.

    Raises:
        UserError: the engine could not.
    """
    engine.build(recipe)
    below = engine.inspect(base)
    return Built(
        release=identity.name,
        image=recipe.image,
        digest=None,
        commit=identity.commit,
        model_sha256=identity.model_sha256,
        bundle=identity.bundle,
        base_bytes=below.size,
        layers=engine.inspect(recipe.image).above(below),
    )


def recipe_of(identity: Identity, cloud: Cloud | None, arguments: argparse.Namespace) -> Recipe:
    """The image and its context; its name is the registry's, or without a project local."""
    scores = arguments.target == SCORE
    if cloud is None:
        suffix = f"-{SCORE}" * scores
        image = f"{load_params().deployment.service.name}{suffix}:{identity.name}"
    elif scores:
        image = f"{score_path(cloud.deployment, cloud.project)}:{identity.name}"
    else:
        image = image_name(cloud.deployment, cloud.project, identity.name)
    labels = {
        "org.opencontainers.image.version": identity.version,
        "org.opencontainers.image.revision": identity.commit,
        "io.twinserve.model-sha256": identity.model_sha256,
        BUNDLE_LABEL: identity.bundle,
    }
    cache = cache_name(cloud.deployment, cloud.project) if cloud and not scores else ""
    return replace(plain_recipe(CONTEXT, image, arguments, labels), cache=cache)


def plain_recipe(
    context: Path, image: str, arguments: argparse.Namespace, labels: Mapping[str, str]
) -> Recipe:
    """An image of a bundle, built as the arguments of ``add_recipe_arguments`` say.

    Raises:
        UserError: a file that they name is not there.
    """
    base = {"BASE_IMAGE": arguments.base_image} if arguments.base_image else {}
    files = {"pipconf": arguments.pip_config, "ca": arguments.ca}
    secrets = {name: path for name, path in files.items() if path is not None}
    for path in secrets.values():
        if not path.is_file():
            raise UserError(f"{path}: no such file")
    return Recipe(context, image, base, labels, secrets, arguments.network)


def base_image(context: Path) -> str:
    """The base image that the Dockerfile names, in its one place.

    Raises:
        UserError: it names none.
    """
    dockerfile = context / "Dockerfile"
    text = dockerfile.read_text(encoding="utf-8")
    match = re.search(r"^ARG BASE_IMAGE=(\S+)$", text, re.MULTILINE)
    if match is None:
        raise UserError(f"{dockerfile}: no line `ARG BASE_IMAGE=…`")
    return match[1]


def size_table(built: Built) -> Table:
    """The layers with their sizes, from the base up."""
    table = Table(title=f"Image {built.release}, uncompressed", title_justify="left")
    table.add_column("MB", justify="right")
    table.add_column("layer", overflow="ellipsis", no_wrap=True, max_width=LAYER_WIDTH)
    table.add_row(_megabytes(built.base_bytes), "the base image")
    for layer in built.layers:
        table.add_row(_megabytes(layer.size), escape(layer.made_by))
    table.add_section()
    table.add_row(_megabytes(built.own_bytes), "above the base")
    return table


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"


def _open_cloud(arguments: argparse.Namespace) -> Cloud | None:
    """The project; without one, or without gcloud, an image can still be built."""
    try:
        return open_cloud(arguments)
    except UserError:
        if arguments.push or arguments.project:
            raise
        return None
