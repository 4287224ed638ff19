"""A measurement with its progress, and the verdict by the budgets in ``params.yaml``."""

from collections.abc import Sequence

from rich.console import Console

from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.config.measurement import Measurement
from twinserve.delivery.console import progress
from twinserve.measure.http.client import golden_body
from twinserve.measure.run.measurement import Progress, measure
from twinserve.measure.run.results import Origin, Results, Subject
from twinserve.measure.statistics import Outcome
from twinserve.targets.protocol import Target


def take_measurement(
    console: Console,
    targets: Sequence[Target],
    card: Card,
    bundle: str,
    wanted: Measurement,
    origin: Origin,
) -> Results:
    """Measure the targets side by side, all of them serving ``bundle``.

    Raises:
        UserError: a target cannot be started or measured.
    """
    body = golden_body(card)
    bundles = tuple((target.name, bundle) for target in targets)
    subject = Subject(card.name, card.version, bundles, origin)
    with progress(console) as step:

        def taken(progress_made: Progress) -> None:
            step(
                f"{progress_made.stage}, {progress_made.target}",
                progress_made.done,
                progress_made.total,
            )

        return measure(targets, body, wanted, subject, taken)


def judge(results: Results) -> None:
    """Fail where a whole interval lies over its budget.

    Raises:
        UserError: naming each target and figure.
    """
    broken = [
        f"{target.name}: {verdict.figure}"
        for target in results.targets
        for verdict in target.verdicts
        if verdict.outcome is Outcome.BROKEN
    ]
    if broken:
        raise UserError(
            f"over its budget in params.yaml (measurement.budgets): {'; '.join(broken)}; "
            "the report shows by how much"
        )
