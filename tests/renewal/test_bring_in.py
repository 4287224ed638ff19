"""Which versions come in: real uv and git, with checks that take no time."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.delivery.update.forks import Repository
from tests.renewal.package_index import PackageIndex, serve_index
from tests.renewal.small_project import environment, make_small_project
from twinserve.config.errors import UserError
from twinserve.config.params import Renewal
from twinserve.delivery.bundle.locks import lock
from twinserve.delivery.bundle.pins import read_rooms
from twinserve.renewal import packages
from twinserve.renewal.fit import Failure, FitError, Passed
from twinserve.renewal.packages import Brought, Wanted, bring_in
from twinserve.targets.git import Checkout

OLD = {"alpha": "1.0", "beta": "1.0", "gamma": "1.0"}
RULES = Renewal()
LINE = "error: row 3: served 1, the estimator 2"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """The only place that packages come from."""
    with serve_index(tmp_path / "index") as served:
        for name, text in environment(served).items():
            monkeypatch.setenv(name, text)
        yield served


@pytest.fixture
def project(tmp_path: Path, index: PackageIndex) -> Repository:
    """A project whose packages are all of version 1.0, all newest."""
    return make_small_project(tmp_path / "project", index)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The versions with which the pipeline fails; fill it."""
    versions: dict[str, str] = {}

    def fit(tree: Path, log: Path, *, outputs: Sequence[str], **_: object) -> tuple[Passed, ...]:
        assert outputs == ("--allow-missing",)
        pins = read_rooms(tree)["dev"]
        if any(pins.get(name) == version for name, version in versions.items()):
            raise FitError(Failure("pipeline", LINE), log)
        return (Passed("pipeline", 1.0),)

    monkeypatch.setattr(packages, "fit", fit)
    return versions


def bring(
    project: Repository, *names: str, at_once: Sequence[str] = (), rules: Renewal = RULES
) -> Brought:
    """Renew the project's own tree."""
    log = project.path("reports/log")
    wanted = Wanted(names, tuple(at_once), rules, engine=False, log=log)
    return bring_in(Checkout(project.directory), wanted)


def pins(project: Repository, room: str = "dev") -> dict[str, str]:
    return read_rooms(project.directory)[room]


def publish(index: PackageIndex, *names: str) -> None:
    for name in names:
        index.publish(name, "2.0")


@pytest.mark.usefixtures("broken")
def test_named_package_alone_is_renewed(project: Repository, index: PackageIndex) -> None:
    """The others stay; a package of one room only comes into that room."""
    publish(index, "alpha", "beta", "delta")
    brought = bring(project, "delta")
    assert pins(project) == OLD
    assert pins(project, "lonely") == {"beta": "1.0", "delta": "2.0"}
    assert [change.name for change in brought.changes] == ["delta"]


@pytest.mark.usefixtures("broken")
def test_version_of_this_week_is_not_taken(project: Repository, index: PackageIndex) -> None:
    """The newest of those that are old enough is; in a room of its own too."""
    index.publish("alpha", "2.0", days_ago=8)
    index.publish("alpha", "3.0", days_ago=6)
    index.publish("delta", "2.0", days_ago=6)
    bring(project)
    assert pins(project)["alpha"] == "2.0"
    assert pins(project, "lonely")["delta"] == "1.0"
    bring(project, rules=Renewal(min_age_days=3))
    assert pins(project)["alpha"] == "3.0"
    assert pins(project, "lonely")["delta"] == "2.0"


@pytest.mark.usefixtures("broken")
def test_version_that_mends_a_vulnerability_is_taken_at_once(
    project: Repository, index: PackageIndex
) -> None:
    """Of the others nothing so young is."""
    for name in ("alpha", "beta", "delta"):
        index.publish(name, "2.0", days_ago=1)
    bring(project, at_once=("beta", "delta"))
    assert pins(project) == OLD | {"beta": "2.0"}
    assert pins(project, "lonely")["delta"] == "2.0"


@pytest.mark.usefixtures("broken")
def test_young_version_that_is_locked_stays(project: Repository, index: PackageIndex) -> None:
    """The limit takes nothing back that a person has brought in."""
    index.publish("beta", "2.0", days_ago=1)
    index.publish("alpha", "2.0")
    project.replace("pyproject.toml", '["beta"]', '["beta>=2"]')
    lock(project.directory)
    project.commit("Beta at once")
    assert pins(project)["beta"] == "2.0"
    bring(project)
    assert pins(project) == {"alpha": "2.0", "beta": "2.0", "gamma": "1.0"}


@pytest.mark.nightly
@pytest.mark.usefixtures("broken")
def test_version_goes_down_where_another_one_asks_for_it(
    project: Repository, index: PackageIndex
) -> None:
    """A package that is named comes in, though an older version of a second one has to."""
    index.publish("gamma", "0.9")
    index.publish("alpha", "2.0", requires=("gamma<1",))
    bring(project, "alpha")
    assert pins(project) == {"alpha": "2.0", "beta": "1.0", "gamma": "0.9"}


@pytest.mark.usefixtures("broken")
def test_nothing_newer_changes_nothing(project: Repository) -> None:
    """And no fit is tried for it."""
    assert bring(project) == Brought((), (), (), 0)
    assert project.git("status", "--porcelain") == ""


def test_what_breaks_is_held_back_by_name(
    project: Repository, index: PackageIndex, broken: dict[str, str]
) -> None:
    """The rest comes in; at the next version the package is tried again."""
    publish(index, "alpha", "beta", "gamma")
    broken["beta"] = "2.0"
    brought = bring(project)
    assert pins(project) == {"alpha": "2.0", "beta": "1.0", "gamma": "2.0"}
    (held,) = json.loads(project.path("locks/held.json").read_text())
    assert (held["package"], held["version"], held["line"]) == ("beta", "2.0", LINE)
    assert [entry.package for entry in brought.held] == ["beta"]
    project.commit("Renew")
    # It is known: no fit is spent on it.
    assert bring(project) == Brought((), brought.held, (), 0)
    index.publish("beta", "2.1")
    assert bring(project).held == ()
    assert pins(project)["beta"] == "2.1"
    assert not project.path("locks/held.json").exists()


@pytest.mark.nightly
def test_package_that_is_named_is_tried_again(
    project: Repository, index: PackageIndex, broken: dict[str, str]
) -> None:
    """Whoever names it may have mended what it broke."""
    publish(index, "beta")
    broken["beta"] = "2.0"
    first = bring(project)
    assert (first.changes, [entry.package for entry in first.held]) == ((), ["beta"])
    project.commit("Renew")
    del broken["beta"]
    bring(project, "beta")
    assert pins(project)["beta"] == "2.0"


@pytest.mark.nightly
def test_package_that_needs_what_is_held_back_stays_too(
    project: Repository, index: PackageIndex, broken: dict[str, str]
) -> None:
    """It is not brought in without it, nor is what is held back brought in by it."""
    index.publish("beta", "2.0")
    index.publish("alpha", "2.0", requires=("beta>=2",))
    index.publish("gamma", "2.0")
    broken["beta"] = "2.0"
    bring(project)
    assert pins(project) == {"alpha": "1.0", "beta": "1.0", "gamma": "2.0"}


@pytest.mark.nightly
def test_whole_set_is_held_back_beyond_the_bound(
    project: Repository, index: PackageIndex, broken: dict[str, str]
) -> None:
    """The setting and the failing line are named."""
    publish(index, "alpha", "beta", "gamma")
    broken |= {"alpha": "2.0", "gamma": "2.0"}
    with pytest.raises(UserError, match=r"row 3.* after 3 fits \(renewal.most_fits\)"):
        bring(project, rules=Renewal(most_fits=3))


def test_versions_that_fit_nowhere_are_told_by_uv(project: Repository, index: PackageIndex) -> None:
    """What the requirements exclude is no fault of a package."""
    index.publish("alpha", "2.0", requires=("gamma>7",))
    project.replace("pyproject.toml", '"alpha"', '"alpha>=2"')
    project.commit("Alpha's next")
    with pytest.raises(UserError, match=r"locks/dev\.txt: .*gamma"):
        bring(project)
