"""The service's image, built by the command and run as a platform would: held to the contract."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.google.api import Json
from tests.pipeline.containers.cold_pairs import compare_cold, keep
from tests.pipeline.containers.engine import BASE, answering, build_image, podman
from tests.pipeline.containers.running_engine import CreatedContainer, running
from tests.stopping import ANSWERS_BEFORE, Clients
from tests.tools import twinserve, wait_until
from tests.tree import ROOT, TREE
from twinserve.config.card import Card, load_card
from twinserve.config.errors import UserError
from twinserve.contract.check import check_contract
from twinserve.delivery.bundle.assembly import read_bundle_hash
from twinserve.delivery.bundle.verify import verify_image
from twinserve.measure.machine.memory import tree_pss_bytes
from twinserve.measure.pages.publish import as_markdown
from twinserve.measure.run.matrix import Planned, Setting, run_matrix
from twinserve.measure.run.matrix_page import matrix_table
from twinserve.targets.container import ContainerTarget, Limits
from twinserve.targets.engine import Engine, Recipe
from twinserve.targets.local import local_service
from twinserve.targets.ready import wait_until_answering

REPORTS = ROOT / "reports"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
MOST_ABOVE_BASE = 45_000_000
COLD_ROUNDS = int(os.environ.get("COLD_ROUNDS", "6"))

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Podman, with the stand-in base image."""
    with podman() as engine:
        yield engine


@pytest.fixture(scope="module")
def printed(engine: Engine, dist: Path) -> subprocess.CompletedProcess[str]:
    """The command's output about an image, which it has made for another commit before.

    The second build finds everything in the engine's cache, and must not take labels from there.
    """
    assert dist.is_dir()
    build_image(engine, "of-another-build")
    return build_image(engine, COMMIT)


@pytest.fixture(scope="module")
def built(printed: subprocess.CompletedProcess[str]) -> Json:
    """The same, for programs."""
    image: Json = json.loads(printed.stdout)
    return image


@pytest.fixture(scope="module")
def target(engine: Engine, built: Json) -> ContainerTarget:
    """The image with 512 MiB, one CPU, a read-only root and no capabilities."""
    return ContainerTarget("service", built["image"], engine)


@pytest.fixture(scope="module")
def card(dist: Path) -> Card:
    """Of the model in the image."""
    return load_card(dist / "service" / "model.json")


@pytest.fixture(scope="module")
def body(card: Card) -> bytes:
    """A request that is answered with 200."""
    return json.dumps({"features": card.golden[0].features}).encode()


def test_contract_holds_in_the_container(target: ContainerTarget, dist: Path) -> None:
    """Every case of the suite, pages included: nothing that was pruned is needed."""
    with answering(target) as (endpoint, _):
        check = check_contract([endpoint], dist / "service" / "model.json")
    assert check.failed == 0
    assert check.passed > 100


def test_container_is_confined(target: ContainerTarget) -> None:
    """No root, no capabilities, nothing to write to but /tmp; limits as asked for."""
    with answering(target) as (endpoint, name):
        status = Path(f"/proc/{endpoint.pid}/status").read_text()
        (inspected,) = json.loads(target.engine.ask("container", "inspect", name))
        write = "import pathlib, sys; pathlib.Path(sys.argv[1], 'x').write_text('x')"
        target.engine.ask("exec", name, "python", "-c", write, "/tmp")  # noqa: S108 - its own
        for folder in ("/srv", "/opt/venv", "/usr/local"):
            with pytest.raises(UserError, match="Read-only file system"):
                target.engine.ask("exec", name, "python", "-c", write, folder)
        assert endpoint.pid
        assert tree_pss_bytes(endpoint.pid)
    members = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert members["Uid"].split() == ["65532"] * 4
    assert int(members["CapEff"], 16) == int(members["CapBnd"], 16) == 0
    assert members["NoNewPrivs"] == "1"
    limits = inspected["HostConfig"]
    assert limits["Memory"] == limits["MemorySwap"] == 512 * 1024 * 1024
    assert limits["NanoCpus"] == 1_000_000_000
    assert limits["PidsLimit"] == 64


def test_image_holds_what_is_locked_compiled_and_no_secret(target: ContainerTarget) -> None:
    """Neither pip nor its configuration is there; all that a server imports has its bytecode."""
    code = (
        "import importlib.util, os, sys\n"
        "import service.__main__, service.pages, twinserve.inference.runtimes.compiled\n"
        "cached = [getattr(one, '__cached__', None) for one in list(sys.modules.values())]\n"
        "print([path for path in cached if path and not os.path.exists(path)])\n"
        "print([one for one in ('pip', 'setuptools') if importlib.util.find_spec(one)])\n"
        "print([path for path in ('/etc/pip.conf', '/run/secrets/ca') if os.path.exists(path)])\n"
    )
    with answering(target) as (_, name):
        assert target.engine.ask("exec", name, "python", "-c", code).split() == ["[]"] * 3


def test_healthcheck_tells_whether_it_answers(target: ContainerTarget) -> None:
    """The image's own check passes on whatever port it listens, and fails on a stopped server."""
    other = replace(target, inner_port=9000, health=True)
    with answering(other) as (endpoint, name):
        assert endpoint.pid
        target.engine.ask("healthcheck", "run", name)
        os.kill(endpoint.pid, signal.SIGSTOP)
        try:
            with pytest.raises(UserError, match="healthcheck failed"):
                target.engine.ask("healthcheck", "run", name)
        finally:
            os.kill(endpoint.pid, signal.SIGCONT)


def test_labels_say_what_is_in_the_image(
    engine: Engine, built: Json, card: Card, dist: Path
) -> None:
    """Version, commit, model and bundle stand on the image itself; it does not run as root."""
    image = engine.inspect(built["image"])
    expected = {
        "org.opencontainers.image.version": card.version,
        "org.opencontainers.image.revision": COMMIT,
        "org.opencontainers.image.base.name": BASE,
        "io.twinserve.model-sha256": card.artifacts["model.pkl"],
        "io.twinserve.bundle": read_bundle_hash(dist / "service"),
    }
    assert expected.items() <= image.labels.items()
    assert image.user == "65532:65532"


def test_image_is_small(built: Json, printed: subprocess.CompletedProcess[str]) -> None:
    """At most 45 MB above the base; the table of layers fits 80 columns and adds up."""
    assert 0 < built["own_bytes"] <= MOST_ABOVE_BASE
    assert built["own_bytes"] == sum(layer["size"] for layer in built["layers"])
    table = printed.stderr[printed.stderr.index("Image v") :]
    assert max(map(len, table.splitlines()[:-1])) <= 80
    rows = dict(re.findall(r"^│ +([\d.]+) │ (.*?) +│$", table, re.MULTILINE))
    assert rows[f"{built['own_bytes'] / 1e6:.1f}"] == "above the base"
    assert "COPY /opt/venv" in rows.values()
    # Where the comparison of both targets finds it.
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / "image.json").write_text(json.dumps(built))


def test_tampered_model_is_refused(
    engine: Engine, target: ContainerTarget, tmp_path: Path, card: Card
) -> None:
    """An image whose model is not the card's ends at once, with a line that says so."""
    (tmp_path / "Dockerfile").write_text(f"FROM {target.image}\nCOPY model /srv/{card.served}\n")
    (tmp_path / "model").write_bytes(b"another model")
    tampered = "localhost/tampered:latest"
    engine.build(Recipe(tmp_path, tampered))
    message = rf"service ended with exit code 1: error: /srv/{card.served}: SHA-256 is .* nothing"
    with (
        ContainerTarget("service", tampered, engine).start() as endpoint,
        pytest.raises(UserError, match=message),
    ):
        wait_until_answering(endpoint)


def test_stop_under_load_loses_no_request(target: ContainerTarget, body: bytes) -> None:
    """SIGTERM reaches the server; every request that was sent is answered."""
    with answering(target) as (endpoint, name):
        clients = Clients(endpoint, body)
        account = clients.run_until_stopped(lambda: target.engine.ask("stop", "--time=10", name))
        wait_until(endpoint.fault)
        assert "ended with exit code 0" in str(endpoint.fault())
    assert account.before >= ANSWERS_BEFORE
    assert not account.lost
    assert account.sent == account.answered > account.before
    assert account.last


def test_image_that_is_not_there_is_told(engine: Engine) -> None:
    """Starting nothing ends with the engine's own reason."""
    absent = ContainerTarget("service", "localhost/absent:latest", engine)
    with (
        absent.start() as endpoint,
        pytest.raises(UserError, match=r"service ended with exit code 125: .*absent"),
    ):
        wait_until_answering(endpoint)


def test_container_leaves_nothing_behind(target: ContainerTarget) -> None:
    """Once its context is left, the container is gone."""
    with answering(target) as (endpoint, name):
        pass
    assert name not in target.engine.ask("ps", "--all", "--format={{.Names}}").split()
    assert not Path(f"/proc/{endpoint.pid}").exists()


def test_cold_start_is_reported(
    target: ContainerTarget, dist: Path, body: bytes, show: Callable[[str, str], None]
) -> None:
    """Container and process in turns, each start proven cold; figures in `reports/`, no verdict."""
    process = ("process", local_service(dist / "service"))
    on_host = replace(target, host_network=True)
    with running(target.engine) as engine_socket:
        kinds: dict[str, CreatedContainer | ContainerTarget] = {
            "container, by a running engine": CreatedContainer(on_host, engine_socket),
            "container, by podman run": on_host,
            "container on its own network": target,
        }
        pairs = [compare_cold(kind, process, body, rounds=COLD_ROUNDS) for kind in kinds.items()]
    keep(pairs, REPORTS)
    show("container", "\n".join(map(str, pairs)))
    for pair in pairs:
        assert len(pair.samples_ms) == COLD_ROUNDS
        assert pair.ratio.low <= pair.ratio.value <= pair.ratio.high


def checked(image: str, engine: Engine) -> subprocess.CompletedProcess[str]:
    """The command that holds an image to the contract."""
    return twinserve("check", f"--image={image}", f"--engine={engine.name}", cwd=TREE)


def test_command_holds_the_image_to_the_contract(built: Json, engine: Engine) -> None:
    """`twinserve check` runs it beside the function, and counts the cases."""
    done = checked(built["image"], engine)
    assert done.returncode == 0, done.stderr
    match = re.fullmatch(r"(\S+): (\d+) cases of the contract passed, .*\n", done.stdout)
    assert match
    assert match[1] == built["image"]
    assert int(match[2]) > 200


def test_command_tells_of_an_image_that_fails(engine: Engine, tmp_path: Path, built: Json) -> None:
    """An image that serves something else: exit code 4, and the cases that fail are shown."""
    server = (
        "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8080, bind='0.0.0.0')"
    )
    (tmp_path / "Dockerfile").write_text(
        f'FROM {built["image"]}\nENTRYPOINT []\nCMD ["python", "-c", "{server}"]\n'
    )
    other = "localhost/other:latest"
    engine.build(Recipe(tmp_path, other))
    done = checked(other, engine)
    assert done.returncode == 4
    assert re.search(r"error: \d+ cases of the contract fail; see above", done.stderr)


def test_cold_start_is_taken_apart_as_a_process_is(
    target: ContainerTarget, dist: Path, card: Card, body: bytes, show: Callable[[str, str], None]
) -> None:
    """The same parts, which make up the whole, at two sizes and beside a process."""
    smaller = replace(target, limits=Limits(256, 0.5), host_network=True)
    planned = [
        Planned(Setting("service", "process", card.runtime), local_service(dist / "service")),
        Planned(Setting("service", "container", card.runtime, "512Mi", 1), target),
        Planned(Setting("service", "container", card.runtime, "256Mi", 0.5), smaller),
    ]
    matrix = run_matrix(planned, body, rounds=2, model=(card.name, card.version))
    parts = [[part.name for part in cell.parts] for cell in matrix.cells]
    assert parts[0] == parts[1] == parts[2]
    for cell in matrix.cells:
        assert cell.total_ms is not None
        assert sum(part.ms for part in cell.parts) == pytest.approx(cell.total_ms.value)
    show("container-parts", as_markdown(matrix_table(matrix)))


def test_image_holds_the_bundle_byte_for_byte(engine: Engine, built: Json) -> None:
    """So `verify --image` says of the image that was just built."""
    verify_image(engine, built["image"])
