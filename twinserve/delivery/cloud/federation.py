"""Who may be the deployer without a key: one repository's main branch, by ids that stay.

A name can be given up and taken by somebody else; GitHub's numbers cannot. Source: Google,
"Configure Workload Identity Federation with deployment pipelines", which asks for such claims.
"""

from twinserve.targets.github import Identity
from twinserve.targets.google.project.identity_pool import Provider

POOL = "github"
PROVIDER = "github-actions"
# Source: GitHub, "Configuring OpenID Connect in Google Cloud Platform".
ISSUER = "https://token.actions.githubusercontent.com"
REF = "refs/heads/main"


def provider_for(identity: Identity) -> Provider:
    """The provider that lets this repository's main branch in."""
    claims = ("repository_id", "repository_owner_id", "ref")
    mapping = {"google.subject": "assertion.sub"}
    mapping |= {f"attribute.{claim}": f"assertion.{claim}" for claim in claims}
    condition = (
        f"assertion.repository_id=='{identity.repository}' && "
        f"assertion.repository_owner_id=='{identity.owner}' && assertion.ref=='{REF}'"
    )
    return Provider(POOL, PROVIDER, ISSUER, mapping, condition)


def pool_path(number: str) -> str:
    """The pool's full name, by the project's number."""
    return f"projects/{number}/locations/global/workloadIdentityPools/{POOL}"


def principals(number: str, identity: Identity) -> str:
    """The runs of this repository's workflows, as IAM names them."""
    attribute = f"attribute.repository_id/{identity.repository}"
    return f"principalSet://iam.googleapis.com/{pool_path(number)}/{attribute}"


def variables(project: str, region: str, number: str, deployer: str) -> dict[str, str]:
    """What the workflows read of the repository's variables."""
    return {
        "GOOGLE_CLOUD_PROJECT": project,
        "GOOGLE_CLOUD_REGION": region,
        "WORKLOAD_IDENTITY_PROVIDER": f"{pool_path(number)}/providers/{PROVIDER}",
        "DEPLOYER": deployer,
    }
