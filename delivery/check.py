"""Hold endpoints to the contract: the suite in ``tests/contract``, over HTTP."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from config.errors import UserError
from targets.protocol import Endpoint

SUITE = Path("tests/contract")


class CheckError(UserError):
    """An endpoint answers, but not as it must."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class Check:
    """What the suite found: cases that passed, failed, and do not apply to these endpoints."""

    passed: int
    failed: int
    skipped: int


def token_variable(name: str) -> str:
    """The environment variable that hands the suite an endpoint's token.

    Arguments of a command are visible to every user of a machine, and pytest prints them.
    """
    return f"TWINSERVE_TOKEN_{name.upper()}"


def check_contract(endpoints: Sequence[Endpoint], card: Path) -> Check:
    """Run the suite against every endpoint, and for equal answers of all.

    Raises:
        CheckError: a case failed; its report has been printed by then.
    """
    urls = [f"--base-url={endpoint.name}={endpoint.url}" for endpoint in endpoints]
    with tempfile.TemporaryDirectory() as directory:
        results = Path(directory) / "results.xml"
        command = [sys.executable, "-m", "pytest", str(SUITE), *urls, f"--card={card}"]
        command += ["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider"]
        tokens = {token_variable(one.name): one.token for one in endpoints if one.token}
        done = subprocess.run(
            [*command, f"--junitxml={results}"],
            env=os.environ | tokens,
            capture_output=True,
            text=True,
            check=False,
        )
        if not results.exists():
            sys.stderr.write(done.stdout + done.stderr)
            raise UserError(f"{SUITE} could not be run (exit code {done.returncode})")
        check = _read(results)
    if done.returncode or check.failed or not check.passed:
        sys.stderr.write(done.stdout)
        raise CheckError(f"{check.failed} cases of the contract fail; see above")
    return check


def _read(results: Path) -> Check:
    """Count the cases of a JUnit XML file that pytest has just written here."""
    suites = ET.parse(results).getroot().iter("testsuite")  # noqa: S314 - our own file
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in suites:
        for name in counts:
            counts[name] += int(suite.attrib[name])
    failed = counts["failures"] + counts["errors"]
    skipped = counts["skipped"]
    return Check(counts["tests"] - failed - skipped, failed, skipped)
