"""Cloud Build on this machine: what it would refuse, and its steps, run one by one or side by side.

Sources: Cloud Build's documentation, "Build configuration file schema", "Configuring the order of
build steps" and "Substituting variable values".
"""

import re
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

AT_ONCE = "-"
BUILT_IN = {
    "PROJECT_ID", "BUILD_ID", "PROJECT_NUMBER", "LOCATION", "TRIGGER_NAME", "COMMIT_SHA",
    "REVISION_ID", "SHORT_SHA", "REPO_NAME", "REPO_FULL_NAME", "BRANCH_NAME", "TAG_NAME",
    "REF_NAME", "TRIGGER_BUILD_CONFIG_PATH", "SERVICE_ACCOUNT_EMAIL", "SERVICE_ACCOUNT",
}  # fmt: skip
REFERENCE = re.compile(r"\$\$|\$\{([A-Z_][A-Z0-9_]*)\}|\$([A-Z_][A-Z0-9_]*)")
PINNED = re.compile(r"^[^@\s]+@sha256:[0-9a-f]{64}$")
WORKSPACE = "/workspace"
HOME = "/builder/home"


@dataclass(frozen=True, slots=True)
class Step:
    """A step, ``wait_for`` resolved: the ids that must be done before it begins."""

    id: str
    image: str
    command: tuple[str, ...]
    environment: tuple[str, ...]
    wait_for: tuple[str, ...]
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the steps ended, in the order in which they did; those not begun are absent."""

    exit_codes: Mapping[str, int]
    outputs: Mapping[str, str]

    @property
    def succeeded(self) -> bool:
        """Whether every step that began ended well."""
        return not any(self.exit_codes.values())


def read(path: Path) -> dict[str, Any]:
    """The file as it is written."""
    content = yaml.safe_load(path.read_text())
    assert isinstance(content, dict)
    return content


def steps(build: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps; one that names none to wait for waits for all before it."""
    resolved: list[Step] = []
    for number, raw in enumerate(build["steps"]):
        before = tuple(step.id for step in resolved)
        wait_for = tuple(raw["waitFor"]) if "waitFor" in raw else before
        resolved.append(
            Step(
                id=str(raw.get("id", f"#{number}")),
                image=str(raw["name"]),
                command=(
                    *([raw["entrypoint"]] if "entrypoint" in raw else []),
                    *raw.get("args", []),
                ),
                environment=tuple(raw.get("env", [])),
                wait_for=() if wait_for == (AT_ONCE,) else wait_for,
                timeout_s=float(raw["timeout"].removesuffix("s")) if "timeout" in raw else None,
            )
        )
    return tuple(resolved)


def faults(build: Mapping[str, Any]) -> list[str]:
    """A line for whatever Cloud Build refuses, or does silently otherwise than meant."""
    lines = []
    before: set[str] = set()
    for step in steps(build):
        if step.id in before or step.id.startswith("#"):
            lines.append(f"{step.id}: has no id of its own")
        lines += [
            f"{step.id}: waits for {earlier}, which no earlier step is"
            for earlier in step.wait_for
            if earlier not in before
        ]
        if not PINNED.match(step.image):
            lines.append(f"{step.id}: {step.image} is not pinned by digest")
        if step.timeout_s is None:
            lines.append(f"{step.id}: has no timeout")
        before.add(step.id)
    declared = set(build.get("substitutions", {}))
    used = _references(build["steps"])
    given = _references(build.get("substitutions", {}))
    lines += [f"${name} is not declared" for name in sorted((used | given) - declared - BUILT_IN)]
    lines += [f"${name} is declared and not used" for name in sorted(declared - used)]
    lines += [
        f"${name}: a substitution's own name begins with an underscore"
        for name in sorted(declared)
        if not name.startswith("_")
    ]
    return lines


def _references(content: object) -> set[str]:
    if isinstance(content, Mapping):
        return set().union(*map(_references, content.values()))
    if isinstance(content, list):
        return set().union(*map(_references, content))
    return {a or b for a, b in REFERENCE.findall(str(content)) if a or b}


@dataclass(frozen=True)
class Worker:
    """A machine for one build.

    Attributes:
        workspace: stands for ``/workspace``, where every step begins.
        home: stands for ``/builder/home``, which the steps share too.
        images: by name without tag and digest, a folder whose files stand for the image's.
        environment: what the images' own environment holds.
        on_begin: called with the id of each step before it runs.
    """

    workspace: Path
    home: Path
    images: Mapping[str, Path] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    on_begin: Callable[[str], None] = lambda _step: None

    def run(self, build: Mapping[str, Any], substitutions: Mapping[str, str]) -> Outcome:
        """Run every step when those that it waits for are done; a failure lets none begin."""
        values = dict.fromkeys(BUILT_IN, "") | dict(substitutions)
        for name, value in build.get("substitutions", {}).items():
            values.setdefault(name, substitute(str(value), values))
        codes: dict[str, int] = {}
        outputs: dict[str, str] = {}
        waiting = list(steps(build))
        with ThreadPoolExecutor(len(waiting)) as pool:
            running: dict[Future[subprocess.CompletedProcess[str]], str] = {}
            while True:
                if not any(codes.values()):
                    for step in [step for step in waiting if set(step.wait_for) <= set(codes)]:
                        waiting.remove(step)
                        running[pool.submit(self._step, step, values)] = step.id
                if not running:
                    return Outcome(codes, outputs)
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    name = running.pop(done)
                    codes[name] = done.result().returncode
                    outputs[name] = done.result().stdout

    def _step(self, step: Step, values: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        self.on_begin(step.id)
        root = self.images.get(re.split("[@:]", step.image)[0])
        command = [self._local(substitute(word, values), root) for word in step.command]
        own = dict(substitute(variable, values).split("=", 1) for variable in step.environment)
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **self.environment}
        environment |= {name: self._local(value, root) for name, value in own.items()}
        program = self.workspace / command[0]
        if program.exists():
            command[0] = str(program)
        return subprocess.run(
            command,
            cwd=self.workspace,
            env={"HOME": str(self.home), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=step.timeout_s,
        )

    def _local(self, text: str, root: Path | None) -> str:
        """Let absolute paths of the build mean what stands for them here."""
        for there, here in ((WORKSPACE, self.workspace), (HOME, self.home)):
            text = text.replace(there, str(here))
        if root is None:
            return text
        for path in sorted(root.rglob("*"), key=lambda path: -len(str(path))):
            there = f"/{path.relative_to(root)}"
            text = re.sub(rf"(?<![\w.-]){re.escape(there)}(?![\w./-])", str(path), text)
        return text


def substitute(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of ``$NAME`` and ``${NAME}``; ``$$`` is a dollar sign."""
    return REFERENCE.sub(
        lambda reference: "$" if reference[0] == "$$" else values[reference[1] or reference[2]],
        text,
    )
