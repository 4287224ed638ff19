"""The gate: a pull request that is slower than allowed, beyond noise, does not pass."""

from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.review.imports import broken_imports
from twinserve.review.report import load_untrusted


def judge(path: Path) -> str:
    """The gate's verdict on a report, in a line.

    Raises:
        UserError: a whole interval is over its budget or the allowed ratio; each figure is named.
            Or the model has changed under an unchanged version, where params.yaml refuses that.
            Or there is no report, or it is refused.
    """
    report = load_untrusted(path)
    if report.refused:
        raise UserError(
            f"the model has changed ({', '.join(report.model.artifacts)}) and is still called "
            f"{report.model.head_version}: raise model.version in params.yaml, or let it through "
            "with renewal.same_version: say"
        )
    if report.broken:
        named = "; ".join((*report.broken, *broken_imports(report)))
        raise UserError(
            f"slower than {report.allowed_ratio:g} times the base, or over a budget, by the whole "
            f"95% interval: {named}; what is meant to cost that is let through by "
            "measurement.comparison.allowed_ratio or measurement.budgets in params.yaml"
        )
    return f"no figure is over {report.allowed_ratio:g} times the base's by its whole interval"
