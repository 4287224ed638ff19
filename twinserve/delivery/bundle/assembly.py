"""Assemble what each target runs: code, model, settings, requirements, and a manifest of it all."""

import argparse
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from twinserve.config.card import Card, load_card, read_file
from twinserve.config.errors import UserError
from twinserve.config.layout import (
    CARD_NAME,
    MANIFEST_NAME,
    PAGE_NAME,
    REQUIREMENTS_NAME,
    SERVED_NAME,
    SETTINGS_NAME,
)
from twinserve.config.params import load_params
from twinserve.config.serving import Serving, bundle_lock
from twinserve.delivery.bundle.manifest import FILE_MODE, FOLDER_MODE, read_manifest
from twinserve.delivery.page.composition import compose
from twinserve.delivery.page.evaluation import read_evaluation
from twinserve.inference.custom import CUSTOM, own_modules
from twinserve.inference.protocols.include import default_of

DIST = Path("dist")
MODELS = Path("models")
TARGETS = ("service", "function")
# Only these of `config` are for serving; the rest reads params.yaml, which stays here.
CONFIG_FILES = ("__init__.py", "card.py", "drift.py", "errors.py", "layout.py")
# What only functions-framework's process needs of `inference`.
FUNCTION_ONLY = ("direct.py", "worker.py")
# Beside a runtime's own module, those that it imports for some models.
RUNTIME_FILES = {"compiled": ("mixture.py",), "onnx": ("frame.py",), "joblib": ("frame.py",)}
# The compiled runtime's second module, and the symbol of the models that need it.
MIXTURE = "twinserve/inference/runtimes/mixture.py"
MIXTURE_SYMBOL = b"model_mixture"
# What loads the user's own code: a bundle without any does not carry it.
OWN_CODE_ONLY = frozenset(
    {
        "service/routes.py",
        "service/served.py",
        "service/step_schemas.py",
        "twinserve/inference/custom.py",
        "twinserve/inference/steps.py",
    }
)
# In the form that both kinds of ignore file understand.
IGNORED = "**/__pycache__\n"
IGNORE_NAMES = (".dockerignore", ".gcloudignore")


def run(_arguments: argparse.Namespace) -> None:
    """Assemble, and say how large each bundle is."""
    for target, path in assemble().items():
        files = [file for file in path.rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in files)
        print(f"{target:<9} {path}  {len(files)} files, {size / 1e3:.0f} kB")
    print(f"bundle    {read_bundle_hash(path)[:12]}")


def assemble() -> dict[str, Path]:
    """Make ``dist/service`` and ``dist/function`` anew; nothing changes if that fails.

    Raises:
        UserError: a file that belongs in a bundle is missing, or the settings do not fit the model.
    """
    contents = {target: _contents(target) for target in TARGETS}
    # One hash over both: a release is one bundle on two targets, and its name says which.
    digests = {target: _digests(files) for target, files in contents.items()}
    bundle_hash = combined_hash(digests)
    DIST.mkdir(exist_ok=True)
    DIST.chmod(FOLDER_MODE)
    for target, files in contents.items():
        manifest = {"bundle": bundle_hash, "target": target, "files": digests[target]}
        text = json.dumps(manifest, indent=2) + "\n"
        _replace(DIST / target, {**files, MANIFEST_NAME: text.encode()})
    return {target: DIST / target for target in TARGETS}


def combined_hash(digests: Mapping[str, Mapping[str, str]]) -> str:
    """SHA-256 over the files of both bundles, given as digests by target and name."""
    lines = [
        f"{digest}  {target}/{name}\n"
        for target in TARGETS
        for name, digest in digests[target].items()
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_bundle_hash(bundle: Path) -> str:
    """The hash that both bundles of one assembly share.

    Raises:
        UserError: there is no manifest, or it is none.
    """
    return read_manifest(bundle).bundle


def bundled_card() -> Card:
    """The card in the service's bundle.

    Raises:
        UserError: there is no bundle.
    """
    path = DIST / "service" / CARD_NAME
    if not path.exists():
        raise UserError(f"{path.parent}: no bundle there; make it with `make repro`")
    return load_card(path)


def _contents(target: str) -> dict[str, bytes]:
    """Every file of one bundle but its manifest, by its path in the bundle, sorted."""
    card = load_card(MODELS / CARD_NAME)
    sources = {
        CARD_NAME: MODELS / CARD_NAME,
        card.served: MODELS / SERVED_NAME / card.served,
        REQUIREMENTS_NAME: bundle_lock(target, card.runtime, card.estimator),
    }
    sources["twinserve/__init__.py"] = Path("twinserve/__init__.py")
    sources |= {
        f"twinserve/config/{name}": Path("twinserve/config") / name for name in CONFIG_FILES
    }
    sources |= {
        str(path): path
        for path in sorted(Path("twinserve/inference").rglob("*.py"))
        if path.parent.name != "runtimes"
        and (target == "function" or path.name not in FUNCTION_ONLY)
    }
    sources |= {str(path): path for path in _own_files()}
    for name in ("__init__.py", f"{card.runtime}.py", *RUNTIME_FILES[card.runtime]):
        sources[f"twinserve/inference/runtimes/{name}"] = (
            Path("twinserve/inference/runtimes") / name
        )
    if target == "function":
        # functions-framework wants main.py at the top.
        sources["main.py"] = Path("function/main.py")
    else:
        sources |= {str(path): path for path in Path(target).glob("*.py")}
        # The bundle is the image's whole build context.
        sources["Dockerfile"] = Path("service/Dockerfile")
    files = {name: _read(path) for name, path in sources.items()}
    for name in _spared(files[card.served]):
        files.pop(name, None)
    params = load_params()
    default_of(params.serving.include, card)
    files[SETTINGS_NAME] = _settings(params.serving)
    files[PAGE_NAME] = _compressed(compose(card, params, read_evaluation()))
    files |= dict.fromkeys(IGNORE_NAMES, IGNORED.encode())
    return dict(sorted(files.items()))


def _spared(artifact: bytes) -> set[str]:
    """Modules that no request to this model can reach."""
    spared = set() if own_modules(Path()) else set(OWN_CODE_ONLY)
    return spared if MIXTURE_SYMBOL in artifact else {*spared, MIXTURE}


def _compressed(page: bytes) -> bytes:
    """The page as a gzip file: the same bytes on each machine, whose own zlib may differ."""
    # Of the pipeline's environment; others import this module only for what is in a bundle.
    import cramjam

    return bytes(cramjam.gzip.compress(page, level=9))


def _settings(serving: Serving) -> bytes:
    """What ``params.yaml`` says of serving, as a server reads it."""
    settings = {
        "max_body_bytes": serving.max_body_bytes,
        "allowed_origins": list(serving.allowed_origins),
        "include": list(serving.include),
        "max_rows": serving.max_rows,
        "max_batch_bytes": serving.max_batch_bytes,
        "drift_window": serving.monitoring.window if serving.monitoring.enabled else 0,
        "log_every_s": serving.monitoring.log_every_s,
        **_own_settings(serving),
        **serving.connections.model_dump(),
    }
    return (json.dumps(settings, indent=2) + "\n").encode()


def _own_files() -> list[Path]:
    """What the user has put into ``custom/``; the README there is ours."""
    return [
        path
        for path in sorted(Path(CUSTOM).rglob("*"))
        if path.is_file() and path.name != "README.md" and path.suffix != ".pyc"
    ]


def _own_settings(serving: Serving) -> dict[str, object]:
    """Which modules of the user's own there are, and which paths their routes answer."""
    own = sorted(own_modules(Path()))
    if not own:
        return {}
    settings: dict[str, object] = {"own": own}
    if "routes" in own:
        # By name: `service` is the fork's, and is read here as its commands are, not built upon.
        routes = import_module("service.routes").load_routes(Path.cwd())
        settings["routes"] = routes.patterns
        settings["routes_at_start"] = serving.routes_at_start
    return settings


def _read(path: Path) -> bytes:
    return read_file(path, "but the bundle needs it", most=None)


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _replace(directory: Path, files: Mapping[str, bytes]) -> None:
    """Put a whole folder in the place of another, the same modes whatever the umask."""
    made = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    for name, content in files.items():
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(FILE_MODE)
    for folder in (made, *(path for path in made.rglob("*") if path.is_dir())):
        folder.chmod(FOLDER_MODE)
    if directory.is_symlink() or directory.is_file():
        directory.unlink()
    elif directory.exists():
        shutil.rmtree(directory)
    made.rename(directory)
