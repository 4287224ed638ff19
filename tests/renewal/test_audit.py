"""`twinserve audit`, by the real pip-audit against a fake of OSV."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.renewal.fake_osv import FakeOsv, serve_osv
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.renewal import audit
from twinserve.renewal.vulnerabilities import EXCEPTIONS, audited, read_exemptions

ALPHA = "alpha==1.0 --hash=sha256:" + "0" * 64
BETA = "beta==1.0 --hash=sha256:" + "0" * 64
HOLE, OTHER = "PYSEC-2026-1", "PYSEC-2026-2"


@pytest.fixture
def osv() -> Iterator[FakeOsv]:
    """The database."""
    with serve_osv() as served:
        yield served


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree that serves alpha, and the folder in which the command runs."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return enter(make_tree(tmp_path / "head", ALPHA), monkeypatch)


def enter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def make_tree(folder: Path, *pins: str) -> Path:
    (folder / "locks").mkdir(parents=True)
    for name in ("service-compiled", "function-compiled"):
        (folder / "locks" / f"{name}.txt").write_text("\n".join(pins) + "\n")
    return folder


def run(osv: FakeOsv, *words: str) -> None:
    parser = argparse.ArgumentParser()
    audit.add_arguments(parser)
    audit.run(parser.parse_args(["--osv-url", osv.url, *words]))


@pytest.mark.usefixtures("tree")
def test_what_is_served_is_named_with_its_cure(osv: FakeOsv) -> None:
    """The lowest version that mends it, and the command that brings it in."""
    osv.publish("alpha", ["1.0"], HOLE, fixed="1.1")
    told = rf"^alpha 1\.0: {HOLE}, fixed in 1\.1; `twinserve renew packages alpha`"
    with pytest.raises(UserError, match=told):
        run(osv)


def test_pull_request_answers_for_what_it_brings(
    tree: Path, osv: FakeOsv, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What its base has too is said, and stops nobody."""
    osv.publish("alpha", ["1.0"], HOLE, fixed="1.1")
    osv.publish("beta", ["1.0"], OTHER)
    base = make_tree(tmp_path / "base", ALPHA)
    run(osv, "--base", str(base))
    assert f"the base has them too, and the nightly job renews them: alpha 1.0: {HOLE}" in (
        capsys.readouterr().out
    )
    (tree / "locks" / "service-compiled.txt").write_text(f"{ALPHA}\n{BETA}\n")
    told = rf"^this brings beta 1\.0: {OTHER}, no version mends it yet; say in {EXCEPTIONS}"
    with pytest.raises(UserError, match=told):
        run(osv, "--base", str(base))


def test_exemption_lets_it_be_until_its_last_day(
    tree: Path, osv: FakeOsv, capsys: pytest.CaptureFixture[str]
) -> None:
    """By any of its names; the day after, the exemption itself is red."""
    osv.publish("alpha", ["1.0"], HOLE)
    path = tree / EXCEPTIONS
    path.write_text(f"- {{id: CVE-{HOLE}, reason: not reached, until: 2999-01-01}}\n")
    run(osv)
    assert "exempt: 1" in capsys.readouterr().out
    assert read_exemptions(tree, date(2999, 1, 1))
    with pytest.raises(UserError, match=r"was let be until 2999-01-01 \(not reached\)"):
        read_exemptions(tree, date(2999, 1, 2))
    path.write_text(f"- {{id: {HOLE}, until: 2999-01-01}}\n")
    with pytest.raises(UserError, match=r"0\.reason: Field required"):
        run(osv)


@pytest.mark.usefixtures("tree")
def test_database_that_cannot_be_asked_is_no_clean_bill() -> None:
    """Nothing is taken as safe for want of an answer."""
    with pytest.raises(UserError, match="pip-audit could not ask"):
        run(FakeOsv(url="http://127.0.0.1:9/v1/query"))


def play_gh(folder: Path, monkeypatch: pytest.MonkeyPatch, issues: Sequence[Any] = ()) -> Path:
    """A ``gh`` that notes each call and knows these issues; the file with the calls."""
    calls = folder / "calls.jsonl"
    calls.write_text("")
    script = f"""#!{sys.executable}
import json, sys
words = sys.argv[1:]
method, path = words[words.index("--method") + 1], words[words.index("--method") + 2]
body = json.load(sys.stdin) if "--input" in words else None
with open({str(calls)!r}, "a") as file:
    file.write(json.dumps([method, path, body]) + chr(10))
if method == "GET":
    print({json.dumps([list(issues)])!r})
elif not path.endswith("/dispatches"):
    print(json.dumps({{"html_url": "https://github.com/i/1"}}))
"""
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / "gh"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/twinserve")
    monkeypatch.setenv("GH_TOKEN", "the-token")
    return calls


def test_night_starts_the_renewal_of_that_very_package(
    tree: Path, osv: FakeOsv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no version mends yet is an issue."""
    (tree / "locks" / "service-compiled.txt").write_text(f"{ALPHA}\n{BETA}\n")
    osv.publish("alpha", ["1.0"], HOLE, fixed="1.1")
    osv.publish("beta", ["1.0"], OTHER)
    calls = play_gh(tmp_path, monkeypatch)
    monkeypatch.setenv("RENEWAL", "true")
    run(osv, "--tell")
    started, _, opened = map(json.loads, calls.read_text().splitlines())
    here = "repos/owner/twinserve"
    inputs = {"kind": "packages", "names": "alpha"}
    path = f"{here}/actions/workflows/renew.yml/dispatches"
    assert started == ["POST", path, {"ref": "main", "inputs": inputs}]
    assert opened[:2] == ["POST", f"{here}/issues"]
    assert f"- beta 1.0: {OTHER}, no version mends it yet" in opened[2]["body"]
    assert "alpha" not in opened[2]["body"]
    assert opened[2]["labels"] == ["audit"]


@pytest.mark.usefixtures("tree")
def test_night_tells_of_what_can_be_mended_where_renewals_are_off(
    osv: FakeOsv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a fork: a run that would be skipped is not started, and the issue has the command."""
    osv.publish("alpha", ["1.0"], HOLE, fixed="1.1")
    calls = play_gh(tmp_path, monkeypatch)
    monkeypatch.setenv("RENEWAL", "")
    run(osv, "--tell")
    _, opened = map(json.loads, calls.read_text().splitlines())
    assert opened[:2] == ["POST", "repos/owner/twinserve/issues"]
    assert f"- alpha 1.0: {HOLE}, fixed in 1.1" in opened[2]["body"]
    assert "`twinserve renew packages alpha`" in opened[2]["body"]


@pytest.mark.usefixtures("tree")
def test_issue_is_closed_when_nothing_is_known_any_more(
    osv: FakeOsv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the night that finds nothing."""
    ours = {"number": 3, "user": {"login": "github-actions[bot]"}, "body": f"{audit.MARKER}\n"}
    calls = play_gh(tmp_path, monkeypatch, [ours])
    run(osv, "--tell")
    _, said, closed = map(json.loads, calls.read_text().splitlines())
    assert said[1] == "repos/owner/twinserve/issues/3/comments"
    assert closed[2] == {"state": "closed", "state_reason": "completed"}


def test_every_lock_that_is_served_is_audited() -> None:
    """Of both targets, whichever the runtime."""
    targets = ("service-", "function-")
    names = [path.name for path in (ROOT / "locks").glob("*.txt")]
    served = {name for name in names if name.startswith(targets)}
    assert {path.name for path in audited(ROOT)} == served
