"""Rows that drift start the renewal of the table, as GitHub's API takes it."""

from tests.renewal.proposal.hub import Hub
from twinserve.monitoring.alarm import start_renewal
from twinserve.monitoring.thresholds import Finding, State


def test_renew_takes_what_drift_dispatches(hub: Hub) -> None:
    """The workflow can be dispatched, and declares the inputs that it is given."""
    drifted = Finding("service", "drift of petal_width", 0.5, 0.25, "", 1000, State.PASSED)
    start_renewal("owner/twinserve", [drifted])
    main = hub.origin.git("rev-parse", "main")
    inputs = {"kind": "data", "names": ""}
    assert hub.read()["dispatches"] == [
        {"workflow": "renew.yml", "sha": main, "ref": "main", "inputs": inputs}
    ]
