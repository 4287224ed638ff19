"""Log entries: Cloud Logging API v2, entries.list; occurrences: Container Analysis API v1.

Of the query language comparisons joined by AND are understood; anything else is refused, as Google
refuses what it cannot parse: https://cloud.google.com/logging/docs/view/logging-query-language
"""

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tests.google.api import Json, Request, Routes, invalid
from tests.google.state import PROJECT, PROJECT_NUMBER

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

COMPARISON = re.compile(r'([A-Za-z][\w.]*)\s*(>=|<=|!=|=|>|<)\s*("[^"]*"|[\w.+-]+)')
COMPARE: dict[str, Callable[[Json, Json], bool]] = {
    "=": lambda value, wanted: bool(value == wanted),
    "!=": lambda value, wanted: bool(value != wanted),
    ">": lambda value, wanted: bool(value > wanted),
    ">=": lambda value, wanted: bool(value >= wanted),
    "<": lambda value, wanted: bool(value < wanted),
    "<=": lambda value, wanted: bool(value <= wanted),
}
SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT")
# https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list: more is no error.
LARGEST_PAGE = 1000
ORDERS = {"timestamp asc": False, "timestamp desc": True, "": False}

routes = Routes()


@routes("POST", "logging.googleapis.com/v2/entries:list")
def _list(cloud: "Cloud", request: Request) -> Json:
    asked = request.json
    if not set(asked.get("resourceNames", [])) <= {
        f"projects/{PROJECT}",
        f"projects/{PROJECT_NUMBER}",
    }:
        raise invalid("resourceNames: another project than the one that there is")
    if asked.get("orderBy", "") not in ORDERS:
        raise invalid(f"orderBy: {asked['orderBy']} is neither of the two that there are")
    conditions = _parse(asked.get("filter", ""))
    entries = [
        entry for entry in cloud.state.logs if all(condition(entry) for condition in conditions)
    ]
    entries.sort(
        key=lambda entry: str(entry.get("timestamp", "")),
        reverse=ORDERS[asked.get("orderBy", "")],
    )
    start = int(asked.get("pageToken") or 0)
    end = start + min(asked.get("pageSize") or 50, LARGEST_PAGE)
    more = {"nextPageToken": str(end)} if end < len(entries) else {}
    return {"entries": entries[start:end], **more}


def _parse(text: str) -> list[Callable[[Json], bool]]:
    """The conditions of a filter.

    Raises:
        ApiError: there is something else in it.
    """
    conditions: list[Callable[[Json], bool]] = []
    for part in re.split(r"\s+AND\s+", text.strip()) if text.strip() else ():
        comparison = COMPARISON.fullmatch(part)
        if comparison is None:
            raise invalid(f"Unparseable filter: syntax error at '{part}'")
        field, sign, literal = comparison.groups()
        conditions.append(partial(_holds, field=field, sign=sign, literal=literal))
    return conditions


def _holds(entry: Json, field: str, sign: str, literal: str) -> bool:
    """Whether a comparison holds; a field that is not there compares with nothing."""
    wanted = literal.strip('"')
    if field == "severity":
        places = [SEVERITIES.index(severity) for severity in (entry.get(field, "DEFAULT"), wanted)]
        return COMPARE[sign](*places)
    value: Json = entry
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        # The time of an entry that a test wrote without one is now.
        return field == "timestamp" and sign in {">", ">="}
    return COMPARE[sign](value, float(wanted) if isinstance(value, int | float) else wanted)


@routes("GET", "containeranalysis.googleapis.com/v1/projects/{project}/occurrences")
@routes("GET", "containeranalysis.googleapis.com/v1beta1/projects/{project}/occurrences")
def _occurrences(_cloud: "Cloud", _request: Request) -> Json:
    return {"occurrences": []}
