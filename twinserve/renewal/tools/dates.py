"""When versions of Python go out of support, by Python's own release cycle.

Source: "release-cycle.json" of the PEPs' API. It names the month of an end that is to come, and the
day when it has come: a month counts from its first day.
"""

from datetime import date

from packaging.version import Version

from twinserve.config.errors import UserError
from twinserve.delivery.cloud.doctor.ends import Ends
from twinserve.renewal.tools.sources import read_json

PYTHON = "https://peps.python.org/api/release-cycle.json"
# A version that others build upon.
RELEASED = frozenset({"bugfix", "security"})
_MONTH = len("2030-10")


def look_up_pythons(known: Ends, today: date) -> Ends:
    """The ends of the versions that are known, and of those that have come since.

    Raises:
        UserError: the source cannot be asked, or answers otherwise than it is known to.
    """
    oldest = min(map(Version, known.ends))
    try:
        ends = {
            version: _first_day(str(entry["end_of_life"]))
            for version, entry in read_json(PYTHON).items()
            if version in known.ends or (entry["status"] in RELEASED and Version(version) > oldest)
        }
    except (LookupError, TypeError, ValueError) as error:
        raise UserError(f"{PYTHON}: is written otherwise than known: {error!r}") from None
    merged = {**known.ends, **ends}
    ordered = {version: merged[version] for version in sorted(merged, key=Version)}
    return known.model_copy(update={"source": PYTHON, "as_of": today, "ends": ordered})


def _first_day(written: str) -> date:
    return date.fromisoformat(f"{written}-01" if len(written) == _MONTH else written)
