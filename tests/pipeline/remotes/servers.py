"""Real servers that keep DVC's objects on this machine, and what each asks of who comes."""

import getpass
import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.pipeline.remotes.http_store import PASSWORD, USER, served
from tests.pipeline.remotes.server import HOST, Server, Write, started
from tests.tools import do_without, require
from tests.tree import ROOT
from twinserve.targets.environment import ensure_environment
from twinserve.targets.process import free_port


def _write_file(folder: Path) -> Write:
    def write(name: str, content: bytes | None) -> None:
        path = folder / name
        path.chmod(0o644)
        path.unlink()
        if content is not None:
            path.write_bytes(content)

    return write


@contextmanager
def http(folder: Path) -> Iterator[Server]:
    """A plain HTTP server."""
    with served(folder) as (port, stop):
        yield Server(
            "http",
            f"http://{HOST}:{port}/data",
            _write_file(folder / "data"),
            stop,
            options={"auth": "basic", "user": USER},
            login={"password": PASSWORD},
            wrong=({"password": "another"}, {}),
        )


@contextmanager
def ssh(folder: Path) -> Iterator[Server]:
    """openssh-server, with a key of its own for whoever runs the tests."""
    sshd = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
    if sshd is None:
        do_without("sshd is not on the PATH (openssh-server)")
    keygen = require("ssh-keygen")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("host", "ours", "another"):
        command = [keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    port = free_port(0)
    lines = {
        "Port": port,
        "ListenAddress": HOST,
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "ours.pub",
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
        stop = started(stack, [sshd, "-D", "-e", "-f", str(folder / "config")], port)
        yield Server(
            "ssh",
            f"ssh://{getpass.getuser()}@{HOST}:{port}{folder}/data",
            _write_file(folder / "data"),
            stop,
            options={"allow_agent": False},
            login={"keyfile": str(folder / "ours")},
            wrong=({"keyfile": str(folder / "another")}, {}),
        )


# Runs in the server's own environment: bucket, user and key, then a user's rights are asked for.
_S3 = """
import json, sys
import boto3
endpoint, command, *words = sys.argv[1:]
def client(name, key, secret):
    return boto3.client(name, endpoint_url=endpoint, region_name="us-east-1",
                        aws_access_key_id=key, aws_secret_access_key=secret)
if command == "open":
    client("s3", "any", "any").create_bucket(Bucket="bucket")
    iam = client("iam", "any", "any")
    iam.create_user(UserName="us")
    every = {"Version": "2012-10-17",
             "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="us", PolicyName="all", PolicyDocument=json.dumps(every))
    key = iam.create_access_key(UserName="us")["AccessKey"]
    print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
else:
    key, secret, name = words
    s3 = client("s3", key, secret)
    if command == "delete":
        s3.delete_object(Bucket="bucket", Key=name)
    else:
        s3.put_object(Bucket="bucket", Key=name, Body=sys.stdin.buffer.read())
"""


@contextmanager
def s3(folder: Path) -> Iterator[Server]:
    """Moto's server, which asks for a key that it knows after its first four calls."""
    python = str(ensure_environment(ROOT / "locks" / "servers" / "s3.txt"))
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port(0)
    endpoint = f"http://{HOST}:{port}"
    bare = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with ExitStack() as stack:
        stop = started(
            stack,
            [python, "-m", "moto.server", "-H", HOST, "-p", str(port)],
            port,
            bare | {"INITIAL_NO_AUTH_ACTION_COUNT": "4"},
        )

        def ask(*words: str, content: bytes = b"") -> str:
            command = [python, "-c", _S3, endpoint, *words]
            done = subprocess.run(
                command, env=bare, input=content, capture_output=True, check=False
            )
            assert done.returncode == 0, done.stderr.decode()
            return done.stdout.decode()

        key, secret = json.loads(ask("open"))

        def write(name: str, content: bytes | None) -> None:
            command = "delete" if content is None else "put"
            ask(command, key, secret, f"dvc/{name}", content=content or b"")

        away = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
        yield Server(
            "s3",
            "s3://bucket/dvc",
            write,
            stop,
            options={"endpointurl": endpoint},
            environment=away | {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret},
            wrong=({}, away | {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "another"}),
        )


AZURITE = "azurite@3.37.0"
# Azurite's own, the same everywhere: https://github.com/Azure/Azurite#default-storage-account.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_AZURE = """
import sys
from azure.storage.blob import BlobServiceClient
connection, command, *words = sys.argv[1:]
service = BlobServiceClient.from_connection_string(connection)
if command == "open":
    service.create_container("data")
elif command == "delete":
    service.get_blob_client("data", words[0]).delete_blob()
else:
    blob = service.get_blob_client("data", words[0])
    blob.upload_blob(sys.stdin.buffer.read(), overwrite=True)
"""


@contextmanager
def azure(folder: Path, python: str) -> Iterator[Server]:
    """Azurite; ``python`` has Azure's client."""
    npm = require("npm")
    place = ROOT / ".cache" / "azurite"
    program = place / "node_modules" / ".bin" / "azurite-blob"
    if not program.exists():
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place)]
        subprocess.run([*command, AZURITE], check=True)
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port(0)
    connection = (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
        f"BlobEndpoint=http://{HOST}:{port}/{ACCOUNT};"
    )

    def ask(*words: str, content: bytes = b"") -> None:
        command = [python, "-c", _AZURE, connection, *words]
        done = subprocess.run(command, input=content, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def write(name: str, content: bytes | None) -> None:
        command = "delete" if content is None else "put"
        ask(command, f"dvc/{name}", content=content or b"")

    with ExitStack() as stack:
        listen = ["--blobHost", HOST, "--blobPort", str(port), "--skipApiVersionCheck"]
        command = [str(program), "--silent", "--location", str(folder), *listen]
        stop = started(stack, command, port)
        ask("open")
        yield Server(
            "azure",
            "azure://data/dvc",
            write,
            stop,
            login={"connection_string": connection},
            wrong=(
                {"connection_string": connection.replace(KEY, KEY[::-1].lstrip("=") + "==")},
                {},
            ),
        )


@contextmanager
def gs(folder: Path) -> Iterator[Server]:
    """The emulator of Cloud Storage, which asks nobody for anything."""
    from gcp_storage_emulator.server import create_server

    port = free_port(0)
    server = create_server(HOST, port, in_memory=True, default_bucket="bucket")
    server.start()
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, content: bytes | None) -> None:
        name = f"dvc/{name}"
        if content is None:
            target = f"http://{HOST}:{port}/storage/v1/b/bucket/o/{quote(name, safe='')}"
            request = urllib.request.Request(target, method="DELETE")
        else:
            target = f"http://{HOST}:{port}/upload/storage/v1/b/bucket/o?uploadType=media&name="
            kind = {"Content-Type": "application/octet-stream"}
            request = urllib.request.Request(target + quote(name), data=content, headers=kind)  # noqa: S310 - likewise
        urllib.request.urlopen(request).close()  # noqa: S310 - likewise

    yield Server(
        "gs",
        "gs://bucket/dvc",
        write,
        server.stop,
        # The emulator knows plain buckets only.
        environment={
            "STORAGE_EMULATOR_HOST": f"http://{HOST}:{port}",
            "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
        },
    )
    server.stop()
