"""Podman for the tests, apart from the machine's own, and a stand-in for the image's base.

No image registry is reached. The stand-in is Debian's minimal system with the libraries that
CPython needs, from the machine's own package sources, and the CPython that runs the tests. It is
235 MB, where the image that it stands in for is about 130 MB: what an image adds to it is the real
figure, an image's whole size is not.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tools import do_without, require, run, twinserve
from tests.tree import ROOT, TREE
from twinserve.targets.container import ContainerTarget
from twinserve.targets.engine import Engine
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering

CACHE = ROOT / ".cache" / "containers"
SUITE = "bookworm"
LIBRARIES = (
    "ca-certificates",
    "libbz2-1.0",
    "libexpat1",
    "libffi8",
    "liblzma5",
    "libncursesw6",
    "libreadline8",
    "libsqlite3-0",
    "libssl3",
    "libuuid1",
    "netbase",
    "tzdata",
    "zlib1g",
)
# What slim images leave out too, and what is this machine's own.
LEFT_OUT = (
    "lib/python3.*/site-packages/*",
    "lib/python3.*/config-*",
    "lib/python3.*/idlelib",
    "lib/python3.*/tkinter",
    "lib/python3.*/test",
    "*/tests",
    "__pycache__",
)
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
# Run in the new system's root folder, $1; bytecode of slim images is nobody's either.
HOOKS = (
    'tar -C "$1/usr/local" -xf PYTHON_ARCHIVE',
    f'for name in python python3; do ln -s {PYTHON} "$1/usr/local/bin/$name"; done',
    'chroot "$1" ldconfig',
    'chroot "$1" python -m ensurepip',
    'find "$1/usr/local" -name __pycache__ -prune -exec rm -rf {} +',
    'rm -rf "$1/var/lib/apt/lists" "$1/var/cache/apt"',
)
CONFIGURATION = (
    "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    'CMD ["python3"]',
)
_KEY = hashlib.sha256(repr((SUITE, LIBRARIES, LEFT_OUT, sys.version, HOOKS)).encode()).hexdigest()
BASE = f"localhost/stand-in-for-python-slim:{_KEY[:12]}"

# `nproc` and `nofile`: Podman's defaults may be above what this process may have.
ENGINE_CONF = """\
[containers]
default_ulimits = ["nofile=8192:8192", "nproc=8192:8192"]
{filter}[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "runc"
tmp_dir = "{directory}/tmp"
"""
# Podman's own filter of system calls, and what its architectures are called in it. An image of
# Python makes no calls of the 32-bit ones that it lets through beside the machine's own; every
# start compiles the filter, without them some 15 ms sooner.
FILTER = Path("/usr/share/containers/seccomp.json")
ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
STORAGE_CONF = """\
[storage]
driver = "overlay"
graphroot = "{directory}/graph"
runroot = "{directory}/run"
"""
CA_BUNDLE = "/run/secrets/ca"


@contextmanager
def podman() -> Iterator[Engine]:
    """Podman on a storage of its own, with ``BASE`` in it; the storage is kept for the next run.

    Skips, or fails where ``REQUIRE_TOOLS`` is 1, if a program is missing or can start nothing here.
    Once it has started something, whatever fails is a failure.
    """
    for program in ("podman", "runc", "mmdebstrap"):
        require(program)
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        # One run of the tests at a time; the end of this process frees it too.
        fcntl.flock(lock, fcntl.LOCK_EX)
        _forget_what_ran_before_a_reboot()
        for variable, text in (
            ("CONTAINERS_CONF", ENGINE_CONF),
            ("CONTAINERS_STORAGE_CONF", STORAGE_CONF),
        ):
            path = CACHE / f"{variable.lower()}.conf"
            path.write_text(text.format(directory=CACHE, filter=_filter()))
            patch.setenv(variable, str(path))
        engine = Engine("podman")
        if _podman("image", "exists", BASE).returncode:
            _make_base()
        if (fault := engine.fault(BASE, pull=False)) is not None:
            do_without(f"podman starts nothing here: {fault}")
        yield engine
        _podman("rm", "--force", "--all", "--time", "1")


def build_image(engine: Engine, commit: str, *words: str) -> subprocess.CompletedProcess[str]:
    """`twinserve build`, on the stand-in, with this machine's way to packages."""
    secrets = package_secrets()
    options = [f"--engine={engine.name}", f"--base-image={BASE}", f"--commit={commit}"]
    options += [f"--pip-config={secrets['pipconf']}"]
    options += [f"--ca={secrets['ca']}"] if "ca" in secrets else []
    return twinserve("build", "--json", *options, *words, cwd=TREE, code=0)


@contextmanager
def answering(target: ContainerTarget) -> Iterator[tuple[Endpoint, str]]:
    """The endpoint once it answers, and its container's name."""
    with target.start() as endpoint:
        wait_until_answering(endpoint)
        (name,) = target.engine.ask("ps", "--format={{.Names}}").split()
        yield endpoint, name


def package_secrets() -> dict[str, Path]:
    """Files by which pip reaches during a build what it reaches out here."""
    lines = ["[global]"]
    for key in ("index-url", "extra-index-url", "trusted-host"):
        value = " ".join(_pip_setting(key).split())
        if value and "file:" not in value:
            lines.append(f"{key} = {value}")
    secrets = {}
    if authorities := _pip_setting("cert") or os.environ.get("SSL_CERT_FILE"):
        lines.append(f"cert = {CA_BUNDLE}")
        secrets["ca"] = Path(authorities)
    configuration = CACHE / "pip.conf"
    configuration.write_text("\n".join([*lines, ""]))
    return {**secrets, "pipconf": configuration}


def _pip_setting(key: str) -> str:
    """From the environment, else from pip's files."""
    for scope in (":env:", "install", "global"):
        command = [sys.executable, "-m", "pip", "config", "get", f"{scope}.{key}"]
        done = run(command)
        if done.returncode == 0:
            return done.stdout.strip()
    return ""


def _filter() -> str:
    """The line of the configuration that narrows the filter; none where there is no such file."""
    if not FILTER.exists():
        return ""
    rules = json.loads(FILTER.read_bytes())
    native = ARCHITECTURES.get(platform.machine())
    rules["archMap"] = [
        {"architecture": architecture["architecture"], "subArchitectures": []}
        for architecture in rules["archMap"]
        if architecture["architecture"] == native
    ]
    narrowed = CACHE / FILTER.name
    narrowed.write_text(json.dumps(rules))
    return f'seccomp_profile = "{narrowed}"\n' if rules["archMap"] else ""


def _forget_what_ran_before_a_reboot() -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    known = CACHE / "boot"
    if not known.exists() or known.read_text() != boot:
        for name in ("run", "tmp"):
            shutil.rmtree(CACHE / name, ignore_errors=True)
        known.write_text(boot)


def _make_base() -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        archive = Path(directory) / "base.tar"
        _bootstrap(_python_archive(Path(directory)), archive)
        options = [f"--change={line}" for line in CONFIGURATION]
        done = _podman("import", *options, str(archive), BASE)
    assert done.returncode == 0, done.stderr


def _python_archive(directory: Path) -> Path:
    """The running interpreter's installation, as it is to lie in /usr/local."""
    archive = directory / "python.tar"
    prefix = Path(sys.base_prefix)
    # An interpreter may be linked with a library of its own.
    shared = [str(path.relative_to(prefix)) for path in prefix.glob("lib/libpython3*.so.*")]
    excluded = [f"--exclude={pattern}" for pattern in LEFT_OUT]
    command = [require("tar"), "-C", str(prefix), "--wildcards", *excluded]
    command += ["-cf", str(archive), f"bin/{PYTHON}", f"lib/{PYTHON}", *shared]
    subprocess.run(command, check=True)
    return archive


def _bootstrap(python_archive: Path, archive: Path) -> None:
    """A minimal Debian with that interpreter in it, and pip."""
    command = [require("mmdebstrap"), "--quiet", "--variant=minbase"]
    command += [f"--include={','.join(LIBRARIES)}"]
    command += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man")]
    hooks = [hook.replace("PYTHON_ARCHIVE", str(python_archive)) for hook in HOOKS]
    command += [f"--customize-hook={hook}" for hook in hooks]
    sources = [str(path) for path in _package_sources()]
    run([*command, SUITE, str(archive), *sources], code=0)


def _package_sources() -> list[Path]:
    """The machine's own lists of Debian's packages."""
    directory = Path("/etc/apt")
    lists = [directory / "sources.list", *sorted((directory / "sources.list.d").iterdir())]
    files = [path for path in lists if path.is_file() and path.suffix in {".list", ".sources"}]
    return [path for path in files if SUITE in path.read_text()]


def _podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [require("podman"), *arguments]
    return run(command)
