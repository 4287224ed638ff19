"""Real servers of the providers' protocols on this machine, and what each asks of who comes."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.loopback import served
from tests.pipeline.remotes.refusals import S3, Google
from tests.pipeline.remotes.server import HOST, Login, Server, started
from tests.tools import require
from tests.tree import CACHE, ROOT
from twinserve.targets.environment import ensure_environment
from twinserve.targets.process import free_port

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
AWAY = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def s3(folder: Path, _: Path) -> Iterator[Server]:
    """Moto's server, which asks for a key that it knows after its first four calls.

    It does not look at a token's end, so that is answered as AWS documents it.
    """
    python = str(ensure_environment(ROOT / "locks" / "servers" / "s3.txt"))
    port = free_port(0)
    endpoint = f"http://{HOST}:{port}"
    bare = {"PATH": os.environ["PATH"], "HOME": str(folder)}

    def ask(*words: str, content: bytes = b"") -> str:
        command = [python, "-c", _S3, endpoint, *words]
        done = subprocess.run(command, env=bare, input=content, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def write(name: str, content: bytes | None) -> None:
        command = "delete" if content is None else "put"
        ask(command, key, secret, f"dvc/{name}", content=content or b"")

    def login(key: str, secret: str) -> Login:
        return Login({}, AWAY | {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret})

    with ExitStack() as stack:
        listen = ["-m", "moto.server", "-H", HOST, "-p", str(port)]
        started(stack, [python, *listen], port, bare | {"INITIAL_NO_AUTH_ACTION_COUNT": "4"})
        key, secret = json.loads(ask("open"))
        token = Login(
            {"endpointurl": stack.enter_context(served(S3))},
            {**login(key, secret).variables, "AWS_SESSION_TOKEN": "of-yesterday"},
        )
        yield Server(
            "s3://bucket/dvc",
            port,
            write,
            login(key, secret),
            options={"endpointurl": endpoint},
            refused={"none": Login({}, AWAY), "wrong": login(key, "another"), "expired": token},
        )


AZURITE = "azurite@3.37.0"
INSTALL_S = 120
# Azurite's own, the same everywhere: https://github.com/Azure/Azurite#default-storage-account.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_AZURE = """
import sys
from datetime import datetime, timedelta, timezone
from azure.storage.blob import BlobServiceClient, generate_account_sas
connection, command, *words = sys.argv[1:]
service = BlobServiceClient.from_connection_string(connection, retry_total=0)
if command == "open":
    service.create_container("data")
    now = datetime.now(timezone.utc)
    for days in (1, -1):
        print(generate_account_sas(
            service.account_name, service.credential.account_key, "sco", "rwdlac",
            start=now - timedelta(days=2), expiry=now + timedelta(days=days)))
elif command == "delete":
    service.get_blob_client("data", words[0]).delete_blob()
else:
    blob = service.get_blob_client("data", words[0])
    blob.upload_blob(sys.stdin.buffer.read(), overwrite=True)
"""


def _azurite() -> str:
    """The server's program, kept between runs."""
    npm, place = require("npm"), CACHE / "azurite"
    program = place / "node_modules" / ".bin" / "azurite-blob"
    if not program.exists():
        install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place)]
        subprocess.run([*install, AZURITE], check=True, timeout=INSTALL_S)
    return str(program)


@contextmanager
def azure(folder: Path, python: Path) -> Iterator[Server]:
    """Azurite, which lets in by signatures that have a date; ``python`` has Azure's client."""
    port = free_port(0)
    endpoint = f"BlobEndpoint=http://{HOST}:{port}/{ACCOUNT};"
    account = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={{}};{endpoint}"

    def ask(*words: str, content: bytes = b"") -> str:
        command = [str(python), "-c", _AZURE, account.format(KEY), *words]
        done = subprocess.run(command, input=content, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def write(name: str, content: bytes | None) -> None:
        ask("delete" if content is None else "put", f"dvc/{name}", content=content or b"")

    def login(connection: str) -> Login:
        return Login({"connection_string": connection})

    with ExitStack() as stack:
        listen = ["--blobHost", HOST, "--blobPort", str(port), "--skipApiVersionCheck"]
        started(stack, [_azurite(), "--silent", "--location", str(folder), *listen], port)
        signed, expired = ask("open").split()
        yield Server(
            "azure://data/dvc",
            port,
            write,
            login(f"{endpoint}SharedAccessSignature={signed}"),
            refused={
                "none": Login(),
                "wrong": login(account.format(KEY[::-1].lstrip("=") + "==")),
                "expired": login(f"{endpoint}SharedAccessSignature={expired}"),
            },
        )


def _account(file: Path, token: str) -> str:
    """The file of an account that asks this address for its token."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    told = {"type": "service_account", "client_email": "us@example.org", "token_uri": token}
    file.write_text(json.dumps(told | {"private_key": key.decode()}))
    return str(file)


@contextmanager
def gs(folder: Path, _: Path) -> Iterator[Server]:
    """The emulator of Cloud Storage, which asks nobody for anything: Google's refusals are told."""
    from gcp_storage_emulator.server import create_server

    port = free_port(0)
    server = create_server(HOST, port, in_memory=True, default_bucket="bucket")
    server.start()

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

    def at(address: str) -> dict[str, str]:
        # The emulator knows plain buckets only.
        return {"STORAGE_EMULATOR_HOST": address, "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}

    with served(Google) as google:
        yield Server(
            "gs://bucket/dvc",
            port,
            write,
            Login({}, at(f"http://{HOST}:{port}")),
            refused={"none": Login({}, at(google))}
            | {
                name: Login(
                    {"credentialpath": _account(folder / name, f"{google}/{name}")}, at(google)
                )
                for name in ("wrong", "expired")
            },
        )
    server.stop()
