"""What a child process gets of the user's variables, decided in one place."""

import ast

import pytest

from tests.tree import CODE, ROOT
from twinserve.config.variables import (
    NETWORK,
    PACKAGES,
    REMOTES,
    tool_environment,
    user_environment,
)

# Each has spoiled a locked tool somewhere.
HARMFUL = (
    "PYTHONOPTIMIZE", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONSAFEPATH",
    "PYTHONPATH", "PYTHONHOME", "PYTHONIOENCODING", "PYTHONHASHSEED", "PYTHONWARNINGS",
    "PYTHONSTARTUP", "PIP_USER", "PIP_TARGET", "PIP_NO_DEPS", "PYTEST_ADDOPTS", "PYTEST_PLUGINS",
    "UV_PYTHON", "UV_LINK_MODE", "UV_EXCLUDE_NEWER", "UV_RESOLUTION", "UV_PROJECT_ENVIRONMENT",
    "DVC_STAGE", "DVC_ROOT", "COV_CORE_SOURCE", "GIT_DIR", "GIT_WORK_TREE", "VIRTUAL_ENV",
    "MAKEFLAGS",
)  # fmt: skip


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy but a test's own."""
    for name in NETWORK:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", HARMFUL)
def test_variable_that_changes_a_locked_tool_reaches_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a tool of ours nor a program of the user's."""
    monkeypatch.setenv(name, "1")
    assert name not in tool_environment(PACKAGES, REMOTES)
    assert name not in user_environment()


def test_unknown_variable_reaches_only_programs_of_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A locked tool gets what is named; gcloud or an engine may know more than we do."""
    monkeypatch.setenv("OF_THE_USERS_ENGINE", "1")
    assert "OF_THE_USERS_ENGINE" not in tool_environment(PACKAGES, REMOTES)
    assert user_environment()["OF_THE_USERS_ENGINE"] == "1"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("PIP_INDEX_URL", PACKAGES),
        ("UV_INDEX_OURS_PASSWORD", PACKAGES),
        ("SSL_CERT_FILE", PACKAGES),
        ("AWS_ACCESS_KEY_ID", REMOTES),
        ("GOOGLE_APPLICATION_CREDENTIALS", REMOTES),
        ("AZURE_STORAGE_CONNECTION_STRING", REMOTES),
        ("DVC_STUDIO_TOKEN", REMOTES),
        ("DVC_SITE_CACHE_DIR", REMOTES),
    ],
)
def test_who_may_fetch_what_from_where_is_let_through(
    name: str, group: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials and addresses, to whom they are meant for only."""
    monkeypatch.setenv(name, "given")
    assert tool_environment(group)[name] == "given"
    assert user_environment()[name] == "given"
    assert name not in tool_environment()


def test_python_that_make_is_told_of_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """``PYTHON`` is no variable of Python's, but says to make which one to use."""
    monkeypatch.setenv("PYTHON", "python3.12")
    assert user_environment()["PYTHON"] == "python3.12"


@pytest.mark.parametrize("given", ["no_proxy", "NO_PROXY"])
def test_this_machine_is_asked_directly(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a proxy set, loopback is named beside what the user excludes, in both spellings."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv(given, "intern")
    for environment in (tool_environment(NETWORK), user_environment()):
        expected = "intern,localhost,127.0.0.1,::1"
        assert (environment["no_proxy"], environment["NO_PROXY"]) == (expected, expected)
        assert environment["HTTPS_PROXY"] == "http://proxy:1"
    assert "HTTPS_PROXY" not in tool_environment()


def test_every_child_process_is_given_its_environment() -> None:
    """Wherever a process is begun, ``env`` is said: nothing is inherited by being forgotten."""
    found, begun = [], 0
    for path in (path for top in CODE for path in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            called = ast.unparse(node.func)
            if called in {"subprocess.run", "subprocess.Popen"}:
                begun += 1
                said = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                if "env" not in said or "os.environ" in said["env"]:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found
    # A folder that was moved would be looked for in vain.
    assert begun > 10
