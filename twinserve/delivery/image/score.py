"""The image ``score``: the service's Dockerfile and lock, over its bundle and the code that scores.

It starts as the service does; the job names another command.
"""

from collections.abc import Mapping
from pathlib import Path

from twinserve.config.card import read_file

COMMAND = ("python", "-m", "twinserve.scoring.job.task")
# What there is of the engine beside the bundle: standard library only, and what the bundle holds.
FILES = (
    "twinserve/config/cells.py",
    "twinserve/scoring/__init__.py",
    "twinserve/scoring/blocks.py",
    "twinserve/scoring/cells.py",
    "twinserve/scoring/csv_rows.py",
    "twinserve/scoring/options.py",
    "twinserve/scoring/pool.py",
    "twinserve/scoring/results.py",
    "twinserve/scoring/rows.py",
    "twinserve/scoring/scorer.py",
    "twinserve/scoring/timing.py",
    "twinserve/scoring/job/__init__.py",
    "twinserve/scoring/job/objects.py",
    "twinserve/scoring/job/plan.py",
    "twinserve/scoring/job/task.py",
    "twinserve/targets/__init__.py",
    "twinserve/targets/opener.py",
)


def with_scoring(bundle: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of the image's context: the service's bundle as it is, and the code beside it.

    Raises:
        UserError: a file of the engine is missing.
    """
    own = {name: read_file(Path(name), "but the image needs it", most=None) for name in FILES}
    return {**own, **bundle}
