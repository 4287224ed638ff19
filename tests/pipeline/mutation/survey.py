"""``python -m tests.pipeline.mutation.survey``: changes of the pipeline's files unnoticed."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import yaml

from tests.pipeline.builds.build_rules import build_faults
from tests.pipeline.mutation.mutants import Mutant, mutants
from tests.pipeline.workflows.workflow_files import read_files, texts_of
from tests.pipeline.workflows.workflow_rules import faults
from tests.tree import ROOT

BUILD = "cloudbuild.yaml"
# More than there are.
ALL = range(1, 100_000)
ONLINE = "an action that is used once: zizmor asks GitHub for it in lint-workflows.yml"
ONCE = (
    "setup-python",
    "setup-gcloud",
    "actions/cache",
    "actions/cache/save",
    "download-artifact",
    "create-github-app-token",
)
# Why a change may go unnoticed: a pattern of the mutant's line in the table, and the reason.
REASONS = {
    rf"(move a pin|change a version).*({'|'.join(ONCE)})@": ONLINE,
    r"dependabot.yml:\d+: ten times a number: 'default-days": "a longer wait for fresh releases "
    "harms nothing",
    r"dependabot.yml:\d+: change a word: '(actions|locks):'": "the name of a group, for people",
    r"(pr|deploy|nightly).yml:\d+: ten times a number: '(retention-days|timeout-minutes)": "a "
    "larger limit that is still within what is sensible",
    r"cloudbuild.yaml:\d+: drop a line: 'waitFor: \[\"-\"\]'": "the first step waits for none",
}


@dataclass(frozen=True, slots=True)
class Result:
    """Every mutant, and those that nothing caught."""

    all: Sequence[Mutant]
    survivors: Sequence[Mutant]

    @property
    def share(self) -> float:
        """Of mutants that are caught."""
        return 1 - len(self.survivors) / len(self.all)


def survey(numbers: range = ALL) -> Result:
    """Change lines of the files in every way, one at a time, and hold the rules to it.

    Args:
        numbers: of the changes that are made, from 1.
    """
    tried, survivors = [], []
    # A file with a fault of its own would let every mutant of it look caught.
    assert not _workflow_faults(texts_of())
    assert not _build_faults((ROOT / BUILD).read_text())
    for mutant, faults_of in islice(_tried(), numbers.start - 1, numbers.stop - 1, numbers.step):
        tried.append(mutant)
        if not faults_of():
            survivors.append(mutant)
    return Result(tried, survivors)


def _tried() -> Iterator[tuple[Mutant, Callable[[], list[str]]]]:
    texts = texts_of()
    for path, text in texts.items():
        for mutant in mutants(path, text):
            yield mutant, partial(_workflow_faults, {**texts, path: mutant.text})
    for mutant in mutants(BUILD, (ROOT / BUILD).read_text()):
        yield mutant, partial(_build_faults, mutant.text)


def _workflow_faults(texts: dict[str, str]) -> list[str]:
    return faults(read_files(texts))


def _build_faults(text: str) -> list[str]:
    return build_faults(yaml.load(text, yaml.CSafeLoader))


def reason(mutant: Mutant) -> str | None:
    """Why nothing needs to catch it; None if something should."""
    line = str(mutant)
    return next((why for pattern, why in REASONS.items() if re.search(pattern, line)), None)


def table(result: Result) -> str:
    """Counts by kind of change, then each survivor with its reason."""
    tried = Counter(mutant.kind for mutant in result.all)
    left = Counter(mutant.kind for mutant in result.survivors)
    lines = [f"{'change':<36}{'mutants':>8}{'caught':>8}"]
    lines += [f"{kind:<36}{n:>8}{n - left[kind]:>8}" for kind, n in tried.most_common()]
    total = len(result.all)
    caught = total - len(result.survivors)
    lines.append(f"{'all':<36}{total:>8}{caught:>8}  {result.share:.1%}")
    lines += [f"  {mutant}\n    {reason(mutant) or 'UNEXPLAINED'}" for mutant in result.survivors]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table(survey()) + "\n")
