"""Which variables and secrets a step is given: those that its command reads, and no other."""

from collections.abc import Iterator

from tests.pipeline.workflows import action_rules
from tests.pipeline.workflows.workflow_files import Files
from twinserve.delivery.data.dvc import LOGIN
from twinserve.delivery.data.login import VARIABLE
from twinserve.review.comment import VARIABLES
from twinserve.targets.check_headers import CHECK_VARIABLE

# What a user's own middleware asks of our requests, and the commands that send any.
KEY = {CHECK_VARIABLE: f"${{{{ secrets.{CHECK_VARIABLE} }}}}"}
# What an App that opens pull requests signs with, where there is one.
APP_KEY = {"private-key": action_rules.APP["private-key"]}
# What DVC's remote asks for, where no login of Google's serves; and the commands that may ask it.
SECRET = {LOGIN: f"${{{{ secrets.{LOGIN} }}}}"}
REMOTE = SECRET | {VARIABLE: f"${{{{ vars.{VARIABLE} }}}}"}
# The same of an account that adds to the remote and deletes nothing.
ADDING = {
    LOGIN: f"${{{{ secrets.RENEWAL_{LOGIN} }}}}",
    VARIABLE: f"${{{{ vars.RENEWAL_{VARIABLE} }}}}",
}
READING = (
    "make run", "make test-model", "test-all", "twinserve fetch", "twinserve night",
    "twinserve repro",
)  # fmt: skip
# A pull request that GitHub gives neither secrets nor a token to log in with.
FOREIGN = {
    "WITHOUT_LOGIN": "${{ inputs.head == '' && ("
    "github.event.pull_request.head.repo.full_name != github.repository"
    " || github.event.pull_request.user.login == 'dependabot[bot]') }}"
}
TOKEN = {"GH_TOKEN": "${{ github.token }}"}
ASKING = (
    "make run",
    "make test-model",
    "test-all",
    "twinserve check",
    "twinserve probe",
    "twinserve release",
    "twinserve renew planned",
    "twinserve review collect",
    "twinserve rollback",
)


def variables_are_given_and_used(files: Files) -> Iterator[str]:
    """What a command reads is set beside it, and nothing is set that none reads."""
    wanted = {
        "twinserve review comment": {**_COMMENT, **TOKEN},
        "twinserve monitor": {**TOKEN, "RENEWAL": "${{ vars.RENEWAL }}"},
        "twinserve rollback": {"RELEASE": "${{ inputs.release }}"},
        "twinserve release": {
            "ATTESTED": "${{ needs.build.outputs.signed }}",
            **TOKEN,
        },
        "twinserve tag": TOKEN,
        "twinserve night": {
            "ATTESTATIONS": "${{ vars.ATTESTATIONS }}",
            **TOKEN,
        },
        "twinserve schedules": {
            **TOKEN,
            "GOOGLE_CLOUD_PROJECT": "${{ vars.GOOGLE_CLOUD_PROJECT }}",
        },
        "review settle": {"NEEDS": "${{ toJSON(needs) }}", **FOREIGN},
        "twinserve fetch --base .base --unread": FOREIGN,
        "make audit": {"BASE": ".base"},
        "make lint-workflows": TOKEN,
        "twinserve audit --tell": {**TOKEN, "RENEWAL": "${{ vars.RENEWAL }}"},
        "twinserve support --tell": TOKEN,
        "twinserve renew planned": {
            "KIND": "${{ inputs.kind }}",
            "NAMES": "${{ inputs.names }}",
            "SCHEDULE": "${{ github.event.schedule }}",
        },
        "twinserve renew open": {
            **ADDING,
            "APP": "${{ vars.RENEWAL_APP }}",
            "GH_TOKEN": "${{ steps.app.outputs.token || github.token }}",
        },
        "twinserve renew merge": {
            **TOKEN,
            "HEAD_SHA": "${{ needs.open.outputs.head }}",
            "NUMBER": "${{ needs.open.outputs.number }}",
        },
        "twinserve renew tell": {
            **TOKEN,
            "HEAD_SHA": "${{ needs.open.outputs.head }}",
            "NUMBER": "${{ needs.open.outputs.number }}",
            "RESULT": "${{ needs.checks.result }}",
        },
    }
    for step in files.steps:
        run = step.run or ""
        names = [words for words in wanted if words in run]
        expected = dict(wanted[names[0]]) if names else {}
        if step.run == "make test-engine" and step.where.startswith("pr.yml"):
            expected = {"SHARD": "${{ matrix.shard }}"}
        if any(words in run for words in ASKING) and "--clean-up" not in run:
            expected |= KEY
        # A pull request's own jobs have the table by then.
        if any(words in run for words in READING) and (
            "fetch" in run or not step.where.startswith("pr.yml")
        ):
            expected |= REMOTE
        # Where nobody else's code comes in.
        if step.where.startswith("renew.yml: rows") and "renew planned" in run:
            expected |= REMOTE
        if (step.raw.get("env") or {}) != expected:
            yield f"{step.where}: its variables are not those that its command reads"


_EVENT = "github.event.workflow_run"
_COMMENT = {
    VARIABLES["commit"]: f"${{{{ {_EVENT}.head_sha }}}}",
    VARIABLES["branch"]: f"${{{{ {_EVENT}.head_branch }}}}",
    VARIABLES["owner"]: f"${{{{ {_EVENT}.head_repository.owner.login }}}}",
    VARIABLES["run_url"]: f"${{{{ {_EVENT}.html_url }}}}",
}


def four_secrets_are_used(files: Files) -> Iterator[str]:
    """What lets our requests in, DVC to read and to add, and what an App signs with: by name.

    The login needs none, and the run's own token is named as such.
    """
    for name, text in files.texts.items():
        known = [*(KEY | SECRET | APP_KEY).items(), (LOGIN, ADDING[LOGIN])]
        named = sum(text.count(f"{key}: {value}") for key, value in known)
        if text.count("secrets.") != named:
            yield f"{name}: uses another secret, or under another name"
    for job in files.jobs:
        given = job.raw.get("secrets", KEY | SECRET)
        if given != KEY | SECRET or ("secrets" in job.raw) != ("uses" in job.raw):
            yield f"{job.where}: hands on other secrets than intended"
