"""GitHub's API through its command: what is said where there is no command, and whole lists."""

import ast
import json
from pathlib import Path

import pytest

from tests.tools import write_program
from tests.tree import CODE, ROOT
from twinserve.targets.github.api import GitHubError, api, search
from twinserve.targets.github.workflow import run_url, set_outputs


def test_a_call_without_the_command_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever calls GitHub is told what is missing, with no traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitHubError, match="gh is not installed") as raised:
        api("repos/owner/name")
    assert raised.value.status == 0


def test_one_module_calls_the_api() -> None:
    """No other module of the project's begins a command with ``gh api``."""
    callers = {
        str(path.relative_to(ROOT))
        for top in CODE
        for path in (ROOT / top).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.List) and ast.unparse(node).startswith("['gh', 'api'")
    }
    assert callers == {"twinserve/targets/github/api.py"}


def test_every_page_of_a_list_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of two pages has the entries of both, and was asked for with its fields."""
    said = tmp_path / "said.json"
    write_program(
        tmp_path / "gh",
        "import json, pathlib, sys\n"
        f"pathlib.Path({str(said)!r}).write_text(json.dumps(sys.argv[1:]))\n"
        "print('[[1, 2], [3]]')\n",
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    assert search("repos/owner/name/issues", state="open", labels="one") == [1, 2, 3]
    words = json.loads(said.read_text())
    assert words[:4] == ["api", "--method", "GET", "repos/owner/name/issues"]
    assert {"--paginate", "--slurp", "state=open", "labels=one"} <= {*words}


def test_later_steps_are_told_and_a_desk_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After what an earlier command of the step has told; the run's page is by its number."""
    told = tmp_path / "output"
    told.write_text("before=1\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(told))
    set_outputs({"head": "0abc", "merge": ""})
    assert told.read_text() == "before=1\nhead=0abc\nmerge=\n"
    for name, value in (("REPOSITORY", "owner/name"), ("RUN_ID", "7"), ("SERVER_URL", "https://g")):
        monkeypatch.setenv(f"GITHUB_{name}", value)
    assert run_url() == "https://g/owner/name/actions/runs/7"
    for name in ("GITHUB_OUTPUT", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name)
    set_outputs({"head": "1def"})
    assert "1def" not in told.read_text()
    assert run_url() is None
