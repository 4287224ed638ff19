"""Real servers of files on this machine, and what each asks of who comes."""

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.pipeline.remotes.http_store import PASSWORD, USER, Store, kept
from tests.pipeline.remotes.server import HOST, Login, Server, Write, started
from tests.tools import do_without, require
from twinserve.targets.process import free_port


def _write_file(folder: Path) -> Write:
    def write(name: str, content: bytes | None) -> None:
        path = folder / name
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)

    return write


@contextmanager
def http(folder: Path, _: Path) -> Iterator[Server]:
    """A plain HTTP server."""
    with kept(folder) as store:
        yield of_files(store)


def of_files(store: Store) -> Server:
    """The remote that such a server is."""
    return Server(
        f"http://{HOST}:{store.port}/data",
        store.port,
        _write_file(store.folder / "data"),
        Login({"password": PASSWORD}),
        options={"auth": "basic", "user": USER},
        refused={"none": Login(), "wrong": Login({"password": "another"})},
    )


def _certified(folder: Path, name: str, until: str) -> None:
    """A key that the server's authority lets in from a month ago to some day."""
    keygen = require("ssh-keygen")
    who = ["-I", "us", "-n", getpass.getuser(), "-V", f"-30d:{until}"]
    key = str(folder / f"{name}.pub")
    command = [keygen, "-q", "-s", str(folder / "authority"), *who, key]
    subprocess.run(command, check=True)


@contextmanager
def ssh(folder: Path, _: Path) -> Iterator[Server]:
    """openssh-server, which lets in whoever has its authority's certificate."""
    sshd = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
    if sshd is None:
        do_without("sshd is not on the PATH (openssh-server)")
    keygen = require("ssh-keygen")
    for name in ("host", "authority", "ours", "another", "expired"):
        command = [keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    _certified(folder, "ours", "+1d")
    _certified(folder, "expired", "-1d")
    port = free_port(0)
    lines = {
        "Port": port,
        "ListenAddress": HOST,
        "HostKey": folder / "host",
        "TrustedUserCAKeys": folder / "authority.pub",
        "AuthorizedKeysFile": "none",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "config").write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
    if os.geteuid() == 0:
        # Where sshd keeps the part of it that has no rights.
        Path("/run/sshd").mkdir(exist_ok=True)
    with ExitStack() as stack:
        started(stack, [sshd, "-D", "-e", "-f", str(folder / "config")], port)
        yield Server(
            f"ssh://{getpass.getuser()}@{HOST}:{port}{folder}/data",
            port,
            _write_file(folder / "data"),
            Login({"keyfile": str(folder / "ours")}),
            options={"allow_agent": False},
            refused={
                "none": Login(),
                "wrong": Login({"keyfile": str(folder / "another")}),
                "expired": Login({"keyfile": str(folder / "expired")}),
            },
        )
