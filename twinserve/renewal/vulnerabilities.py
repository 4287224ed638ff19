"""Known vulnerabilities of what is served, as pip-audit finds them, and those that are let be.

Source: pip-audit's JSON format; OSV's API where its address is given, else PyPI's.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from twinserve.config.errors import UserError
from twinserve.config.variables import PACKAGES, tool_environment
from twinserve.config.yaml_file import read_yaml

EXCEPTIONS = Path("locks/exceptions.yaml")
SERVED = ("service-*.txt", "function-*.txt")


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A known one of a version that is locked.

    Attributes:
        names: its identifiers, the one that pip-audit goes by first.
        fixed: the lowest later version without it; None while there is none.
    """

    package: str
    version: str
    names: tuple[str, ...]
    fixed: str | None

    @property
    def line(self) -> str:
        """It, in words."""
        cure = f"fixed in {self.fixed}" if self.fixed else "no version mends it yet"
        return f"{self.package} {self.version}: {self.names[0]}, {cure}"


class Exemption(BaseModel):
    """A vulnerability that is let be."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str
    reason: str
    until: date


def audited(tree: Path) -> tuple[Path, ...]:
    """The locks of what is served, whichever the runtime."""
    return tuple(sorted(path for form in SERVED for path in (tree / "locks").glob(form)))


def ask(tree: Path, osv_url: str | None = None) -> tuple[Vulnerability, ...]:
    """The known vulnerabilities of a tree's locks.

    Raises:
        UserError: a package could not be asked for.
    """
    files = [word for path in audited(tree) for word in ("--requirement", str(path))]
    service = ["--vulnerability-service=osv", f"--osv-url={osv_url}"] if osv_url else []
    command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off"]
    done = subprocess.run(
        [*command, *service, "--require-hashes", "--disable-pip", *files],
        env=tool_environment(PACKAGES),
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        listed = json.loads(done.stdout)["dependencies"]
    except (KeyError, ValueError):
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise UserError(f"pip-audit could not ask: {lines[-1][:300]}") from None
    skipped = [entry["name"] for entry in listed if "skip_reason" in entry]
    if skipped:
        named = ", ".join(skipped[:3]) + (f" and {len(skipped) - 3} more" if skipped[3:] else "")
        raise UserError(f"pip-audit knows nothing of {named}: nobody can say that they are safe")
    return tuple(
        _read(entry, vulnerability) for entry in listed for vulnerability in entry["vulns"]
    )


def _read(entry: dict[str, str], raw: dict[str, Sequence[str]]) -> Vulnerability:
    version = Version(entry["version"])
    later = [fix for fix in map(Version, raw["fix_versions"]) if fix > version]
    return Vulnerability(
        package=canonicalize_name(entry["name"]),
        version=entry["version"],
        names=(str(raw["id"]), *raw["aliases"]),
        fixed=str(min(later)) if later else None,
    )


def read_exemptions(tree: Path, today: date) -> tuple[Exemption, ...]:
    """What the tree lets be.

    Raises:
        UserError: the file does not fit, or the last day of an exemption is past.
    """
    path = tree / EXCEPTIONS
    if not path.exists():
        return ()
    content = read_yaml(path, "or leave it out")
    try:
        # YAML has days of its own, which pydantic's strict mode takes as they are.
        exemptions = TypeAdapter(list[Exemption]).validate_python(content or [])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(
            f"{EXCEPTIONS}: {where}: {first['msg']}; each entry has id, reason and until"
        ) from None
    if past := [exemption for exemption in exemptions if exemption.until < today]:
        raise UserError(
            f"{EXCEPTIONS}: {past[0].id} was let be until {past[0].until} ({past[0].reason}): "
            "renew the package, or say why it may wait longer"
        )
    return tuple(exemptions)


def without_exempt(
    vulnerabilities: Iterable[Vulnerability], exemptions: Iterable[Exemption]
) -> tuple[Vulnerability, ...]:
    """The vulnerabilities that no exemption names."""
    exempt = {exemption.id for exemption in exemptions}
    return tuple(
        vulnerability for vulnerability in vulnerabilities if not exempt & set(vulnerability.names)
    )
