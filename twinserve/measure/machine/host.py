"""The machine that measures, as a reader of the numbers needs to know it."""

import os
import platform
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
# Which hardware the kernel reads the time from.
CLOCK_SOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
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
class Clock:
    """The clock of every duration: Python's monotonic one.

    Attributes:
        call: of the system, that it makes.
        source: of the kernel; empty where the system does not tell.
        resolution_ns: the smallest difference between two readings, as the system tells it.
    """

    call: str
    source: str
    resolution_ns: float


@dataclass(frozen=True, slots=True)
class Machine:
    """Hardware and software under a measurement."""

    cpu: str
    cores: int
    system: str
    python: str
    libraries: tuple[Library, ...]
    clock: Clock

    def __str__(self) -> str:
        """The machine's processor, as a measurement names it."""
        return f"{self.cpu}, {self.cores} cores"


def read_machine(cpuinfo: Path = CPUINFO) -> Machine:
    """Look at this machine."""
    return Machine(
        cpu=_cpu_model(cpuinfo),
        cores=_usable_cores(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        libraries=tuple(_installed()),
        clock=read_clock(),
    )


def read_clock(source: Path = CLOCK_SOURCE) -> Clock:
    """Look at the clock that durations are measured with."""
    told = time.get_clock_info("monotonic")
    try:
        name = source.read_text(encoding="ascii").strip()
    except OSError:
        name = ""
    return Clock(told.implementation, name, told.resolution * 1e9)


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
    installed = []
    for name in LIBRARIES:
        try:
            installed.append(Library(name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return installed
