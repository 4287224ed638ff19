"""A program, played while a workflow or a build runs: it records the call and does its part.

It is started under the name of the program that it stands in for. ``$STAND_IN`` names a folder with
``calls.jsonl`` (written here, one call a line), ``rules.json`` (how to answer; the first rule whose
words all occur in the call counts), ``times.jsonl`` (how long real commands took) and
``artifacts/``.
"""

import glob
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(os.environ["STAND_IN"])
ARTIFACTS = FOLDER / "artifacts"
KEPT = (
    "APP", "BASE", "CHECK_API_KEY", "GH_TOKEN", "GITHUB_JOB", "BUILD_ID", "COMMIT_SHA",
    "GOOGLE_CLOUD_PROJECT", "HEAD_BRANCH", "HEAD_OWNER", "HEAD_SHA", "ATTESTED", "DATA_LOGIN",
    "KIND", "NAMES", "NEEDS", "NUMBER", "RESULT", "SCHEDULE", "REQUIRE_TOOLS", "RUN_URL", "SHARD",
    "WITHOUT_LOGIN",
)  # fmt: skip


def main() -> int:
    """Record the call, then do what its rule or its part says."""
    program = Path(sys.argv[0]).name
    words = sys.argv[1:]
    if program == "stand-in":
        program, *words = words
    if program in {"python", "python3"} and words[:1] != ["-m"]:
        return subprocess.run([os.environ["REAL_PYTHON"], *words], check=False).returncode
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    call = {"program": program, "words": words, "environment": environment}
    with (FOLDER / "calls.jsonl").open("a") as file:
        file.write(json.dumps(call) + "\n")
    line = " ".join([program, *words])
    for rule in json.loads((FOLDER / "rules.json").read_text()):
        if rule["call"] in line:
            return _obey(rule, program, words)
    return PARTS[program](*words) if program in PARTS else 0


def _obey(rule: dict[str, object], program: str, words: list[str]) -> int:
    """Print, write and exit as the rule says; ``real`` runs the project's own command."""
    sys.stdout.write(str(rule.get("prints", "")))
    files = rule.get("files", {})
    assert isinstance(files, dict)
    for name, content in files.items():
        path = Path(os.path.expandvars(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(content)
    if rule.get("real"):
        start = ["-m", "twinserve"] if program == "twinserve" else []
        command = [os.environ["REAL_PYTHON"], *start, *words]
        environment = os.environ | {"PYTHONPATH": os.environ["REAL_TREE"]}
        return _timed(command, environment)
    return int(str(rule.get("exit", 0)))


def _timed(command: list[str], environment: dict[str, str]) -> int:
    """Run it, and note how long it took, and how much of that its own processes computed."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    code = subprocess.run(command, env=environment, check=False).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    computed = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    took = {"words": command[1:], "seconds": time.monotonic() - began, "computed": computed}
    with (FOLDER / "times.jsonl").open("a") as file:
        file.write(json.dumps(took) + "\n")
    return code


def _upload(name: str, if_none: str, pattern: str) -> int:
    paths = [Path(path) for path in glob.glob(pattern)]  # noqa: PTH207 - may be absolute
    if not paths:
        return int(if_none == "error")
    (ARTIFACTS / name).mkdir(parents=True)
    for path in paths:
        shutil.copy(path, ARTIFACTS / name)
    return 0


def _download(pattern: str, directory: str, run_id: str, token: str) -> int:
    """As the action does: each artifact in a folder of its name; none is no error of a pattern."""
    # Another run's want both; the same run's neither.
    if bool(run_id) != bool(token):
        return 1
    for artifact in ARTIFACTS.glob(pattern):
        shutil.copytree(artifact, Path(directory) / artifact.name)
    return 0


def _check_out(ref: str, directory: str) -> int:
    """The one commit that there is stands for every ref."""
    if not ref:
        return 1
    command = ["git", "-C", os.environ["ORIGIN"], "archive", "HEAD"]
    archive = subprocess.run(command, capture_output=True, check=True).stdout
    Path(directory).mkdir(exist_ok=True)
    unpack = ["tar", "--extract", "--directory", directory]
    return subprocess.run(unpack, input=archive, check=False).returncode


def _attest(path: str, name: str, digest: str, sbom: str, *stated: str) -> int:
    """A path or a digest, not both; a digest needs a name; files must be there.

    What is stated besides, if not by an SBOM, is a predicate's type and its path.
    """
    if stated and (sbom or not all(stated)):
        return 1
    if bool(path) == bool(digest) or bool(digest) != bool(name):
        return 1
    if digest and not digest.startswith("sha256:"):
        return 1
    files = [pattern for pattern in (path, sbom, *stated[1:]) if pattern]
    return int(not all(glob.glob(pattern, recursive=True) for pattern in files))  # noqa: PTH207 - may be absolute


def _authenticate(project: str, provider: str, account: str) -> int:
    if not (project and provider and account):
        return 1
    with Path(os.environ["GITHUB_ENV"]).open("a") as file:
        file.write(f"GOOGLE_CLOUD_PROJECT={project}\n")
    return 0


def _become_app(client: str, key: str) -> int:
    if not (client and key):
        return 1
    with Path(os.environ["GITHUB_OUTPUT"]).open("a") as file:
        file.write(f"token=token-of-{client}\n")
    return 0


PARTS: dict[str, Callable[..., int]] = {
    "checkout": _check_out,
    "upload-artifact": _upload,
    "download-artifact": _download,
    "attest": _attest,
    "auth": _authenticate,
    "create-github-app-token": _become_app,
}

if __name__ == "__main__":
    sys.exit(main())
