"""Hold endpoints to the contract: its suite, over HTTP."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from twinserve.config.errors import UserError
from twinserve.config.params import PARAMS_PATH, load_params
from twinserve.config.variables import NETWORK, tool_environment
from twinserve.targets.check_headers import check_headers
from twinserve.targets.opener import is_loopback
from twinserve.targets.protocol import Endpoint

SUITE = Path("twinserve/contract/suite.py")
# The suite needs none of what is installed beside pytest, and importing it is a third of its time.
WITHOUT_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
# Of the cases that fail.
MOST_SHOWN = 20
LONGEST_REASON = 120


class CheckError(UserError):
    """An endpoint answers, but not as it must."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class ContractResult:
    """The suite's result: cases that passed, failed, and do not apply to these endpoints."""

    passed: int
    failed: int
    skipped: int


def token_variable(name: str) -> str:
    """The environment variable that hands the suite an endpoint's token.

    Arguments of a command are visible to every user of a machine, and pytest prints them.
    """
    return f"TWINSERVE_TOKEN_{name.upper()}"


def check_contract(
    endpoints: Sequence[Endpoint], card: Path, *, deployed: bool = False
) -> ContractResult:
    """Run the suite against every endpoint, and for equal answers of all.

    Of ``deployed`` ones, Google's front end may answer a few cases (see front_end.py).

    Raises:
        CheckError: a case failed; its report has been printed by then.
        UserError: the suite could not be run.
    """
    urls = [f"--base-url={endpoint.name}={endpoint.url}" for endpoint in endpoints]
    with tempfile.TemporaryDirectory() as directory:
        results = Path(directory) / "results.xml"
        command = [sys.executable, "-m", "pytest", str(SUITE), *urls, f"--card={card}"]
        # Of an endpoint that is down hundreds of cases fail: their code is not read again for each.
        command += ["-q", "--no-header", "-p", "no:cacheprovider", "--tb=native"]
        # One that no proxy can reach is asked without any, whatever kind of proxy is set.
        ways = () if all(is_loopback(endpoint.url) for endpoint in endpoints) else (NETWORK,)
        if deployed:
            command.append("--deployed")
        tokens = {
            token_variable(endpoint.name): endpoint.token
            for endpoint in endpoints
            if endpoint.token
        }
        # As params.yaml names them, which the suite reads too.
        check_headers()
        named = load_params().deployment.check.headers.values() if PARAMS_PATH.exists() else ()
        let_in = {variable: os.environ[variable] for variable in named}
        done = subprocess.run(
            [*command, f"--junitxml={results}"],
            env=tool_environment(*ways) | tokens | let_in | WITHOUT_PLUGINS,
            capture_output=True,
            text=True,
            check=False,
        )
        if not results.exists():
            sys.stderr.write(done.stdout + done.stderr)
            raise UserError(f"{SUITE} could not be run (exit code {done.returncode})")
        report = ET.parse(results).getroot()  # noqa: S314 - our own file
    check = _count(report)
    if done.returncode or check.failed or not check.passed:
        shown = list(_failures(report)) or [done.stdout]
        sys.stderr.writelines(f"{line}\n" for line in shown)
        raise CheckError(f"{check.failed} cases of the contract fail; see above")
    return check


def _count(report: ET.Element) -> ContractResult:
    """The cases of a JUnit XML report that pytest has just written here."""
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in report.iter("testsuite"):
        for name in counts:
            counts[name] += int(suite.attrib[name])
    failed = counts["failures"] + counts["errors"]
    skipped = counts["skipped"]
    return ContractResult(counts["tests"] - failed - skipped, failed, skipped)


def _failures(report: ET.Element) -> Iterator[str]:
    """The first cases that failed, a line each; an endpoint that is down fails them all."""
    failed = [
        (case.attrib["name"].removeprefix("test_"), fault.attrib.get("message", ""))
        for case in report.iter("testcase")
        for fault in case
        if fault.tag in {"failure", "error"}
    ]
    for name, message in failed[:MOST_SHOWN]:
        yield f"  {name}: {' '.join(message.partition(chr(10))[0].split())[:LONGEST_REASON]}"
    if len(failed) > MOST_SHOWN:
        yield f"  and {len(failed) - MOST_SHOWN} more"
