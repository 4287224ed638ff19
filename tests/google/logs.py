"""Log entries: Cloud Logging API v2, entries.list; occurrences: Container Analysis API v1."""

from typing import TYPE_CHECKING

from tests.google.api import Json, Request, Routes

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

routes = Routes()


@routes("POST", "logging.googleapis.com/v2/entries:list")
def _list(cloud: "Cloud", request: Request) -> Json:
    """The newest first; the filter is not applied beyond the names that stand in it in quotes."""
    wanted = request.json.get("filter", "")
    entries = [
        entry
        for entry in cloud.state.logs
        if all(
            value in wanted
            for value in entry.get("resource", {}).get("labels", {}).values()
            if "labels" in wanted
        )
    ]
    return {"entries": entries[: request.json.get("pageSize", len(entries))]}


@routes("GET", "containeranalysis.googleapis.com/v1/projects/{project}/occurrences")
@routes("GET", "containeranalysis.googleapis.com/v1beta1/projects/{project}/occurrences")
def _occurrences(_cloud: "Cloud", _request: Request) -> Json:
    return {"occurrences": []}
