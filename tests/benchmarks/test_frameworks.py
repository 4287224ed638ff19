"""Serving frameworks as peers: their protocols, their start, what they leave behind."""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import frameworks, variants
from benchmarks.compare import Comparison, FixedRate, compare
from benchmarks.dialects import (
    BENTOML,
    LITSERVE,
    MLFLOW,
    MLFLOW_ONNX,
    MLSERVER,
    OURS,
    WITHOUT_A_MODEL,
    Dialect,
)
from benchmarks.frameworks import FRAMEWORKS, Framework
from benchmarks.variants import Variant
from tests.measure.fakes import LOAD_S, card, fake_variant
from tests.tools import is_running, wait_until
from twinserve.config.card import GoldenCase
from twinserve.config.errors import UserError
from twinserve.measure.http import load
from twinserve.measure.machine.disk import size_bytes

SERVER = Path(__file__).parent / "fake_framework.py"
ROW = [1.0, 2.0]


@pytest.fixture
def peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of frameworks that are this Python and the stand-in, unlocked; a model beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(frameworks, "ensure_environment", lambda _: Path(sys.executable))
    monkeypatch.setattr(frameworks, "PEERS", tmp_path)
    for name, framework in FRAMEWORKS.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "save.py").write_text(
            "import os, pathlib, sys\n"
            "assert os.environ['MODEL'].endswith('model.pkl'), 'no such model'\n"
            "pathlib.Path(sys.argv[1]).mkdir()\n"
        )
        start = f"exec {sys.executable} {SERVER}"
        monkeypatch.setitem(FRAMEWORKS, name, replace(framework, start=start))
        (tmp_path / "locks" / "peers").mkdir(parents=True, exist_ok=True)
        lock = tmp_path / "locks" / "peers" / f"{name}.txt"
        lock.write_text(f"numpy==2.0.0 \\\n    --hash=sha256:00\n{name}==1.2.3 ; python\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model.pkl").write_bytes(b"model")
    digest = hashlib.sha256(b"model").hexdigest()
    (tmp_path / "models" / "model.pkl.sha256").write_text(f"{digest}  models/model.pkl\n")
    return tmp_path


def in_mode(framework: Framework, **variables: str) -> Framework:
    """The stand-in, told to do something."""
    return replace(framework, variables={**framework.variables, **variables})


def measured(variant: Variant) -> Comparison:
    """A short round."""
    return compare([variant], rounds=1, model=("flowers", "v1.0"), seconds=LOAD_S)


@pytest.mark.parametrize(
    ("dialect", "asked", "answered"),
    [
        (OURS, {"features": ROW}, {"prediction": 2, "model_version": "v1"}),
        (LITSERVE, {"input": ROW}, {"output": 2}),
        (BENTOML, {"features": [ROW]}, [2]),
        (
            MLSERVER,
            {
                "inputs": [
                    {"name": "predict", "shape": [1, 2], "datatype": "FP32", "data": ROW},
                ]
            },
            {"model_name": "model", "outputs": [{"name": "predict", "data": [2]}]},
        ),
        (MLFLOW, {"inputs": [ROW]}, {"predictions": [2]}),
        (MLFLOW_ONNX, {"inputs": [ROW]}, {"predictions": {"label": [2], "p": [[0, 0, 1]]}}),
    ],
)
def test_each_protocol_is_spoken_and_read(
    dialect: Dialect, asked: object, answered: object
) -> None:
    """What is sent for a row, and the class in the answer."""
    assert json.loads(dialect.body(ROW)) == asked
    assert dialect.prediction(json.dumps(answered).encode()) == 2
    for wrong in (b"", b"3", b"{}", b"[]"):
        with pytest.raises(ValueError, match=r"no class|Expecting value"):
            dialect.prediction(wrong)


def test_who_knows_no_model_has_no_class() -> None:
    """An echo is not asked for one."""
    with pytest.raises(ValueError, match="no model"):
        WITHOUT_A_MODEL.prediction(b"{}")


@pytest.mark.parametrize("name", ["litserve", "mlserver", "mlflow"])
def test_a_framework_is_measured_in_its_own_protocol(name: str, peers: Path) -> None:
    """Prepared by name, started by its line, asked at its path, its class checked."""
    (variant,) = variants.prepare([name], card())
    assert variant.environment == Path(sys.executable).parent.parent
    (peers / "models" / "model.pkl.sha256").unlink()
    result = measured(replace(variant, environment=peers / "models")).variants[0]
    assert result.per_second.value > 0
    assert result.environment_bytes == len(b"model")
    assert result.version == "1.2.3"


def test_nothing_that_a_framework_starts_with_lets_it_phone_home(peers: Path) -> None:
    """Telemetry off, no way out, a home of its own, all of it on loopback."""
    target, _ = frameworks.prepare_framework("mlserver", peers / "models" / "model.pkl")
    told = target.environment
    assert told["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert told["BENTOML_DO_NOT_TRACK"] == "True"
    assert told["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert told["HOME"] == str(peers / ".cache/peers/mlserver")
    assert told["MLSERVER_HOST"] == "127.0.0.1"
    assert told["MLSERVER_GRPC_PORT"] != told["MLSERVER_METRICS_PORT"]


def test_the_documented_starts_bind_to_what_they_are_given() -> None:
    """Each line, or the program that it starts, takes host and port from us."""
    for name, framework in FRAMEWORKS.items():
        programs = (frameworks.PEERS / name).glob("*.py")
        text = framework.start + "".join(path.read_text() for path in programs)
        host = "MLSERVER_HOST" in framework.variables or "HOST" in text
        assert host, name
        assert "PORT" in text, name
        assert "exec " in framework.start, name


def test_a_model_that_cannot_be_saved_is_one_line(peers: Path) -> None:
    """With what its program said last."""
    other = peers / "models" / "other.onnx"
    other.touch()
    with pytest.raises(UserError, match=r"^mlflow: the model cannot be saved: .*no such model"):
        frameworks.prepare_framework("mlflow", other)


def test_a_lock_that_is_not_the_framework_s_is_one_line(peers: Path) -> None:
    """It says how to make it."""
    (peers / "locks" / "peers" / "litserve.txt").write_text("numpy==2.0.0\n")
    with pytest.raises(UserError, match=r"litserve\.txt does not name litserve; .*make lock"):
        variants.prepare(["litserve"], card())


def test_a_framework_without_its_model_is_one_line(peers: Path) -> None:
    """It says how to go on without it."""
    (peers / "models" / "model.pkl").unlink()
    with pytest.raises(UserError, match=r"litserve needs .*model\.pkl.*--only"):
        variants.prepare(["litserve"], card())


def test_a_port_that_opens_early_is_asked_until_it_answers(
    peers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cold start ends with the first 200, and what was refused before is counted."""
    monkeypatch.setitem(FRAMEWORKS, "litserve", in_mode(FRAMEWORKS["litserve"], MODE="opens early"))
    (variant,) = variants.prepare(["litserve"], card())
    reading = measured(replace(variant, environment=peers)).variants[0].readings[0]
    assert reading.refused > 0
    assert reading.cold_ms > 100
    with pytest.raises(UserError, match="litserve: its first request got status 503, not 200"):
        measured(replace(variant, opens_early=False))


def test_an_answer_in_another_protocol_ends_the_run(
    peers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A status 200 alone is no prediction."""
    wrong = in_mode(FRAMEWORKS["litserve"], MODE="speaks another")
    monkeypatch.setitem(FRAMEWORKS, "litserve", wrong)
    (variant,) = variants.prepare(["litserve"], card())
    with pytest.raises(UserError, match=r"litserve: not a prediction: no class in .*label"):
        measured(replace(variant, environment=peers))


def test_a_wrong_class_ends_the_run() -> None:
    """Whoever answers fast must answer right."""
    with pytest.raises(UserError, match=r"service: \[1\.0, 2\.0\] is class 1, it answers 0"):
        measured(fake_variant(prediction=1))


def test_every_known_case_is_asked() -> None:
    """Not only the one that the load is made of."""
    variant = fake_variant()
    cases = (*variant.cases, GoldenCase([3.0, 4.0], 1))
    with pytest.raises(UserError, match=r"\[3\.0, 4\.0\] is class 1"):
        measured(replace(variant, cases=cases))


def test_what_a_framework_starts_is_ended_with_it(
    peers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker in a session of its own outlives a SIGTERM to its parent, but not the context."""
    told = peers / "child"
    mode = in_mode(FRAMEWORKS["litserve"], MODE="leaves a child", CHILD=str(told))
    monkeypatch.setitem(FRAMEWORKS, "litserve", mode)
    (variant,) = variants.prepare(["litserve"], card())
    with variant.target.start():
        wait_until(lambda: told.exists() and told.read_text())
    # Killed; whether it has been reaped is init's affair.
    wait_until(lambda: not is_running(int(told.read_text())))


def test_latency_at_a_fixed_rate_is_taken_where_it_is_asked_for() -> None:
    """All rounds together, percentiles over them."""
    rate = FixedRate(rate=200, requests=20, warm_up=2)
    comparison = compare(
        [fake_variant()], rounds=2, model=("f", "v1"), seconds=LOAD_S, fixed_rate=rate, goals=()
    )
    (result,) = comparison.variants
    assert [len(reading.latencies_ms) for reading in result.readings] == [20, 20]
    assert result.p50_ms is not None
    assert result.p99_ms is not None
    assert 0 < result.p50_ms.value <= result.p99_ms.value
    assert comparison.fixed_rate == rate
    assert comparison.ratios == ()


def test_requests_that_fail_at_the_fixed_rate_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Latency of those that did not fail would flatter."""
    arrivals = load.Arrivals([1.0], [0.0], 3)
    monkeypatch.setattr(load, "fixed_rate", lambda *_, **__: arrivals)
    rate = FixedRate(rate=50, requests=4, warm_up=0)
    with pytest.raises(UserError, match="service: 3 requests at 50/s failed"):
        compare([fake_variant()], rounds=1, model=("f", "v"), seconds=LOAD_S, fixed_rate=rate)


def test_room_on_disk_counts_files_once(tmp_path: Path) -> None:
    """Folders and links take none."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "one.py").write_bytes(b"12345")
    (tmp_path / "two.py").write_bytes(b"67")
    (tmp_path / "link").symlink_to(tmp_path / "lib" / "one.py")
    (tmp_path / "lib64").symlink_to(tmp_path / "lib")
    assert size_bytes(tmp_path) == 7
