"""Who may be the deployer without a key: one repository's main branch, by ids that stay.

That is main's own code. Two workflows that are started on main run another commit's, as one who
reads; to GitHub that is a run of main all the same, so they are left out by name.

And who may read DVC's bucket: any run of that repository that GitHub gives a token, so no fork's.
Its pool is another: nothing that a pull request is given leads to the deployer.

A name can be given up and taken by somebody else; GitHub's numbers cannot. Source: Google,
"Configure Workload Identity Federation with deployment pipelines", which asks for such claims.
"""

from dataclasses import dataclass

from twinserve.targets.github.api import Identity
from twinserve.targets.google.project.identity_pool import Provider

POOL = "github"
READING_POOL = "github-reading"
PROVIDER = "github-actions"
# Source: GitHub, "Configuring OpenID Connect in Google Cloud Platform".
ISSUER = "https://token.actions.githubusercontent.com"
REF = "refs/heads/main"
# A renewal's commit, which nobody has merged yet, and a fork's, which a maintainer has read.
OTHERS_CODE = ("pr.yml", "full-check.yml")


def provider_for(identity: Identity) -> Provider:
    """The provider that lets this repository's main branch in, where it runs its own code."""
    claims = ("repository_id", "repository_owner_id", "ref")
    mapping = {"google.subject": "assertion.sub"}
    mapping |= {f"attribute.{claim}": f"assertion.{claim}" for claim in claims}
    condition = (
        f"assertion.repository_id=='{identity.repository}' && "
        f"assertion.repository_owner_id=='{identity.owner}' && assertion.ref=='{REF}'"
    )
    for name in OTHERS_CODE:
        condition += f" && !assertion.job_workflow_ref.contains('/.github/workflows/{name}@')"
    return Provider(POOL, PROVIDER, ISSUER, mapping, condition)


def reading_provider_for(identity: Identity) -> Provider:
    """The provider that lets every run of this repository in, of whatever branch."""
    mapping = {"google.subject": "assertion.sub"}
    mapping |= {"attribute.repository_id": "assertion.repository_id"}
    condition = (
        f"assertion.repository_id=='{identity.repository}' && "
        f"assertion.repository_owner_id=='{identity.owner}'"
    )
    return Provider(READING_POOL, PROVIDER, ISSUER, mapping, condition)


def pool_path(number: str, pool: str = POOL) -> str:
    """The pool's full name, by the project's number."""
    return f"projects/{number}/locations/global/workloadIdentityPools/{pool}"


def principals(number: str, identity: Identity, pool: str = POOL) -> str:
    """The runs of this repository's workflows, as IAM names them."""
    attribute = f"attribute.repository_id/{identity.repository}"
    return f"principalSet://iam.googleapis.com/{pool_path(number, pool)}/{attribute}"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Emails of the accounts that workflows may be."""

    deployer: str
    reader: str
    renewer: str


def variables(project: str, region: str, number: str, accounts: Accounts) -> dict[str, str]:
    """The repository's variables that the workflows read."""
    return {
        "GOOGLE_CLOUD_PROJECT": project,
        "GOOGLE_CLOUD_REGION": region,
        "WORKLOAD_IDENTITY_PROVIDER": f"{pool_path(number)}/providers/{PROVIDER}",
        "DEPLOYER": accounts.deployer,
        "READER": accounts.reader,
        "RENEWER": accounts.renewer,
        "READING_PROVIDER": f"{pool_path(number, READING_POOL)}/providers/{PROVIDER}",
    }
