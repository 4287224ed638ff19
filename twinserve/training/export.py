"""Make what is served, prove it equal to the estimator, and write the model card."""

import hashlib
import json
import sys
import tempfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from twinserve.config.card import Card, Choice, Feature, Parity
from twinserve.config.errors import UserError, run_as_command
from twinserve.config.layout import CARD_NAME, NATIVE, SERVED_NAME
from twinserve.config.params import Params, load_params
from twinserve.config.serving import LIBRARIES as OWN_LIBRARIES
from twinserve.config.training import Feature as Column
from twinserve.inference.model import Model, load_model
from twinserve.inference.steps import load_steps
from twinserve.targets.platforms import this_platform
from twinserve.training.estimator import Classifier, describe
from twinserve.training.fitting.digest import read_digest
from twinserve.training.fitting.pickled import read_pickled, unpickle
from twinserve.training.fitting.progress import said_while
from twinserve.training.outputs import read_output, write_output
from twinserve.training.paths import METRICS_PATH, MODEL_PATH
from twinserve.training.reading.reference import observed
from twinserve.training.served.cost.line import measured_cost
from twinserve.training.served.golden import golden_cases, with_unknown
from twinserve.training.served.parity import prove_parity
from twinserve.training.served.serving import (
    LIBRARIES,
    Served,
    UnservedError,
    make_served,
    served_itself,
)
from twinserve.training.served.skew import prove_no_skew
from twinserve.training.step import table_step
from twinserve.training.table import Table, read_table

SERVED = MODEL_PATH.with_name(SERVED_NAME)


def export(params: Params) -> None:
    """Run the stage.

    Raises:
        UserError: the estimator cannot be converted, or what is served answers otherwise than it;
            an earlier export stays as it was.
    """
    # First, since its text takes several times what is kept of it.
    table = read_table(params.data)
    classifier, digest = _unpickled()
    params = params.model_copy(update={"data": table.data})
    if (step := table_step(params.data)) is not None:
        rows = prove_no_skew(params, table, step)
        sys.stdout.write(f"export: data.step makes of {rows} requests what was trained on\n")

    def prove(served: Served) -> Card:
        card = draft_card(params, table, classifier, digest, served)
        card = card._replace(features=with_unknown(classifier, card.features, table.rows[0]))
        model = load_as_served(card, served.loadable)
        steps = load_steps(Path.cwd(), card)
        return card._replace(
            golden=golden_cases(params, table, classifier, model, card, steps),
            steps=() if steps is None else steps.names,
            parity=prove_parity(
                classifier, model, table.rows, params.split.seed, served.bound, card.features
            ),
        )

    try:
        # One thread, as in training.
        with threadpool_limits(1), said_while("export: making what is served, and the proof"):
            served, card = make_served(params, classifier, read_pickled, table.rows, prove)
    except UnservedError as refusal:
        raise UserError(
            f"{refusal}: {_cost_of_itself(params, table, classifier, digest)}"
        ) from None
    choice = card.choice._replace(passed_over=dict(served.passed_over))
    card = card._replace(choice=choice)
    _write(card, served)
    sys.stdout.write(_summary(card, len(served.artifact)))


def _unpickled() -> tuple[Classifier, str]:
    """The estimator, and the SHA-256 of its pickle, which need not be held beside it."""
    return unpickle(read_pickled()), read_digest()


def _cost_of_itself(params: Params, table: Table, classifier: Classifier, digest: str) -> str:
    """What ``serving.runtime: joblib`` would cost, or why that cannot be either."""
    try:
        itself = served_itself(classifier, read_pickled())
    except UserError as reason:
        return f"which cannot be either ({reason})"
    card = draft_card(params, table, classifier, digest, itself)
    return measured_cost(card, itself.artifact, table.rows[0])


def _write(card: Card, served: Served) -> None:
    """Put the artifact, its sources and the card in their places."""
    files = {served.name: served.artifact, **served.sources}
    for name, content in files.items():
        write_output(SERVED / name, content)
    write_output(MODEL_PATH.with_name(CARD_NAME), card.to_json().encode())
    if served.loadable != served.artifact:
        name = f"{card.artifacts[served.name]}-{this_platform()}.so"
        write_output(NATIVE / name, served.loadable)
    for path in SERVED.iterdir():
        # Of another runtime that was chosen before: nothing would ever update it.
        if path.name not in files:
            path.unlink()


def draft_card(
    params: Params,
    table: Table,
    classifier: Classifier,
    digest: str,
    served: Served,
) -> Card:
    """The card without what remains to be proven: golden cases and parity.

    The ``digest`` is the SHA-256 of the estimator's pickle.
    """
    return Card(
        name=params.model.name,
        version=params.model.version,
        runtime=served.runtime,
        choice=Choice(params.serving.runtime, dict(served.passed_over), served.platform),
        served=served.name,
        artifacts={
            MODEL_PATH.name: digest,
            served.name: hashlib.sha256(served.artifact).hexdigest(),
        },
        features=[
            observed(*pair) for pair in zip(params.data.features, table.columns, strict=True)
        ],
        classes=params.data.classes,
        golden=[],
        metrics=cast("dict[str, Any]", json.loads(read_output(METRICS_PATH))),
        parity=Parity(0, 0, 0, 0.0, 0.0, 0, 0),
        estimator=_described(params, classifier),
        data={
            "path": params.data.table,
            "sha256": table.sha256,
            "rows": len(table.rows),
        },
        libraries=_libraries(served.runtime, classifier),
        task=params.data.task or "classification",
        target=_target(params, table),
    )


def _libraries(runtime: str, classifier: Classifier) -> dict[str, str]:
    """Versions of what made the artifacts, the library of the estimator among them."""
    described = json.dumps(describe(classifier))
    own = [name for name in OWN_LIBRARIES if f'": "{name}.' in described]
    versions = {name: version(name) for name in LIBRARIES[runtime]}
    return versions | {name: str(import_module(name).__version__) for name in own}


def _described(params: Params, classifier: Classifier) -> dict[str, Any]:
    """The estimator, by the user's own import path unless preprocessing stands before it."""
    described = cast("dict[str, Any]", describe(classifier))
    path = params.estimator.import_path
    same = type(classifier).__name__ == path.rpartition(".")[2]
    return {**described, "import_path": path} if same else described


def _target(params: Params, table: Table) -> Feature | None:
    """What a regression predicts, as the table has it."""
    if params.data.task != "regression":
        return None
    return observed(Column(name=params.data.label), table.labels)


def load_as_served(card: Card, artifact: bytes) -> Model:
    """The artifact, as this machine can load it, through the very code that will serve it."""
    digests = {**card.artifacts, card.served: hashlib.sha256(artifact).hexdigest()}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, card.served).write_bytes(artifact)
        return load_model(card._replace(artifacts=digests), Path(folder))


def _summary(card: Card, size: int) -> str:
    parity = card.parity
    rows = (
        f"{parity.table_rows} + {parity.random_rows} + {parity.midpoint_rows} + "
        f"{parity.threshold_rows}"
    )
    return (
        f"export: serving.runtime {card.choice.asked} gives {card.chosen()}\n"
        f"export: {card.name} {card.version} as {SERVED / card.served} ({size:,} bytes); parity on "
        f"{rows} rows of the table, random, at midpoints and at thresholds: largest difference "
        f"{parity.largest_difference:.1e}, {parity.ties} ties, {parity.near_ties} near-ties\n"
    )


def main() -> None:
    """Run the stage from ``params.yaml``."""
    export(load_params())


if __name__ == "__main__":
    run_as_command(main)
