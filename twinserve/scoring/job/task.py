"""A task of the job: the objects that fall to it, one after the other, each result whole.

Started again after a kill it passes over the results that stand already, so that no more than its
own shard, and of that what was not done, is scored again.
"""

import json
import os
import sys
import time
import urllib.error
from collections import Counter
from http import HTTPStatus
from math import ceil
from pathlib import Path

from twinserve.config.errors import UserError, run_as_command
from twinserve.scoring.blocks import BLOCK_BYTES, Content
from twinserve.scoring.job.objects import Objects, Upload
from twinserve.scoring.job.plan import PLAN, TASKS, VARIABLE, Item, Plan, parse_plan
from twinserve.scoring.pool import cores
from twinserve.scoring.rows import Rows
from twinserve.scoring.scorer import Scorer
from twinserve.scoring.timing import Stages

# Of a result, in the object's own metadata.
MARK, ROWS, WRONG = "twinserve-mark", "twinserve-rows", "twinserve-wrong"
# What an account was just given is known everywhere within minutes: IAM, "Access change
# propagation".
SETTLED_WITHIN_S = 420.0
PAUSE_S = 5.0


def main() -> int:
    """Score the shard; what came of it is put beside the plan.

    Returns 0 for a wrong row too, which no repetition would right.
    """
    url = os.environ[VARIABLE]
    index, count = (int(os.environ[f"CLOUD_RUN_TASK_{name}"]) for name in ("INDEX", "COUNT"))
    objects = Objects()
    plan = parse_plan(read_when_allowed(objects, url))
    folder = url.removesuffix(PLAN)
    total, fault = Counter[str](), ""
    try:
        for item in plan.shard(index, count):
            rows, wrong, before = score_object(objects, plan, item)
            say(f"{item.name}: {rows} rows, {wrong} wrong{', scored before' * before}")
            total.update(objects=1, rows=rows, wrong=wrong, before=before)
    except UserError as error:
        fault = str(error)
        say(f"error: {fault}")
    told = {**total, "error": fault}
    objects.write(f"{folder}{TASKS}/{index}.json", json.dumps(told).encode())
    return 0


def read_when_allowed(objects: Objects, url: str) -> bytes:
    """The plan, as soon as the account may read it.

    Raises:
        OSError: it may not after minutes.
    """
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while True:
        try:
            with objects.open(url) as stream:
                return stream.read()
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.FORBIDDEN or time.monotonic() > deadline:
                raise
        time.sleep(PAUSE_S)


def score_object(objects: Objects, plan: Plan, item: Item) -> tuple[int, int, int]:
    """Rows, wrong rows, and 1 if the result stood already.

    Raises:
        UserError: the object cannot be scored.
        OSError: Storage does not answer, or refuses.
    """
    target = plan.target + item.result
    mark = plan.mark_of(item)
    there = objects.stat(target)
    if there is not None and there.get(MARK) == mark:
        return int(there[ROWS]), int(there[WRONG]), 1
    bundle = Path.cwd()
    scorer = Scorer(bundle, plan.options)
    if scorer.bundle != plan.bundle:
        raise UserError(f"the image holds bundle {scorer.bundle[:12]}, the plan's is another")
    url = plan.source + item.name
    rows, wrong = 0, 0
    with objects.open(url, item.generation) as stream:
        content = Content(stream, url, item.size, plan.options.format)
        scored = Rows(content, scorer, bundle, plan.options)
        upload = Upload(objects, target)
        upload.append(scored.head)
        processes = min(cores(), max(1, ceil(item.size / BLOCK_BYTES)))
        for reached in scored.results(processes, Stages()):
            upload.append(reached.content)
            rows, wrong = rows + reached.rows, wrong + reached.wrong
        upload.finish()
    # Last: a result without its mark is made again.
    objects.mark(target, {MARK: mark, ROWS: str(rows), WRONG: str(wrong)})
    return rows, wrong, 0


def say(line: str) -> None:
    """A line of the job's log."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run_as_command(main)
