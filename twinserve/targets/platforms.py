"""What a compiled model runs on: ``linux-x86_64``, ``darwin-aarch64``."""

import platform

# Other names of the same machines.
_MACHINES = {"arm64": "aarch64", "AMD64": "x86_64"}


def this_machine() -> str:
    """The processor, as a compiler calls it."""
    machine = platform.machine()
    return _MACHINES.get(machine, machine)


def this_system() -> str:
    """The operating system."""
    return platform.system().lower()


def this_platform() -> str:
    """Both."""
    return f"{this_system()}-{this_machine()}"
