"""Which suite a test is in, and what running suites prints."""

import argparse
import math
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest

from tests import suites
from tests.suites import ENGINE, MODEL, NIGHTLY, Part, Result, Shard
from tests.tree import ROOT, TREE

SAMPLES = ("tests/reproduction", "tests/config", "tests/pipeline/containers/test_container.py")


@cache
def collected(*options: str) -> tuple[str, ...]:
    """The tests of some folders that a run with these options would have."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *SAMPLES, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return tuple(line for line in done.stdout.splitlines() if "::" in line)


@pytest.mark.nightly
def test_every_test_is_in_one_suite() -> None:
    """No test is lost between the three, and none is run twice."""
    parts = [collected(f"--suite={name}") for name in suites.SUITES]
    assert all(parts)
    assert Counter(one for part in parts for one in part) == Counter(collected())


@pytest.mark.parametrize(
    ("path", "mark", "suite"),
    [
        ("model/test_mine.py", "", MODEL),
        ("contract/test_cases.py", "", MODEL),
        ("config/test_params.py", "", ENGINE),
        ("config/test_params.py", NIGHTLY, NIGHTLY),
        ("google/itself/test_logs.py", "", NIGHTLY),
        ("pipeline/test_story.py", "", ENGINE),
    ],
)
def test_folder_or_mark_decides(
    request: pytest.FixtureRequest, path: str, mark: str, suite: str
) -> None:
    """The user's model, the fake of Google and what is slow; all else is the engine's."""
    module = pytest.Module.from_parent(request.session, path=suites.TESTS / path)
    item = pytest.Function.from_parent(module, name="test_it", callobj=lambda: None)
    if mark:
        item.add_marker(mark)
    assert suites.suite_of(item) == suite


@pytest.mark.nightly
def test_suites_are_collected_by_folder_and_mark() -> None:
    """What a run with ``--suite`` has is what its folders and marks say."""
    assert {one.split("/")[1] for one in collected("--suite=model")} == {"reproduction"}
    assert {one.split("/")[1] for one in collected("--suite=engine")} == {"config"}
    assert {one.split("::")[0] for one in collected("--suite=nightly")} == {SAMPLES[-1]}


@pytest.mark.nightly
def test_shards_are_whole_files_and_lose_nothing() -> None:
    """Each test falls to one of them, and a file's fixtures are made in one place."""
    whole = collected("--suite=engine")
    parts = [collected("--suite=engine", f"--shard={number}/2") for number in (1, 2)]
    assert Counter(one for part in parts for one in part) == Counter(whole)
    files = [{one.split("::")[0] for one in part} for part in parts]
    assert files[0]
    assert files[0].isdisjoint(files[1])


def test_sweep_in_parts_takes_every_call_within_as_many_days() -> None:
    """Of each part some, of all together each call once; whole, every call on each day."""
    days = [Part(4, day).calls(20) for day in range(700_000, 700_004)]
    assert all(days)
    assert sorted(call for part in days for call in part) == list(range(1, 20))
    assert list(Part(1, 700_000).calls(20)) == list(range(1, 20))


@pytest.mark.parametrize("every", [1, 3, 40])
def test_each_case_of_the_night_is_taken_within_some_days(
    request: pytest.FixtureRequest, every: int
) -> None:
    """Each test on each day, in one case at the least; what is no night's, always."""

    def test(name: str, mark: str = "") -> pytest.Item:
        item = pytest.Function.from_parent(request.node.parent, name=name, callobj=test)
        if mark:
            item.add_marker(mark)
        return item

    quick = [test("quick[a]"), test("quick[b]")]
    single = [test("whole", NIGHTLY)]
    many = [test(f"many[{number}]", NIGHTLY) for number in range(7)]
    days = [Part(every, day).cases([*quick, *single, *many]) for day in range(700_000, 700_040)]
    for taken in days:
        assert [item for item in taken if item not in many] == [*quick, *single]
        assert 1 <= len(taken) - 3 <= math.ceil(7 / every)
    assert {item for taken in days for item in taken} == {*quick, *single, *many}


def test_each_file_has_its_day_with_each_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files change daily, cases when each file had its day: none is bound to one case."""
    taken = set()
    for day in range(700_000, 700_016):
        monkeypatch.setenv("TESTS_DAY", str(day))
        shard = Shard.parse("today/4")
        taken.add((shard.number, Part.of_today(4, shard).day % 4))
    assert taken == {(number, case) for number in range(1, 5) for case in range(4)}


@pytest.mark.parametrize("text", ["3", "0/3", "4/3", "a/b", "1/3/5", "today/0", "today"])
def test_shard_of_another_form_is_refused(text: str) -> None:
    """The line says what is expected."""
    with pytest.raises(argparse.ArgumentTypeError, match="expected I/N, as 1/3"):
        Shard.parse(text)


def test_table_has_times_budgets_and_what_is_left() -> None:
    """A suite over its budget is shown and does not fail."""
    lines = suites.table([Result(MODEL, 75.9, 0), Result(ENGINE, 400, 1)]).splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["suite", "ended", "time", "budget"],
        [MODEL, "passed", "1:15", "2:00"],
        [ENGINE, "failed", "1", "6:40", "6:00"],
    ]
    assert lines[3:] == [f"left to `make test-nightly`: {suites.SUITES[NIGHTLY].about}"]


def test_one_suite_that_fails_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest is run and shown all the same."""
    monkeypatch.setattr(suites, "run", lambda name, *_, **__: Result(name, 1, int(name == MODEL)))
    assert suites.main([MODEL, ENGINE]) == 1
    printed = capsys.readouterr().out
    assert "model     failed 1" in printed
    assert "engine    passed" in printed
    assert suites.main([ENGINE]) == 0


def test_engine_starts_in_a_tree_of_its_own() -> None:
    """What is asked for by a relative path is the tests' own, whatever stands in the user's."""
    assert TREE.samefile(".")
    for name in ("params.yaml", "data/iris.csv"):
        own = (ROOT / "tests" / "project" / name).read_bytes()
        assert (TREE / name).read_bytes() == own


@pytest.mark.parametrize("name", ["params.yaml", "data/iris.csv", "dist/service/model.json"])
def test_what_a_user_owns_is_not_opened(name: str) -> None:
    """A test of the engine that does fails here, and not first in somebody's fork."""
    with pytest.raises(AssertionError, match="which a fork changes: use tests/project"):
        (ROOT / name).open()
