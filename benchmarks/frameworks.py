"""Serving frameworks beside this project: each as its own documents start it, with one worker.

Each has its locked environment, speaks its own protocol, and serves the estimator itself and, by
the way that it has for it, the ONNX model.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.dialects import BENTOML, LITSERVE, MLFLOW, MLFLOW_ONNX, MLSERVER, Dialect
from twinserve.config.errors import UserError
from twinserve.targets.environment import ensure_environment
from twinserve.targets.local import compile_bytecode, environment_for
from twinserve.targets.process import LOOPBACK, ProcessTarget, free_port

PEERS = Path(__file__).parent / "peers"
LOCKS = Path("locks/peers")
WORK = Path(".cache/peers")
ONNX = "onnx"
# None may phone home: each is told not to, and what asks all the same finds no way out.
NO_WAY_OUT = f"http://{LOOPBACK}:9"
QUIET = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "ORT_DISABLE_TELEMETRY": "1",
    "HTTP_PROXY": NO_WAY_OUT,
    "HTTPS_PROXY": NO_WAY_OUT,
    "NO_PROXY": f"{LOOPBACK},localhost",
}


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework.

    Attributes:
        description: what it is, in a line.
        start: a shell's line; ``$HOST``, ``$PORT`` and ``$MODEL`` are known to it.
        dialects: with the estimator, and with ONNX.
        runtimes: what ``$RUNTIME`` is, with the estimator and with ONNX.
        saver: a program that saves ``$MODEL`` in the framework's own format first.
        variables: of its environment.
    """

    description: str
    start: str
    dialects: tuple[Dialect, Dialect]
    runtimes: tuple[str, str] = ("", "")
    saver: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


FRAMEWORKS = {
    # https://lightning.ai/docs/litserve/get-started
    "litserve": Framework("LitServe: python server.py", "exec python server.py", (LITSERVE,) * 2),
    # https://docs.bentoml.com/en/latest/reference/bentoml/cli.html: for production, unless told
    # --development or --reload.
    "bentoml": Framework(
        "BentoML: bentoml serve",
        "exec bentoml serve service:$RUNTIME --host $HOST --port $PORT",
        (BENTOML,) * 2,
        ("Pickled", "Onnx"),
    ),
    # https://docs.seldon.ai/mlserver/getting-started; one worker process is its default. Without a
    # file the variables are its settings; it starts gRPC and metrics too, on ports of their own.
    "mlserver": Framework(
        "MLServer: mlserver start",
        "export MLSERVER_HTTP_PORT=$PORT MLSERVER_MODEL_URI=$MODEL "
        "MLSERVER_MODEL_IMPLEMENTATION=$RUNTIME; exec mlserver start .",
        (MLSERVER,) * 2,
        ("mlserver_sklearn.SKLearnModel", "runtime.OnnxModel"),
        variables={
            "MLSERVER_DEBUG": "false",
            "MLSERVER_HOST": LOOPBACK,
            "MLSERVER_MODEL_NAME": "model",
            "MLSERVER_PARALLEL_WORKERS": "1",
        },
    ),
    # https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally; the environment is its own.
    "mlflow": Framework(
        "MLflow: mlflow models serve",
        "exec mlflow models serve --model-uri $MODEL --env-manager local --workers 1 "
        "--host $HOST --port $PORT",
        (MLFLOW, MLFLOW_ONNX),
        saver="save.py",
    ),
}
NAMES = tuple(f"{name}{runtime}" for name in FRAMEWORKS for runtime in ("", f" {ONNX}"))


def describe(name: str) -> str:
    """The variant of this name."""
    framework, _, runtime = name.partition(" ")
    served = "ONNX Runtime" if runtime == ONNX else "scikit-learn"
    return f"{FRAMEWORKS[framework].description}, {served}"


def version_of(name: str) -> str:
    """Of the framework, as its environment is locked.

    Raises:
        UserError: the lock does not name it.
    """
    path, framework = LOCKS / f"{name.replace(' ', '-')}.txt", name.partition(" ")[0]
    match = re.search(rf"^{framework}==([^\s;]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise UserError(f"{path} does not name {framework}; compile it anew with `make lock`")
    return match[1]


def dialect_of(name: str) -> Dialect:
    """How it is spoken to."""
    framework, _, runtime = name.partition(" ")
    return FRAMEWORKS[framework].dialects[runtime == ONNX]


def prepare_framework(name: str, model: Path) -> tuple[ProcessTarget, Path]:
    """A target that serves ``model``, and its environment's Python.

    Raises:
        UserError: the environment cannot be made, or the model cannot be saved.
    """
    named, _, runtime = name.partition(" ")
    framework = FRAMEWORKS[named]
    python = ensure_environment(LOCKS / f"{name.replace(' ', '-')}.txt")
    directory, work = PEERS / named, (WORK / name.replace(" ", "-")).absolute()
    compile_bytecode(python, directory)
    work.mkdir(parents=True, exist_ok=True)
    environment = {
        **environment_for(python),
        **QUIET,
        **framework.variables,
        "HOME": str(work),
        "MODEL": str(model.absolute()),
        "RUNTIME": framework.runtimes[runtime == ONNX],
    }
    if named == "mlserver":
        environment |= {
            f"MLSERVER_{server}_PORT": str(free_port()) for server in ("GRPC", "METRICS")
        }
    if framework.saver is not None:
        environment["MODEL"] = _saved(name, python, framework.saver, environment, work / "model")
    command = ("/bin/sh", "-c", framework.start)
    path = framework.dialects[runtime == ONNX].path
    return ProcessTarget(name, command, directory, environment, path=path), python


def _saved(
    name: str, python: Path, saver: str, environment: Mapping[str, str], folder: Path
) -> str:
    """The model at ``$MODEL`` once more, as the framework keeps it."""
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run(
        [str(python), saver, str(folder)],
        cwd=PEERS / name.partition(" ")[0],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it failed"])[-1]
        raise UserError(f"{name}: the model cannot be saved: {why[:500]}")
    return str(folder)
