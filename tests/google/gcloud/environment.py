"""The whole environment of a gcloud that knows nothing but the fake."""

import os
from pathlib import Path

from tests.google.state import PROJECT, TOKEN
from tests.tools import covered, require


def make_environment(directory: Path, authority: Path, port: int, first: Path) -> dict[str, str]:
    """Variables for a subprocess, also for our own Python's HTTPS.

    Nothing is inherited but what has its coverage counted.
    ``first`` is a folder to have in front of the PATH. An HTTP request to a loopback port stays
    direct: only ``HTTPS_PROXY`` is set.
    """
    home = directory / "home"
    configuration = home / "gcloud"
    configuration.mkdir(parents=True)
    docker = home / "docker"
    docker.mkdir()
    (docker / "config.json").write_text("{}")
    token = directory / "token"
    token.write_text(TOKEN)
    proxy = f"http://127.0.0.1:{port}"
    return covered() | {
        "PATH": search_path(first),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),  # noqa: S108 - the system's own
        "DOCKER_CONFIG": str(docker),
        "CLOUDSDK_CONFIG": str(configuration),
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "1",
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": str(authority),
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "1",
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
        "CLOUDSDK_PROXY_PORT": str(port),
        "HTTPS_PROXY": proxy,
        "SSL_CERT_FILE": str(authority),
        # `gcloud auth print-identity-token` asks with a client that knows no setting of gcloud's.
        "REQUESTS_CA_BUNDLE": str(authority),
    }


def search_path(first: Path | None = None) -> str:
    """The system's folders, with gcloud's in front where it lives elsewhere, after ``first``."""
    folder = str(Path(find_gcloud()).parent)
    folders = [folder, "/usr/local/bin", "/usr/bin", "/bin"]
    return ":".join(dict.fromkeys([str(first), *folders] if first else folders))


def find_gcloud() -> str:
    """The gcloud of this machine; without it the test is skipped, or fails if tools must be."""
    return require("gcloud")
