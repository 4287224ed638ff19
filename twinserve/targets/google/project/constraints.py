"""An organisation's policies, as they are in force in the project.

Source of the shapes: Organization Policy API v2, ``projects.policies.getEffectivePolicy``.
"""

from dataclasses import dataclass

from twinserve.targets.google.gcloud import Gcloud

# Domain-restricted sharing, by the older and by the managed constraint.
# https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains
MEMBER_DOMAINS = "iam.allowedPolicyMemberDomains"
POLICY_MEMBERS = "iam.managed.allowedPolicyMembers"
# https://cloud.google.com/run/docs/securing/managing-access#invoker_check
REQUIRE_INVOKER = "run.managed.requireInvokerIam"
# https://cloud.google.com/iam/docs/manage-workload-identity-pools-providers#constraints
POOL_PROVIDERS = "iam.workloadIdentityPoolProviders"
# https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations
LOCATIONS = "gcp.resourceLocations"
# https://cloud.google.com/run/docs/securing/ingress#org-policy
INGRESS = "run.allowedIngress"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A policy in force.

    Attributes:
        enforced: of a constraint that is on or off.
        allowed: the values of a constraint that lists them; None where every value is allowed.
        denied: values that are not.
    """

    enforced: bool
    allowed: frozenset[str] | None
    denied: frozenset[str]

    @property
    def restricts(self) -> bool:
        """Whether anything is forbidden."""
        return self.enforced or self.allowed is not None or bool(self.denied)


def read_constraint(gcloud: Gcloud, name: str) -> Constraint:
    """The policy on one constraint; a project of no organisation has none, and all is allowed.

    Raises:
        GcloudError: it cannot be read.
    """
    raw = gcloud.read("org-policies", "describe", name, "--effective") or {}
    enforced, denied = False, frozenset[str]()
    allowed: frozenset[str] | None = None
    for rule in raw.get("spec", {}).get("rules", []):
        values = rule.get("values", {})
        enforced |= bool(rule.get("enforce"))
        denied |= frozenset(values.get("deniedValues", ()))
        if rule.get("denyAll"):
            allowed = allowed or frozenset()
        elif "allowedValues" in values:
            allowed = (allowed or frozenset()) | frozenset(values["allowedValues"])
    return Constraint(enforced, allowed, denied)
