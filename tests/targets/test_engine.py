"""Docker and Podman: which of them works is found by use, and their errors end as a line."""

import itertools
import json
import time
from pathlib import Path

import pytest

from tests.targets.fake_engine import WORKS, FakeEngines, Reply
from twinserve.config.errors import UserError
from twinserve.targets.container import ContainerTarget
from twinserve.targets.engine import Engine, Layer, Recipe, find_engine
from twinserve.targets.ready import wait_until_answering

NO_DAEMON = Reply(
    ["run"],
    error="docker: Cannot connect to the Docker daemon. Is it running?\n"
    "\nRun 'docker run --help' for more information\n",
    code=125,
)
STARTS_NOTHING = Reply(["run"], error="Error: OCI runtime error: crun: no cgroups\n", code=126)
IMAGE = "registry.example/models/service:v1"
DIGEST = f"sha256:{'ab' * 32}"


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngines:
    """None yet."""
    return FakeEngines(tmp_path, monkeypatch)


def test_client_without_its_daemon_is_passed_over(engines: FakeEngines) -> None:
    """The first that runs something is taken, not the first that is there."""
    engines.add("docker", NO_DAEMON)
    engines.add("podman", WORKS)
    assert find_engine("auto", "base") == Engine("podman")
    assert [command[0] for command in engines.asked] == ["docker", "podman"]


def test_chosen_engine_is_the_only_one_asked(engines: FakeEngines) -> None:
    """`--engine` is obeyed."""
    engines.add("docker", WORKS)
    engines.add("podman", WORKS)
    assert find_engine("podman", "base") == Engine("podman")
    assert [command[0] for command in engines.asked] == ["podman"]


def test_nothing_works_is_told_for_each(engines: FakeEngines) -> None:
    """One line says why neither will do, and what to install."""
    engines.add("docker", NO_DAEMON)
    engines.add("podman", STARTS_NOTHING)
    with pytest.raises(UserError) as raised:
        find_engine("auto", "base")
    assert str(raised.value) == (
        "no container engine can run base (docker: Cannot connect to the Docker daemon. Is it "
        "running?; podman: Error: OCI runtime error: crun: no cgroups): install and start Docker "
        "or Podman"
    )


@pytest.mark.usefixtures("engines")
def test_missing_engine_is_told() -> None:
    """Nothing on the PATH: what to install."""
    with pytest.raises(UserError, match=r"docker: not on the PATH; podman: not on the PATH\): in"):
        find_engine("auto", "base")


def test_engine_that_prints_something_else_does_not_work(engines: FakeEngines) -> None:
    """An exit code of 0 is no proof that something ran."""
    engines.add("docker", Reply(["run"]))
    with pytest.raises(UserError, match="docker: exit code 0"):
        find_engine("docker", "base")


def test_engine_that_never_answers_is_told(
    engines: FakeEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the probe nor a question waits for ever."""
    monkeypatch.setattr("twinserve.targets.engine.PROBE_LIMIT_S", 0.1)
    monkeypatch.setattr("twinserve.targets.engine.ASK_LIMIT_S", 0.1)
    engines.add("docker", Reply([], code=None))
    with pytest.raises(UserError, match=r"docker: nothing has run in 0\.1 s"):
        find_engine("docker", "base")
    with pytest.raises(UserError, match=r"docker ps: no answer in 0\.1 s"):
        Engine("docker").ask("ps")


def test_image_that_must_be_there_is_not_fetched(engines: FakeEngines) -> None:
    """To push what was built, an engine that does not have it is no use."""
    engines.add("podman", Reply(["run"], error="Error: x: image not known\n", code=125))
    with pytest.raises(UserError, match=r"image not known.*twinserve build"):
        find_engine("podman", IMAGE, pull=False)
    assert "--pull=never" in engines.asked[0]


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_failed_build_ends_with_its_last_line(
    name: str, engines: FakeEngines, tmp_path: Path
) -> None:
    """All that the engine says is passed on; its last line is the error."""
    engines.add(name, Reply(["build"], out="STEP 1\n", error="no space left\n", code=1))
    said: list[str] = []
    with pytest.raises(UserError, match=f"{name} build failed: no space left"):
        Engine(name).build(Recipe(tmp_path, IMAGE), said.append)
    assert said == ["STEP 1\n", "no space left\n"]


def test_recipe_reaches_the_engine_whole(tmp_path: Path) -> None:
    """Arguments, labels, secrets and network are options; the folder comes last."""
    recipe = Recipe(tmp_path, IMAGE, {"A": "1"}, {"l": "2"}, {"ca": Path("ca.pem")}, "host")
    command = Engine("podman").build_command(recipe)
    for pair in (
        ("--build-arg", "A=1"),
        ("--label", "l=2"),
        ("--secret", "id=ca,src=ca.pem"),
        ("--network", "host"),
        ("--format", "docker"),
        ("--tag", IMAGE),
    ):
        assert pair in itertools.pairwise(command)
    assert command[-1] == str(tmp_path)
    assert "--format" not in Engine("docker").build_command(recipe)


def test_podmans_push_gives_the_registrys_digest(engines: FakeEngines) -> None:
    """Podman writes the digest to a file."""
    engines.add("podman", Reply(["login"]), Reply(["push"], out=DIGEST))
    assert Engine("podman").push(IMAGE, "a token", lambda _: None) == DIGEST


def test_dockers_push_gives_the_digest_of_that_repository(engines: FakeEngines) -> None:
    """An image may lie in several repositories, under other digests."""
    ours = f"registry.example/models/service@{DIGEST}"
    references = [f"elsewhere/service@sha256:{'cd' * 32}", ours]
    inspect = Reply(["image", "inspect"], json.dumps(references))
    engines.add("docker", Reply(["login"]), Reply(["push"]), inspect)
    assert Engine("docker").push(IMAGE, "a token", lambda _: None) == DIGEST


def test_token_of_a_push_is_no_argument(engines: FakeEngines) -> None:
    """Arguments are everyone's to read: it goes to `login` on its standard input."""
    engines.add("podman", Reply(["login"]), Reply(["push"], out=DIGEST))
    Engine("podman").push(IMAGE, "a token", lambda _: None)
    login, push = engines.asked
    assert login[1:] == [
        "login",
        "--username=oauth2accesstoken",
        "--password-stdin",
        "registry.example",
    ]
    assert "a token" not in login + push


def test_refused_login_is_told(engines: FakeEngines) -> None:
    """Nothing is pushed; the engine's reason ends the line."""
    engines.add("podman", Reply(["login"], error="Error: invalid username/password\n", code=125))
    with pytest.raises(UserError, match="podman login failed: Error: invalid username/password"):
        Engine("podman").push(IMAGE, "a token", lambda _: None)
    assert len(engines.asked) == 1


def test_push_without_a_digest_is_told(engines: FakeEngines) -> None:
    """No digest, no release by it."""
    engines.add("docker", Reply(["login"]), Reply(["push"]), Reply(["image", "inspect"], "null"))
    with pytest.raises(UserError, match="names no digest"):
        Engine("docker").push(IMAGE, "a token", lambda _: None)


def test_dockers_layers_are_read_as_podmans(engines: FakeEngines) -> None:
    """Sizes in bytes, from the base up, empty ones left out, instructions readable."""
    history = [
        {"Size": "0", "CreatedBy": 'CMD ["python"]'},
        {"Size": "300", "CreatedBy": "COPY /srv /srv # buildkit"},
        {"Size": "200", "CreatedBy": "RUN |1 BASE=x /bin/sh -c python -m compileall # buildkit"},
        {"Size": "100", "CreatedBy": "/bin/sh -c #(nop) ADD file:" + "0a" * 32 + " in / "},
    ]
    inspected = [{"Id": "sha256:1", "Config": {"Labels": None, "User": "65532:65532"}}]
    engines.add(
        "docker",
        Reply(["image", "inspect"], json.dumps(inspected)),
        Reply(["history"], "\n".join(map(json.dumps, history))),
    )
    image = Engine("docker").inspect(IMAGE)
    assert image.layers == (
        Layer(100, "ADD /"),
        Layer(200, "RUN python -m compileall"),
        Layer(300, "COPY /srv /srv"),
    )
    assert image.size == 600
    assert image.labels == {}


def test_container_that_cannot_be_started_is_told(engines: FakeEngines) -> None:
    """What the engine says becomes the endpoint's fault."""
    engines.add("docker", Reply(["run"], error="docker: no such image\n", code=125))
    target = ContainerTarget("service", IMAGE, Engine("docker"))
    with (
        target.start() as endpoint,
        pytest.raises(UserError, match="service ended with exit code 125: docker: no such image"),
    ):
        wait_until_answering(endpoint)
    assert endpoint.pid is None


@pytest.mark.usefixtures("engines")
def test_container_without_an_engine_is_told() -> None:
    """A missing program is one line."""
    target = ContainerTarget("service", IMAGE, Engine("docker"))
    with pytest.raises(UserError, match="service: cannot run docker"), target.start():
        pass


def test_container_of_docker_has_the_pid_that_docker_tells(
    engines: FakeEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker writes no file of it and is asked; what does not stop is removed by force."""
    monkeypatch.setattr("twinserve.targets.container.STOP_LIMIT_S", 0.1)
    runs, pid = Reply(["run"], code=None), Reply(["inspect"], "4711\n")
    engines.add("docker", runs, pid, Reply(["stop"]), Reply(["rm"]))
    target = ContainerTarget("service", IMAGE, Engine("docker"))
    with target.start() as endpoint:
        assert endpoint.pid == 4711
        assert endpoint.fault() is None
        # It runs beside this, and on a slow machine notes that only now.
        while "run" not in [command[1] for command in engines.asked]:
            time.sleep(0.01)
    asked = [command[1] for command in engines.asked]
    assert "inspect" in asked
    assert asked[-2:] == ["stop", "rm"]
