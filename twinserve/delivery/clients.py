"""Typed clients for Python and TypeScript, made of the served OpenAPI document.

openapi-python-client makes the one, openapi-typescript the types of the other, which openapi-fetch
asks by. Both generators, and the Node.js that the second needs, are locked: locks/clients.txt and
locks/typescript.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME
from twinserve.config.variables import tool_environment, user_environment
from twinserve.targets.environment import ensure_environment
from twinserve.targets.local import local_service
from twinserve.targets.opener import ask
from twinserve.targets.ready import wait_until_answering

LANGUAGES = ("python", "typescript")
DEFAULT = Path("reports/clients")
BUNDLE = Path("dist/service")
PYTHON_LOCK = Path("locks/clients.txt")
NODE_LOCK = Path("locks/typescript")
NODE_FILES = ("package.json", "package-lock.json")
NODE_WORK = Path(".cache/clients")
DOCUMENT = "openapi.json"
# The first request for it imports FastAPI.
ANSWER_WITHIN_S = 60.0
FETCH = "openapi-fetch"
# What an application imports: the types say what each path takes and answers.
CLIENT = """\
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

/** A client of the endpoint at this URL; a function's and a service's take the same requests. */
export const connect = (baseUrl: string) => createClient<paths>({ baseUrl });
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, and which."""
    parser.add_argument("out", type=Path, nargs="?", default=DEFAULT, help="default: %(default)s")
    parser.add_argument("--only", choices=LANGUAGES, help="one of them")


def run(arguments: argparse.Namespace) -> None:
    """Make them, and name each folder."""
    languages = [arguments.only] if arguments.only else LANGUAGES
    for path in make_clients(arguments.out, languages):
        print(path)


def make_clients(out: Path, languages: "list[str] | tuple[str, ...]" = LANGUAGES) -> list[Path]:
    """Make clients of what the service's bundle documents, a folder each.

    Raises:
        UserError: there is no bundle, or a generator cannot be had or fails.
    """
    name = load_card(BUNDLE / CARD_NAME).name
    out.mkdir(parents=True, exist_ok=True)
    document = out / DOCUMENT
    document.write_bytes(served_document())
    makers = {"python": _make_python, "typescript": _make_typescript}
    return [makers[language](document, name, out / language) for language in languages]


def served_document() -> bytes:
    """The OpenAPI document, as the service serves it."""
    with local_service(BUNDLE).start() as endpoint:
        wait_until_answering(endpoint)
        url = f"{endpoint.url}/{DOCUMENT}"
        reply = ask(url, ANSWER_WITHIN_S, headers=endpoint.headers)
    if reply.status != HTTPStatus.OK:
        raise UserError(f"the service answers {reply.status} at /{DOCUMENT}: {reply.body[:200]!r}")
    return reply.body


def _make_python(document: Path, name: str, folder: Path) -> Path:
    """A package that needs httpx and attrs."""
    package = f"{re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_') or 'model'}_client"
    names = {"project_name_override": package.replace("_", "-"), "package_name_override": package}
    # JSON is YAML, as the generator reads it.
    config = document.parent / "python.json"
    config.write_text(json.dumps(names), encoding="utf-8")
    generator = ensure_environment(PYTHON_LOCK).parent / "openapi-python-client"
    command = [str(generator), "generate", "--path", str(document), "--output-path", str(folder)]
    try:
        # It formats what it has made with the ruff that lies beside it.
        _run(
            [*command, "--config", str(config), "--overwrite", "--meta", "setup"],
            tool_environment() | tools_path(),
        )
    finally:
        config.unlink()
    return folder


def _make_typescript(document: Path, name: str, folder: Path) -> Path:
    """A module that needs openapi-fetch."""
    tools = ensure_node_modules()
    folder.mkdir(parents=True, exist_ok=True)
    generator = tools / "node_modules/.bin/openapi-typescript"
    schema = folder / "schema.ts"
    environment = tool_environment() | tools_path()
    _run([str(generator), str(document), "--output", str(schema)], environment)
    (folder / "client.ts").write_text(CLIENT, encoding="utf-8")
    fetch = json.loads((NODE_LOCK / "package.json").read_bytes())["dependencies"][FETCH]
    package: dict[str, Any] = {
        "name": f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or 'model'}-client",
        "version": load_card(BUNDLE / CARD_NAME).version.removeprefix("v"),
        "type": "module",
        "exports": "./client.ts",
        "dependencies": {FETCH: fetch},
    }
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")
    return folder


def ensure_node_modules(lock: Path = NODE_LOCK) -> Path:
    """The folder whose ``node_modules`` are those of the lock: made once for each content of it.

    Raises:
        UserError: npm cannot install them.
    """
    content = b"".join((lock / name).read_bytes() for name in NODE_FILES)
    folder = NODE_WORK.resolve() / hashlib.sha256(content).hexdigest()[:16]
    ready = folder / "ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in NODE_FILES:
            shutil.copy(lock / name, folder)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        environment = user_environment() | tools_path()
        _run(["npm", "ci", f"--prefix={folder}", *quiet], environment)
        ready.touch()
    return folder


def tools_path() -> dict[str, str]:
    """A search path that begins with the locked Node.js and its npm."""
    tools = ensure_environment(PYTHON_LOCK).parent
    return {"PATH": f"{tools}:{tool_environment()['PATH']}"}


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise UserError(f"`{Path(command[0]).name} {command[1]}` failed; its own lines say why")
