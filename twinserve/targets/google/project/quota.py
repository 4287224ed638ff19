"""How many CPUs builds may use at once."""

from twinserve.targets.google.gcloud import Gcloud

# https://cloud.google.com/monitoring/api/metrics_gcp_c#gcp-cloudbuild names it.
METRIC = "cloudbuild.googleapis.com/concurrent_public_pool_build_cpus"


def build_cpus(gcloud: Gcloud, region: str) -> int | None:
    """The quota of the region's default pool; None where Google names none.

    Only gcloud's alpha track asks for quotas. Source of the shape: Service Usage API v1beta1,
    ConsumerQuotaMetric.

    Raises:
        GcloudError: it cannot be read.
    """
    consumer = f"--consumer=projects/{gcloud.project}"
    words = ("alpha", "services", "quota", "list", "--service=cloudbuild.googleapis.com", consumer)
    buckets = [
        bucket
        for metric in gcloud.read(*words) or []
        if metric.get("metric") == METRIC
        for limit in metric.get("consumerQuotaLimits", [])
        for bucket in limit.get("quotaBuckets", [])
    ]
    # A region's own bucket counts before the one for all regions.
    here = [bucket for bucket in buckets if bucket.get("dimensions", {}).get("region") == region]
    anywhere = [bucket for bucket in buckets if "region" not in bucket.get("dimensions", {})]
    limits = [
        int(bucket["effectiveLimit"]) for bucket in here or anywhere if "effectiveLimit" in bucket
    ]
    return min(limits) if limits else None
