"""``twinserve tag``: GTO's tag of the model that was promoted, ``model@v1.2.0``, by GitHub's API.

By it ``dvc artifacts get`` and GTO's own commands find the model. A name is given once: a tag that
would be another model's, or is of another version, stops the push before anything is built.
"""

import argparse
import base64
import os
import re

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.targets.github.api import api, find, search
from twinserve.targets.github.workflow import set_outputs
from twinserve.training.fitting.digest import digest_path, read_digest

# As dvc.yaml declares it under `artifacts:`.
ARTIFACT = "model"
OUTPUT = "tag"
_NUMBER = r"(0|[1-9]\d*)"
_VERSION = re.compile(rf"v{_NUMBER}(?:\.{_NUMBER})?(?:\.{_NUMBER})?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take whether to look only."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="before anything is built: refuse a version that its tag would not match",
    )


def run(arguments: argparse.Namespace) -> None:
    """Look, or write; whether there is anything to write, a workflow is told.

    Raises:
        UserError: the version has no tag of GTO's, or another tag than the commit's or the model's.
    """
    params = load_params()
    wanted = params.deployment.model_tags
    name = tag_of(params.model.version) if wanted else None
    if name is None:
        print("deployment.model_tags is false: no tag of the model is written")
    elif _is_missing(name):
        print(f"{name} is to be written once this is promoted" if arguments.check else _write(name))
    else:
        print(f"{name} is there already, of the same model")
        name = None
    if arguments.check:
        set_outputs({OUTPUT: str(name is not None).lower()})


def tag_of(version: str) -> str:
    """GTO's tag of a version, which has three numbers: ``v1.0`` is ``v1.0.0``.

    Raises:
        UserError: it is not made of numbers.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise UserError(
            f"params.yaml: model.version {version} is not up to three numbers, as v1.2.0 is: GTO "
            "has no tag for it; change it, or set deployment.model_tags to false"
        )
    return f"{ARTIFACT}@v{'.'.join(number or '0' for number in match.groups())}"


def _is_missing(name: str) -> bool:
    """Whether the tag is still to be written.

    Raises:
        UserError: this commit has another version's tag, or the tag is another model's.
    """
    repository, commit = _here()
    tags = {tag["name"]: tag["commit"]["sha"] for tag in search(f"repos/{repository}/tags")}
    for other, tagged in tags.items():
        if tagged == commit and other != name and other.startswith(f"{ARTIFACT}@v"):
            raise UserError(
                f"commit {commit[:12]} is tagged {other}, and model.version of params.yaml makes "
                f"it {name}: change the version, or delete the tag (`git push --delete origin "
                f"{other}`)"
            )
    if name not in tags:
        return True
    if _digest_at(repository, tags[name]) != read_digest():
        raise UserError(
            f"{name} names another model, of commit {tags[name][:12]}: raise model.version of "
            "params.yaml; what a tag names stays what it was"
        )
    return False


def _write(name: str) -> str:
    """Annotated, as GTO's own are; in a line."""
    repository, commit = _here()
    made = api(
        f"repos/{repository}/git/tags",
        "POST",
        {
            "tag": name,
            "message": f"{name}: promoted on both targets\n",
            "object": commit,
            "type": "commit",
        },
    )
    api(f"repos/{repository}/git/refs", "POST", {"ref": f"refs/tags/{name}", "sha": made["sha"]})
    return f"written: {name} at {commit[:12]}"


def _digest_at(repository: str, commit: str) -> str:
    """The SHA-256 of that commit's model, as git has it there; empty where it has none."""
    path = digest_path().as_posix()
    content = find(f"repos/{repository}/contents/{path}?ref={commit}")
    if content is None:
        return ""
    return base64.b64decode(content["content"]).decode(errors="replace").partition(" ")[0]


def _here() -> tuple[str, str]:
    repository, commit = (os.environ.get(name) for name in ("GITHUB_REPOSITORY", "GITHUB_SHA"))
    if not repository or not commit or not os.environ.get("GH_TOKEN"):
        raise UserError("set GITHUB_REPOSITORY, GITHUB_SHA and GH_TOKEN, as deploy.yml does")
    return repository, commit
