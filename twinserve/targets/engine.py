"""A container engine, Docker or Podman, whichever can run something here: build, push, look."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.variables import user_environment

NAMES = ("docker", "podman")
# Cloud Run's.
PLATFORM = "linux/amd64"
# The first use of a base image may have to fetch it.
PROBE_LIMIT_S = 600.0
# Artifact Registry's name for whoever comes with an access token.
TOKEN_USER = "oauth2accesstoken"  # noqa: S105 - a user's name
ASK_LIMIT_S = 60.0

OnLine = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Layer:
    """The layer of an instruction; bytes, uncompressed."""

    size: int
    made_by: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image that the engine has.

    Attributes:
        layers: from the bottom up, without empty ones.
        user: that it runs as.
    """

    id: str
    layers: tuple[Layer, ...]
    labels: Mapping[str, str]
    user: str

    @property
    def size(self) -> int:
        """The bytes of all layers."""
        return sum(layer.size for layer in self.layers)

    def above(self, base: "Image") -> tuple[Layer, ...]:
        """The layers that do not come from ``base``."""
        return self.layers[len(base.layers) :]


@dataclass(frozen=True, slots=True)
class Recipe:
    """An image to be built.

    Attributes:
        context: folder with the Dockerfile.
        arguments: of the build, by name.
        labels: of the image, beside those of the Dockerfile.
        secrets: files that are there during the build only, by id.
        network: of the build's commands; the engine's default if empty.
        cache: an image that need not be there, whose layers Docker takes where it can.
    """

    context: Path
    image: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)
    network: str = ""
    cache: str = ""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine of ``NAMES``; both take the same arguments but where a method says otherwise."""

    name: str

    @classmethod
    def presumed(cls, wanted: str) -> "Engine":
        """The one that would be used, as far as that shows without running anything."""
        there = [name for name in NAMES if shutil.which(name)] or list(NAMES)
        return cls(there[0] if wanted == "auto" else wanted)

    def build_command(self, recipe: Recipe) -> list[str]:
        """The command of ``build``."""
        command = [self.name, "build", "--platform", PLATFORM]
        if self.name == "podman":
            # The OCI format has no HEALTHCHECK.
            command += ["--format", "docker"]
        elif recipe.cache:
            command += ["--cache-from", recipe.cache, "--build-arg", "BUILDKIT_INLINE_CACHE=1"]
        if recipe.network:
            command += ["--network", recipe.network]
        for name, path in recipe.secrets.items():
            command += ["--secret", f"id={name},src={path}"]
        for name, value in recipe.arguments.items():
            command += ["--build-arg", f"{name}={value}"]
        for name, value in recipe.labels.items():
            command += ["--label", f"{name}={value}"]
        return [*command, "--tag", recipe.image, str(recipe.context)]

    def push_command(self, image: str, digest_file: Path | None = None) -> list[str]:
        """The command of ``push``; Podman writes the digest to a file, Docker is asked for it."""
        to_file = self.name == "podman" and digest_file is not None
        return [self.name, "push", *(["--digestfile", str(digest_file)] if to_file else []), image]

    def cache_commands(self, image: str, cache: str) -> list[list[str]]:
        """The commands of ``push`` after that; Podman takes its layers from no single image."""
        commands = [["docker", "tag", image, cache], self.push_command(cache)]
        return commands if self.name == "docker" and cache else []

    def build(self, recipe: Recipe, on_line: OnLine = sys.stderr.write) -> None:
        """Build the image; ``on_line`` gets what the engine prints, as it comes.

        Raises:
            UserError: the build failed.
        """
        self._follow(self.build_command(recipe), on_line)

    def login_command(self, image: str) -> list[str]:
        """The first command of ``push``, with the token on its standard input."""
        registry = image.partition("/")[0]
        return [self.name, "login", f"--username={TOKEN_USER}", "--password-stdin", registry]

    def push(
        self, image: str, token: str, on_line: OnLine = sys.stderr.write, *, cache: str = ""
    ) -> str:
        """Push the image with an access token; the digest under which the registry has it.

        Docker pushes it as ``cache`` too, for the next one's recipe. The token is kept in a folder
        that goes with this call, never in the user's own settings.

        Raises:
            UserError: the registry did not take it.
        """
        with tempfile.TemporaryDirectory() as directory:
            kept = {
                "DOCKER_CONFIG": directory,
                "REGISTRY_AUTH_FILE": str(Path(directory) / "auth.json"),
            }
            self._login(image, token, kept)
            digest_file = Path(directory) / "digest"
            self._follow(self.push_command(image, digest_file), on_line, kept)
            for command in self.cache_commands(image, cache):
                self._follow(command, on_line, kept)
            if digest_file.exists():
                return digest_file.read_text(encoding="ascii").strip()
        repository = image.rpartition(":")[0]
        digests = self.ask("image", "inspect", "--format", "{{json .RepoDigests}}", image)
        for reference in json.loads(digests) or ():
            name, _, digest = reference.partition("@")
            if name == repository:
                return str(digest)
        raise UserError(f"{image}: {self.name} pushed it, but names no digest for it")

    def inspect(self, image: str) -> Image:
        """The parts of an image.

        Raises:
            UserError: the engine does not have it.
        """
        (described,) = json.loads(self.ask("image", "inspect", image))
        config = described["Config"]
        return Image(
            id=described["Id"].removeprefix("sha256:"),
            layers=tuple(layer for layer in reversed(self._history(image)) if layer.size),
            labels=config.get("Labels") or {},
            user=config.get("User") or "",
        )

    def ask(self, *arguments: str) -> str:
        """The output of a short command of the engine.

        Raises:
            UserError: with the last line that it printed on stderr, or that nothing came.
        """
        try:
            done = self._run(arguments, ASK_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise UserError(f"{self.name} {arguments[0]}: no answer in {ASK_LIMIT_S:g} s") from None
        if done.returncode:
            raise UserError(f"{self.name} {arguments[0]} failed: {_reason(done)}")
        return done.stdout

    def fault(self, image: str, *, pull: bool) -> str | None:
        """Why it cannot run ``image`` here, or None if it can."""
        if shutil.which(self.name) is None:
            return "not on the PATH"
        pulling = "--pull=missing" if pull else "--pull=never"
        code = ("python", "-c", "print(6 * 7)")
        try:
            command = ("run", "--rm", pulling, "--network=none", image, *code)
            done = self._run(command, PROBE_LIMIT_S)
        except subprocess.TimeoutExpired:
            return f"nothing has run in {PROBE_LIMIT_S:g} s"
        return None if done.stdout.strip() == "42" else _reason(done)

    def _history(self, image: str) -> list[Layer]:
        """From the top down."""
        wanted, size = ("json", "size") if self.name == "podman" else ("{{json .}}", "Size")
        text = self.ask("history", "--no-trunc", "--human=false", "--format", wanted, image)
        # Docker writes a document a line.
        lines = [text] if self.name == "podman" else [f"[{line}]" for line in text.splitlines()]
        layers = (layer for line in lines for layer in json.loads(line))
        return [Layer(int(layer[size]), _readable(layer["CreatedBy"])) for layer in layers]

    def _login(self, image: str, token: str, kept: dict[str, str]) -> None:
        done = subprocess.run(
            self.login_command(image),
            env=self.environment() | kept,
            input=token,
            capture_output=True,
            text=True,
            check=False,
            timeout=ASK_LIMIT_S,
        )
        if done.returncode:
            raise UserError(f"{self.name} login failed: {_reason(done)}")

    def _follow(
        self, command: list[str], on_line: OnLine, kept: dict[str, str] | None = None
    ) -> None:
        with subprocess.Popen(
            command,
            env=self.environment() | (kept or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            said = "nothing"
            for line in process.stdout or ():
                said = line.strip() or said
                on_line(line)
        if process.returncode:
            raise UserError(f"{self.name} {command[1]} failed: {said[:500]}")

    def _run(self, arguments: tuple[str, ...], limit_s: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.name, *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_s,
        )

    def environment(self) -> dict[str, str]:
        """The variables that it is run with."""
        # Docker's older builder knows no secrets.
        return user_environment() | ({"DOCKER_BUILDKIT": "1"} if self.name == "docker" else {})


def find_engine(wanted: str, image: str, *, pull: bool = True) -> Engine:
    """The engine called ``wanted``, or for ``auto`` the first one, that can run ``image``.

    It is asked to run something: a client without its daemon, or an engine that starts nothing in
    this environment, answers every other question well. ``pull`` lets it fetch the image.

    Raises:
        UserError: none can; the line says why of each.
    """
    faults = []
    for name in NAMES if wanted == "auto" else (wanted,):
        engine = Engine(name)
        fault = engine.fault(image, pull=pull)
        if fault is None:
            return engine
        faults.append(f"{name}: {fault}")
    cure = "install and start Docker or Podman"
    if not pull:
        cure = f"build it with `twinserve build`, or {cure}"
    raise UserError(f"no container engine can run {image} ({'; '.join(faults)}): {cure}")


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    # Docker ends with a hint about its help.
    said = [line for line in lines if line.strip() and "--help'" not in line] or lines
    return said[-1].strip().removeprefix(f"{done.args[0]}: ")[:500]


def _readable(created_by: str) -> str:
    """An instruction as the Dockerfile has it, or nearly so."""
    text = " ".join(created_by.removesuffix("# buildkit").split())
    text = re.sub(r"^(RUN )?(\|\d+ .*? )?/bin/sh -c (?!#\(nop\))", "RUN ", text)
    text = text.removeprefix("/bin/sh -c #(nop) ").strip()
    return re.sub(r"^(COPY|ADD) \w+:[0-9a-f]{64} in ", r"\1 ", text)
