"""The machine that measures, as a reader of the numbers needs to know it."""

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
LIBRARIES = (
    "fastapi",
    "functions-framework",
    "httptools",
    "numpy",
    "onnxruntime",
    "scikit-learn",
    "scipy",
    "starlette",
    "uvicorn",
    "uvloop",
)


@dataclass(frozen=True, slots=True)
class Library:
    """A distribution that the locks name, and its version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Machine:
    """Hardware and software under a measurement."""

    cpu: str
    cores: int
    system: str
    python: str
    libraries: tuple[Library, ...]


def read_machine(cpuinfo: Path = CPUINFO) -> Machine:
    """Look at this machine."""
    return Machine(
        cpu=_cpu_model(cpuinfo),
        cores=_usable_cores(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        libraries=tuple(_installed()),
    )


def load_average() -> float | None:
    """Processes running or waiting over the last minute; None where the system does not tell."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


def _cpu_model(cpuinfo: Path) -> str:
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _usable_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _installed() -> list[Library]:
    found = []
    for name in LIBRARIES:
        try:
            found.append(Library(name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return found
