"""The chain from the locks to what is served, link by link, with nothing but this machine."""

import argparse
import hashlib
import inspect
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from twinserve.config.card import Card, load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME, MANIFEST_NAME, REQUIREMENTS_NAME, SERVED_NAME
from twinserve.config.params import load_params
from twinserve.config.serving import bundle_lock
from twinserve.delivery.bundle import contents
from twinserve.delivery.bundle.assembly import (
    DIST,
    IGNORE_NAMES,
    MODELS,
    TARGETS,
    combined_hash,
    read_bundle_hash,
)
from twinserve.delivery.bundle.identity import UNKNOWN, read_identity
from twinserve.delivery.bundle.manifest import find_fault, read_manifest, verify_bundle
from twinserve.delivery.data import dvc as data
from twinserve.delivery.names import BUNDLE_LABEL
from twinserve.targets.engine import NAMES, Engine, find_engine
from twinserve.training.engine import stale_stages
from twinserve.training.fitting.pickled import read_pickled

LOCKS = Path("locks")
REQUIREMENT = re.compile(r"^[A-Za-z0-9][\w.-]*(\[[\w,-]+\])?==\S+")
HASH = "--hash=sha256:"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the image to look into, if there is one."""
    parser.add_argument(
        "--image",
        nargs="?",
        const="",
        metavar="REF",
        help="look into the service's image too; by default the image that `build` has made here",
    )
    parser.add_argument("--engine", choices=("auto", *NAMES), default="auto")


def run(arguments: argparse.Namespace) -> None:
    """Say of each link that it holds.

    Raises:
        UserError: the first that does not.
    """
    for link, verify in LINKS:
        verify()
        print(f"ok  {link}")
    if arguments.image is not None:
        image = arguments.image or local_image()
        verify_image(find_engine(arguments.engine, image, pull=False), image)
        print(f"ok  image {image}: labels and every file of the bundle")
    print(f"bundle {read_bundle_hash(DIST / TARGETS[0])}")


def local_image() -> str:
    """The name by which `build` calls this tree's image when it is told no project."""
    return f"{load_params().deployment.service.name}:{read_identity(UNKNOWN).name}"


def verify_image(engine: Engine, image: str) -> None:
    """The image is labelled with the bundle's hash, and holds the bundle's files and no other.

    Their bytes, modes and bytecode, which Python runs there without a look at its source. It is the
    image's own Python that looks: an image that is hostile as a whole is caught by its digest.

    Raises:
        UserError: a label or a file differs, or the engine does not have the image.
    """
    bundle = DIST / TARGETS[0]
    label = engine.inspect(image).labels.get(BUNDLE_LABEL)
    expected = read_manifest(bundle)
    if label != expected.bundle:
        raise UserError(f"{image} is labelled with bundle {label}, not with that of {bundle}")
    # Isolated, so that no file of the image's stands in for a module of the standard library.
    code = ("python", "-I", "-S", "-c", inspect.getsource(contents), ".")
    listed = json.loads(engine.ask("run", "--rm", "--pull=never", "--network=none", image, *code))
    entries = {
        str(name): (str(kind), int(mode), str(held)) for name, (kind, mode, held) in listed.items()
    }
    # The engine reads its ignore files and leaves them out.
    if fault := find_fault(bundle, entries, optional=IGNORE_NAMES):
        raise UserError(f"{image}: {fault}, says {bundle / MANIFEST_NAME}; build it again")


def verify_locks() -> None:
    """Every requirement of every lock names one version and at least one hash.

    Raises:
        UserError: a requirement does not.
    """
    paths = sorted(LOCKS.rglob("*.txt"))
    if not paths:
        raise UserError(f"{LOCKS}: no lock files; make them with `make lock`")
    for path in paths:
        for requirement in requirements(path.read_text(encoding="utf-8")):
            if not REQUIREMENT.match(requirement) or HASH not in requirement:
                raise UserError(
                    f"{path}: {requirement.split(' ')[0]!r} is not one version with its hashes; "
                    "compile the locks anew with `make lock`"
                )


def requirements(text: str) -> Iterable[str]:
    """The requirements of a lock file, each in one line with its hashes."""
    for line in text.replace("\\\n", " ").splitlines():
        content = re.sub(r"(^|\s)#.*$", "", line).strip()
        if content:
            yield " ".join(content.split())


def verify_outputs() -> None:
    """What DVC's stages made is what ``dvc.lock`` says, and nothing they read has changed since.

    Raises:
        UserError: an output or a dependency differs.
    """
    data.prepare()
    stale = stale_stages(Path())
    status = data.dvc("status", "--json", capture=True)
    if status.returncode:
        raise UserError("dvc status failed; DVC's own line above says why")
    # DVC cannot know that of a stage which is to run each time; it is looked at here.
    told = {stage for stage, why in json.loads(status.stdout).items() if why != ["always changed"]}
    if changed := [*stale, *sorted(told - set(stale))]:
        raise UserError(f"not as in dvc.lock: {', '.join(changed)}; run `make repro`")


def verify_card() -> None:
    """Each artifact has the SHA-256 that the model card gives, the pickle that in git too.

    Raises:
        UserError: a file is missing or another.
    """
    card = load_card(MODELS / CARD_NAME)
    for name, expected in card.artifacts.items():
        _compare(_made(card, name), expected, f"{MODELS / CARD_NAME} says {expected[:12]}")
    read_pickled()


def verify_bundles() -> None:
    """Both bundles hold what their manifests say, and one hash stands for both.

    Raises:
        UserError: a file is missing, extra or changed, or the hashes disagree.
    """
    for target in TARGETS:
        verify_bundle(DIST / target)
    manifests = {target: read_manifest(DIST / target) for target in TARGETS}
    expected = combined_hash({target: manifest.files for target, manifest in manifests.items()})
    for target, manifest in manifests.items():
        if manifest.bundle != expected:
            raise UserError(
                f"{DIST / target / MANIFEST_NAME} is of another assembly than the files beside it; "
                "make both anew with `dvc repro --force bundle`"
            )


def verify_contents() -> None:
    """What the bundles install and serve is what the locks and the model card name.

    Raises:
        UserError: a requirement, the card or the model differs.
    """
    card = load_card(MODELS / CARD_NAME)
    for target in TARGETS:
        lock = bundle_lock(target, card.runtime, card.estimator)
        _same(DIST / target / REQUIREMENTS_NAME, lock)
        for name in (CARD_NAME, card.served):
            _same(DIST / target / name, _made(card, name))


def _made(card: Card, name: str) -> Path:
    """Where a stage has put the file of this name."""
    return MODELS / SERVED_NAME / name if name == card.served else MODELS / name


def _same(path: Path, other: Path) -> None:
    _compare(path, _digest(other), f"{other} has {_digest(other)[:12]}")


def _compare(path: Path, expected: str, why: str) -> None:
    digest = _digest(path)
    if digest != expected:
        raise UserError(f"{path} has SHA-256 {digest[:12]}, but {why}; run `make repro`")


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; make it with `make repro`") from None


LINKS: tuple[tuple[str, Callable[[], None]], ...] = (
    ("every lock: one version and its hashes for each requirement", verify_locks),
    ("dvc.lock: every input and output is as locked", verify_outputs),
    ("model card: every artifact has its SHA-256", verify_card),
    ("manifests: both bundles hold what was assembled", verify_bundles),
    ("bundles: requirements from the locks, model and card from models/", verify_contents),
)
