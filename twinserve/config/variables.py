"""Which of the user's environment variables a child process gets: one place decides.

What the project locks (uv, DVC, pytest, its own commands) must do the same on every machine: it
gets what is named here and nothing else. What the user has installed and logged in with (gcloud, a
container engine, gh) reads variables that only they know: it gets all of them but those that would
change how a locked tool works, and those that say where git's files are.

Only the standard library is imported here: the environment is installed by what stands here.
"""

import os
from fnmatch import fnmatchcase

# How programs, folders and people are found, how output is shown; who counts coverage in a child.
MACHINE = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TERM", "COLUMNS", "LANG", "LC_*",
    "XDG_*", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "PYTHONUNBUFFERED",
    "COVERAGE_PROCESS_*",
)  # fmt: skip
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
# The way out of this machine.
NETWORK = (
    *PROXIES, *(name.upper() for name in PROXIES),
    "SSL_CERT_*", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "KRB5*",
)  # fmt: skip
# Where packages come from and who may fetch them; never which ones, nor where they are put.
PACKAGES = (
    *NETWORK,
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_TRUSTED_HOST",
    "PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_CONFIG_FILE", "PIP_KEYRING_PROVIDER",
    "PIP_CACHE_DIR", "PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT", "PIP_RETRIES", "PIP_NO_INPUT",
    "UV_INDEX", "UV_INDEX_*", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS",
    "UV_NO_INDEX", "UV_OFFLINE", "UV_INSECURE_HOST", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS",
    "UV_KEYRING_PROVIDER", "UV_CREDENTIALS_DIR", "UV_CACHE_DIR", "UV_CONFIG_FILE",
    "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "NETRC",
)  # fmt: skip
# DVC's own configuration and cache as it documents them, and its remotes' credentials.
REMOTES = (
    *NETWORK,
    "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR", "DVC_STUDIO_*",
    "AWS_*", "AZURE_*", "BOTO_CONFIG", "CLOUDSDK_*", "FSSPEC_*", "GCSFS_*", "GDRIVE_*", "GOOGLE_*",
    "HADOOP_*", "JAVA_HOME", "CLASSPATH", "OSS_*", "STORAGE_EMULATOR_HOST",
)  # fmt: skip
# How git reaches a remote; never where its files are, nor what it does to a commit.
GIT_LOGIN = (
    *NETWORK,
    "GIT_ASKPASS", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "GIT_SSH", "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT", "GIT_SSL_*", "GIT_PROXY_SSL_*", "GIT_HTTP_PROXY_AUTHMETHOD",
    "GIT_TERMINAL_PROMPT", "DISPLAY",
)  # fmt: skip
# The user's configuration of git: for questions about their checkout.
GIT_CONFIGURATION = (
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_*", "GIT_CONFIG_VALUE_*",
)  # fmt: skip

# What changes a locked tool, wherever it is run from. `PYTHON` alone is make's: which one to use.
_CHANGING = (
    "PYTHON?*", "PIP_*", "UV_*", "PYTEST_*", "COV_*", "DVC_*", "GIT_*", "VIRTUAL_ENV*", "CONDA_*",
    "__PYVENV_LAUNCHER__", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS",
)  # fmt: skip
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def tool_environment(*groups: tuple[str, ...]) -> dict[str, str]:
    """The environment of something that the project locks; a group lets it have more."""
    patterns = (*MACHINE, *(pattern for group in groups for pattern in group))
    return _past_proxies({name: text for name, text in os.environ.items() if _is(name, patterns)})


def user_environment() -> dict[str, str]:
    """The environment of a program of the user's own: gcloud, an engine, gh, make in a tree."""
    kept = (*MACHINE, *PACKAGES, *REMOTES)
    return _past_proxies(
        {
            name: text
            for name, text in os.environ.items()
            if _is(name, kept) or not _is(name, _CHANGING)
        }
    )


def _is(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _past_proxies(environment: dict[str, str]) -> dict[str, str]:
    """No proxy can reach this machine's own endpoints: with one set, they are asked directly."""
    if not any(environment.get(name) or environment.get(name.upper()) for name in PROXIES[:3]):
        return environment
    given = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    direct = ",".join([*filter(None, [given]), *_LOOPBACK])
    return environment | {"no_proxy": direct, "NO_PROXY": direct}
