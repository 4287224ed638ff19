"""``--try``: a throw-away function, built and deployed as a release would, and deleted."""

import secrets
from collections.abc import Sequence

from twinserve.config.errors import UserError
from twinserve.delivery.access import access_of
from twinserve.delivery.bundle.assembly import DIST
from twinserve.delivery.cloud.doctor.finding import Finding, fine, stop
from twinserve.delivery.project import Cloud
from twinserve.targets.google.access import Access, is_private
from twinserve.targets.google.deploy import NewRevision, deploy_function
from twinserve.targets.google.gcloud import GcloudError, if_it_exists
from twinserve.targets.google.probe import PROBE_LABEL

SUBJECT = "trial"


def deploy_and_delete(cloud: Cloud) -> Sequence[Finding]:
    """Whether source, build, image, both accounts and access go together.

    Raises:
        UserError: there is no bundle to deploy.
    """
    source = DIST / "function"
    if not source.is_dir():
        raise UserError(f"{source} is missing: make it with `make repro`")
    name = f"twinserve-trial-{secrets.token_hex(3)}"
    settings = cloud.deployment.function.model_copy(update={"name": name, "min_instances": 0})
    access = access_of(cloud, settings)
    new = NewRevision(
        suffix="try",
        tag=cloud.deployment.candidate_tag,
        region=cloud.region,
        account=cloud.runtime_account,
        # Whatever has it may be deleted: `cleanup` does, should this be killed.
        labels={PROBE_LABEL: "trial"},
        variables={},
        first=access,
    )
    cloud.say(f"      {name}: deploy {source}; it is deleted again")
    try:
        service = deploy_function(cloud.gcloud, settings, source, new, cloud.build_account)
        if service is None:
            return []
        told = f"{name} was built, deployed and deleted"
        if is_private(f"{service.url}/predict") is not (access is Access.PRIVATE):
            cure = "deployment.public_by in params.yaml, or the organisation's policies"
            return [stop(SUBJECT, f"it was to be {access}, and is not", cure)]
        return [fine(SUBJECT, told)]
    except GcloudError as error:
        said, _, cure = str(error).partition(" Fix: ")
        return [stop(SUBJECT, said, cure or "see the lines above it")]
    finally:
        with if_it_exists():
            cloud.run.delete_service(name)
