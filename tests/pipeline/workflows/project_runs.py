"""Runs of workflows in a repository that has a project: variables, what is played, the calls."""

from tests.pipeline.workflows.act import Run
from tests.pipeline.workflows.stand_ins import Rule
from tests.renewed import GCLOUD, PYTHON

PROJECT = {
    "GOOGLE_CLOUD_PROJECT": "a-project",
    "WORKLOAD_IDENTITY_PROVIDER": "projects/1/locations/global/workloadIdentityPools/p/providers/g",
    "DEPLOYER": "deployer@a-project.iam.gserviceaccount.com",
}
LOGGED_IN = f"auth {' '.join(PROJECT.values())}"
CLEANED: Rule = {"call": "twinserve probe --clean-up"}
PROBED: Rule = {
    "call": "twinserve probe",
    "files": {"reports/report.md": "a table", "reports/report.json": ""},
}
KEPT: Rule = {"call": "twinserve history", "files": {"reports/history/index.html": "a page"}}
MEASURED = (CLEANED, PROBED, KEPT)
# What `measure.yml` does, by itself or after a push.
MEASUREMENT = (
    LOGGED_IN,
    f"setup-gcloud {GCLOUD}",
    "twinserve repro --pull",
    "twinserve probe",
    "twinserve probe --clean-up",
    "twinserve history --deployed --append",
    "upload-artifact latency error reports/report.*",
    "upload-artifact history error reports/history/*",
)
# What a machine has not is installed first.
SETTING_UP = (f"setup-python {PYTHON}", "cache .venv ", "make .venv/ready")


def of_job(run: Run, job: str) -> list[str]:
    """The calls of a job, without its set-up."""
    return [
        call.line
        for call in run.calls
        if call.environment.get("GITHUB_JOB") == job and not call.line.startswith(SETTING_UP)
    ]
