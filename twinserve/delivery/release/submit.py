"""Build in Cloud Build, and wait: cloudbuild.yaml on the bundles as they lie here.

They are verified first, and uploaded instead of the table that they were made from.
"""

import argparse
import subprocess
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.variables import user_environment
from twinserve.delivery.bundle.identity import current_commit, read_identity
from twinserve.delivery.bundle.verify import LINKS
from twinserve.delivery.data.sources import find_sources
from twinserve.delivery.names import releases_bucket
from twinserve.delivery.project import Cloud, add_cloud_arguments, open_cloud
from twinserve.delivery.release.builds import read_archive, read_build_of_commit
from twinserve.targets.github.workflow import set_outputs
from twinserve.targets.google.build import FILE, Build, submit_build

# Where the archive of the function's source is put, for whoever attests it.
FUNCTION = Path("reports/function.tar.gz")

TEST = ("make", "test-model")
# The steps of cloudbuild.yaml that are a trigger's alone. What is submitted was reproduced, tested
# and verified here, and is not released by it.
LEFT = frozenset({"reproduce", "test", "bundle", "release", "record"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project and the commit."""
    add_cloud_arguments(parser)
    parser.add_argument("--commit", help="git's; else $COMMIT_SHA, $GITHUB_SHA, or HEAD")
    parser.add_argument(
        "--untested",
        action="store_true",
        help="leave the model's tests to the caller, who releases nothing that fails them",
    )


def run(arguments: argparse.Namespace) -> None:
    """See ``submit``."""
    commit = arguments.commit or current_commit()
    submit(open_cloud(arguments), commit, untested=arguments.untested)


def submit(cloud: Cloud, commit: str, *, untested: bool = False) -> None:
    """Run the build as the deployer, then give what was built to a workflow's later steps.

    Raises:
        UserError: what lies here is not what ``dvc.lock`` says, the build failed, or what it was to
            put into the project is not there, or is another than was handed in.
    """
    for _, verify in LINKS:
        verify()
    if not untested:
        run_tests()
    identity = read_identity(commit)
    deployer = cloud.deployer
    cloud.say(f"{FILE} of commit {commit[:12]} in Cloud Build, {cloud.region}")
    # The bucket that the deployer may write, rather than one that gcloud would have to make.
    staging = f"gs://{releases_bucket(cloud.project)}/source"
    machine = cloud.deployment.build_machine
    left_out = [source.path.as_posix() for source in find_sources()]
    build = Build(cloud.region, commit, deployer, staging, machine, LEFT, left_out)
    submit_build(cloud.gcloud, build, cloud.tell)
    if cloud.dry_run:
        return
    built = read_build_of_commit(cloud, commit)
    if built.release != identity.name:
        raise UserError(
            f"{FILE}: built {built.release}, and {identity.name} was handed in: another build of "
            f"commit {commit[:12]} came between; run this again"
        )
    archive = read_archive(cloud, built)
    FUNCTION.parent.mkdir(parents=True, exist_ok=True)
    FUNCTION.write_bytes(archive)
    image, _, digest = built.image.partition("@")
    outputs = {
        "release": built.release,
        "image": image,
        "digest": digest,
        "function": str(FUNCTION),
        "function-digest": f"sha256:{built.function}",
    }
    cloud.say(f"{built.release} is built: image {digest}, function's source in {FUNCTION}")
    cloud.result(outputs)
    set_outputs(outputs)


def run_tests() -> None:
    """Hold the model to its suite.

    Raises:
        UserError: a test failed.
    """
    done = subprocess.run(TEST, env=user_environment(), check=False)
    if done.returncode:
        raise UserError("`make test-model` failed, as its lines above say; nothing was submitted")
