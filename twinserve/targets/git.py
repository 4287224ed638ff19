"""Git, the only place that runs it: cut off from whatever the user's own git is set up to do.

A hook runs with ``GIT_DIR`` and its like pointing at the repository that it belongs to; whatever
is asked of another folder would be done to that one. So no such variable reaches git from here.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.variables import GIT_CONFIGURATION, GIT_LOGIN, tool_environment

PROGRAM = "git"
# How the checkout at hand and its user reach a remote; of their configuration nothing else holds
# in a repository of ours.
LOGIN = (
    r"^(credential\.|http\.|ssh\.|core\.(sshcommand|askpass|gitproxy)$|url\..*\.(push)?insteadof$)"
)
# Hooks that someone left in the system's templates are no business of ours either.
NO_TEMPLATE = "--template="


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one command."""

    code: int
    out: str
    error: str

    @property
    def told(self) -> str:
        """Git's message on a failure, in a line."""
        return " ".join(self.error.split())[:300] or f"exit code {self.code}"


@dataclass(frozen=True, slots=True)
class Setting:
    """An option of git's configuration."""

    name: str
    value: str


class Repository:
    """A repository of our own, in which only our settings hold."""

    def __init__(self, directory: Path, branch: str, settings: Sequence[Setting]) -> None:
        """Make it, empty.

        Raises:
            UserError: git is missing, or refuses.
        """
        self._directory = directory
        self._variables = _as_variables(settings)
        self.ask("init", "--quiet", NO_TEMPLATE, f"--initial-branch={branch}")

    def run(self, *words: str) -> Done:
        """Run a command in the folder, whatever its exit code."""
        environment = tool_environment(GIT_LOGIN) | self._variables
        return _run(self._directory, words, environment)

    def ask(self, *words: str) -> str:
        """What a command in it prints.

        Raises:
            UserError: it fails.
        """
        return _out(words, self.run(*words))


class Checkout:
    """The user's own repository: by their configuration and in their name, but without their hooks.

    A hook may run the whole suite, or check out what DVC tracks, at each step of a longer work.

    Attributes:
        directory: the top of the checkout, or of a worktree of the same repository.
        settings: hold besides the user's.
    """

    def __init__(self, directory: Path, settings: Sequence[Setting] = ()) -> None:
        self.directory = directory
        self._settings = settings

    def run(self, *words: str) -> Done:
        """Run a command in the folder, whatever its exit code."""
        environment = tool_environment(GIT_LOGIN, GIT_CONFIGURATION)
        if self._settings:
            environment |= _counted(self._settings)
        return _run(self.directory, ("-c", f"core.hooksPath={os.devnull}", *words), environment)

    def ask(self, *words: str) -> str:
        """What a command in it prints, without the last line's end.

        Raises:
            UserError: it fails.
        """
        return _out(words, self.run(*words)).rstrip("\n")


def _out(words: Sequence[str], done: Done) -> str:
    if done.code:
        raise UserError(f"git {' '.join(words[:3])}: {done.told}")
    return done.out


def current_commit() -> str | None:
    """The commit of the checkout in the current folder; None where there is none, nor git."""
    return _asked_of_checkout("rev-parse", "HEAD")


def remote_url(remote: str) -> str | None:
    """Where a remote of the checkout in the current folder is; None if it names none."""
    return _asked_of_checkout("remote", "get-url", remote)


def changed_paths(tree: Path) -> list[str]:
    """The paths that the commit in ``tree`` changes, against its first parent.

    GitHub's merge commit of a pull request has the base's newest commit as that parent. A renamed
    file counts under both of its names.

    Raises:
        UserError: git is missing, or does not know that parent.
    """
    words = ("diff", "--name-only", "--no-renames", "-z", "HEAD^1", "HEAD")
    done = _run(tree, words, tool_environment(GIT_LOGIN, GIT_CONFIGURATION))
    if done.code:
        raise UserError(
            f"{tree}: git cannot tell what HEAD changes ({done.told}): check out two commits at "
            "least (fetch-depth: 2)"
        )
    return [path for path in done.out.split("\0") if path]


def login_settings() -> list[Setting]:
    """How that checkout and its user log in; GitHub's checkout puts it there."""
    printed = _asked_of_checkout("config", "--null", "--get-regexp", LOGIN) or ""
    settings = []
    for entry in filter(None, printed.split("\0")):
        name, is_given, value = entry.partition("\n")
        settings.append(Setting(name, value if is_given else "true"))
    return settings


def _asked_of_checkout(*words: str) -> str | None:
    if shutil.which(PROGRAM) is None:
        return None
    # With the user's configuration: it says which folders of another owner are safe.
    done = _run(Path(), words, tool_environment(GIT_LOGIN, GIT_CONFIGURATION))
    return done.out.strip() if done.code == 0 else None


def _as_variables(settings: Sequence[Setting]) -> dict[str, str]:
    """Configuration that no other user sees, as it would be seen in arguments, nor any file."""
    return _counted(settings) | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
    }


def _counted(settings: Sequence[Setting]) -> dict[str, str]:
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, setting in enumerate(settings):
        variables[f"GIT_CONFIG_KEY_{number}"] = setting.name
        variables[f"GIT_CONFIG_VALUE_{number}"] = setting.value
    return variables


def _run(directory: Path, words: Sequence[str], environment: dict[str, str]) -> Done:
    # What git says is read, so it must be said in English.
    english = {name: text for name, text in environment.items() if not name.startswith("LC_")}
    try:
        done = subprocess.run(
            [PROGRAM, "-C", str(directory), *words],
            env=english | {"LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise UserError("git is not on the PATH: install it") from None
    return Done(done.returncode, done.stdout, done.stderr)
