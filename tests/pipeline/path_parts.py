"""The stretches from push to promoted, each ours or with who says how long it takes.

On the path is what everything else waits for. Beside it: the job `verify`, whose suite has two
minutes, which `build` outlasts; `describe`; Cloud Build's step `docker`; the service's deployment,
which the function's outlasts. The second runner is beside nothing, since `release` needs `build`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """Who says how long a part takes.

    Attributes:
        says: the figure as it stands there, and of what.
        log: a program printed it, or the two times it lies between; else somebody wrote it.
    """

    says: str
    link: str
    log: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the path.

    Attributes:
        command: ours, whose time was measured; else the part is of Google's or GitHub's.
        low: seconds, by ``sources``; None if nobody says.
        high: the same; a bad day (a queue of minutes, an outage) is not in it.
    """

    name: str
    command: str = ""
    low: float | None = None
    high: float | None = None
    sources: tuple[Source, ...] = ()


GITHUB = "https://github.com"
SETUP_GCLOUD = f"{GITHUB}/google-github-actions/setup-gcloud"
DEPLOY_CLOUDRUN = f"{GITHUB}/google-github-actions/deploy-cloudrun"

# Where a machine or a size is another than ours, the words say so. A range is the least and the
# most of its sources, scaled to our size (0.5 GB, 1.6 GB), and added up over a part's steps: an
# attestation counts twice.
RUNNER = Part(
    "GitHub finds a runner",
    low=5,
    high=11,
    sources=(
        Source("5.6 s", f"{DEPLOY_CLOUDRUN}/issues/479", log=True),
        Source("9.4 s", f"{GITHUB}/google-github-actions/auth/issues/122", log=True),
        Source("10.7 s", f"{SETUP_GCLOUD}/issues/440", log=True),
        Source("at bad times minutes", f"{GITHUB}/open-telemetry/community/issues/3622"),
    ),
)
SET_UP = Part(
    "check out, Python, the environment from GitHub's cache",
    low=13,
    high=36,
    sources=(
        Source("the first step after 2.3 s", f"{SETUP_GCLOUD}/issues/579", log=True),
        Source("checked out after 5.2 s", f"{DEPLOY_CLOUDRUN}/issues/479", log=True),
        Source("434 MB in 11 s", f"{GITHUB}/tespkg/actions-cache/issues/43"),
        Source("361 MB in 20 to 30 s", f"{GITHUB}/actions/cache/issues/436"),
    ),
)
GCLOUD = Part(
    "install gcloud",
    low=10,
    high=20,
    sources=(
        Source("10 to 20 s", f"{GITHUB}/google-github-actions/setup-cloud-sdk/pull/343"),
        Source("14.3 s", f"{SETUP_GCLOUD}/issues/418", log=True),
    ),
)


def _again(name: str, *parts: Part) -> Part:
    """The same once more."""
    return Part(
        name,
        low=sum(part.low or 0 for part in parts),
        high=sum(part.high or 0 for part in parts),
        sources=tuple(source for part in parts for source in part.sources[:1]),
    )


PATH = (
    RUNNER,
    SET_UP,
    GCLOUD,
    Part("reproduce the model", "twinserve repro --pull --locked --push"),
    Part(
        "a machine of Cloud Build (e2-standard-2: without provisioning), the tree fetched",
        low=0,
        high=22,
        sources=(
            Source("no provisioning", "https://cloud.google.com/build/pricing"),
            Source(
                "100 s in all, of which 78 in Docker",
                "https://depot.dev/blog/docker-layer-caching-in-google-cloud-build",
            ),
        ),
    ),
    Part(
        "Cloud Build pulls the steps' images",
        low=9,
        high=120,
        sources=(
            Source(
                "python:3.11 in 8.9 s, in Azure",
                f"{GITHUB}/yeongseon/azure-container-apps-practical-guide/blob/"
                "fa27fdda89f3c1c116f42323c0188b09dabe540c/labs/image-size-startup-delay/"
                "evidence/06-kql-pull-events.json",
                log=True,
            ),
            Source(
                "a builder of one's own in 1 to 2 min",
                f"{GITHUB}/GoogleCloudPlatform/cloud-builders/issues/266",
            ),
        ),
    ),
    Part(
        "the environment from the bucket: 0.5 GB, 1.6 GB unpacked",
        low=6,
        high=40,
        sources=(
            Source("1 GB in 8 s, by 4 CPUs", f"{GITHUB}/epam/cloud-pipeline/issues/1374"),
            Source("600 MB in 20 s", f"{GITHUB}/googleapis/google-cloud-python/issues/2540"),
            Source(
                "a cache in 18 s, in Cloud Build",
                f"{GITHUB}/googleapis/google-cloud-cpp/pull/9493",
            ),
            Source(
                "13 GB unpacked in 20 s",
                f"{GITHUB}/googleapis/google-cloud-cpp/pull/3891",
            ),
        ),
    ),
    Part("name the image, and ask for its layers", "twinserve build --engine docker"),
    Part(
        "Docker builds the image, and pushes it",
        low=26,
        high=120,
        sources=(
            Source(
                "Python, layers from a registry: 26 s to 2 min, in GitLab",
                f"{GITHUB}/dmwm/CRABServer/issues/8522",
            ),
        ),
    ),
    Part("records, and the function's source", "twinserve push"),
    Part(
        "attest image and function",
        low=7,
        high=45,
        sources=(
            Source(
                "one in 3.4 s",
                f"{GITHUB}/actions/attest-build-provenance/issues/781",
                log=True,
            ),
            Source(
                "one in 22.4 s, with its SBOM",
                f"{GITHUB}/NVIDIA/NVSentinel/blob/48b59daea030cac9d5cee9ea47d1fd0a332a7b0d/"
                "docs/ATTESTATION_DIGEST_MISMATCH_ROOT_CAUSE.md",
                log=True,
            ),
        ),
    ),
    _again("GitHub finds a runner, sets it up again, installs gcloud", RUNNER, SET_UP, GCLOUD),
    Part("verify, deploy, check, promote, confirm", "twinserve release --from-build"),
    Part(
        "Cloud Run builds the function and deploys it; the service beside it",
        low=117,
        high=180,
        sources=(
            Source(
                "second generation, Node: 117.5 s",
                f"{GITHUB}/nellicus/upclick-gcp/blob/273d3da4c585ded3f89fde625461574b48ae2933/"
                "README.md",
                log=True,
            ),
            Source(
                "first generation, Python: 34 polls, 5.3 s apart",
                f"{GITHUB}/google-github-actions/deploy-cloud-functions/issues/371",
                log=True,
            ),
            Source(
                "the service: less than 24 s",
                f"{DEPLOY_CLOUDRUN}/issues/479",
                log=True,
            ),
        ),
    ),
)
