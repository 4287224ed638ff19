"""More than one machine: joblib's own Dask backend, on a scheduler's workers or on local ones."""

import os
import pkgutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import joblib

from twinserve.config.errors import UserError
from twinserve.config.params import Training
from twinserve.config.serving import LIBRARIES
from twinserve.training.fitting.installed import distributions

_ENGINE, _SCHEDULER = "params.yaml: training.engine", "params.yaml: training.scheduler"
_WAIT_S = 10
# Each adds numbers up by threads of its own, in an order of its own; Dask's nanny sets them too.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# Of another version, a member may be another, or not to be read.
_ALIKE = ("joblib", "numpy", "pandas", "scikit-learn", "scipy")
_CUSTOM = "custom."
# What a worker has sent to others for members within a fold ends with it: the fold begins again.
_RETRIES = 3


@contextmanager
def on_engine(training: Training) -> Iterator[None]:
    """Have fits of members, searches and folds done by the engine that ``params.yaml`` names.

    Raises:
        UserError: it is a cluster that cannot be had, or whose workers would fit otherwise.
    """
    if training.engine == "local":
        yield
        return
    with ExitStack() as stack:
        client = _client(training.scheduler, stack)
        try:
            _check(client)
        except (OSError, TimeoutError) as error:
            raise UserError(f"{_SCHEDULER}: {_said(training)} is lost: {error}") from None
        # To each worker: what stood at a single one would end with it.
        client.scatter = partial(client.scatter, broadcast=True)
        stack.enter_context(joblib.parallel_config(backend="dask", n_jobs=-1, retries=_RETRIES))
        yield


def _said(training: Training) -> str:
    return training.scheduler or "the cluster of this machine"


def _client(scheduler: str | None, stack: ExitStack) -> Any:  # noqa: ANN401 - Dask is not always there
    """A client of the scheduler's, or of a cluster that ends with the stack.

    Raises:
        UserError: Dask is not installed, or no scheduler with workers answers at the address.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise UserError(
            f"{_ENGINE}: found dask, whose packages (locks/dask.txt) are not installed; run "
            "`make .venv/ready`, which installs them, or set engine: local"
        ) from None
    if scheduler is None:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        cluster = LocalCluster(
            n_workers=os.cpu_count(),
            threads_per_worker=1,
            # Of a port that is free, for nobody but this machine.
            dashboard_address="127.0.0.1:0",
            local_directory=folder,
        )
        return stack.enter_context(Client(stack.enter_context(cluster)))
    try:
        client = stack.enter_context(Client(scheduler, timeout=_WAIT_S))
    except Exception as error:  # noqa: BLE001 - by the address: of the system, of TLS, of Dask's own
        raise UserError(
            f"{_SCHEDULER}: {scheduler} does not answer ({type(error).__name__}); start it with "
            "`dask scheduler`, or leave the address out for a cluster of this machine"
        ) from None
    try:
        client.wait_for_workers(1, timeout=_WAIT_S)
    except TimeoutError:
        raise UserError(
            f"{_SCHEDULER}: {scheduler} has no worker; start some with `dask worker {scheduler}`"
        ) from None
    return client


def _check(client: Any) -> None:  # noqa: ANN401 - likewise
    """Raises UserError: a worker would fit otherwise than this process does."""
    _check_versions(client)
    for name in _THREADS:
        for worker, value in client.run(os.getenv, name).items():
            if value != "1":
                raise UserError(
                    f"{_ENGINE}: worker {worker} has {name}={value or ''}, so that its sums may "
                    f"differ in the last digit; start it with {name}=1, as `dask worker` does "
                    "where nothing else is said"
                )
    for name in [name for name in sys.modules if name.startswith(_CUSTOM)]:
        imported = client.run(pkgutil.resolve_name, f"{name}:__name__", on_error="return")
        for worker, error in imported.items():
            if isinstance(error, Exception):
                raise UserError(
                    f"{_ENGINE}: worker {worker} cannot import {name} ({error}); start it in the "
                    "project's folder, with PYTHONPATH=."
                )


def _check_versions(client: Any) -> None:  # noqa: ANN401 - likewise
    installed = distributions()
    libraries = [installed[name][0] for name in LIBRARIES if name in sys.modules]
    versions = client.get_versions(packages=[*_ALIKE, *libraries])
    own = versions["client"]["packages"]
    for worker, told in versions["workers"].items():
        for name in ("python", *_ALIKE, *libraries):
            theirs = told["packages"][name]
            if theirs != own[name]:
                raise UserError(
                    f"{_ENGINE}: worker {worker} has {name} {theirs}, this process {own[name]}; "
                    "install there what locks/dev.txt and locks/dask.txt pin"
                )
