"""What a remote's own words are where a login or a server fails; docs/data.md shows them.

Those of a server that goes away in the middle depend on when it does.
"""

from collections.abc import Mapping

from twinserve.measure.pages.text import EN_DASH

# What cannot be played is not here: the document says why.
LOGINS = ("none", "wrong", "expired")
AWAY, HALF_WAY = "away", "half-way"
HEADS = ("no login", "a wrong one", "one that has expired", "nobody answers")
TOLD: Mapping[str, Mapping[str, str]] = {
    "http": {
        "none": "HTTP 'basic' authentication require both 'user' and 'password'",
        "wrong": "401, message='Unauthorized'",
        "away": "Cannot connect to host",
    },
    "s3": {
        "none": "Unable to locate credentials",
        "wrong": "The request signature we calculated does not match",
        "expired": "The provided token has expired",
        "away": "Could not connect to the endpoint URL",
    },
    "azure": {
        "none": "requires either account_name or connection_string",
        "wrong": "Server failed to authenticate the request",
        "expired": "Server failed to authenticate the request",
        "away": "Cannot connect to host",
    },
    "gs": {
        "none": "Anonymous caller does not have storage.objects.get access",
        "wrong": "Invalid Credentials, 401",
        "expired": "Invalid Credentials, 401",
        "away": "Cannot connect to host",
    },
    "ssh": {
        "none": "Permission denied for user",
        "wrong": "Permission denied for user",
        "expired": "Permission denied for user",
        "away": "Connect call failed",
    },
}
# There is no login.
FOLDER = {AWAY: "there is no folder"}
# Asks again for four minutes: a server that is back by then is not missed.
PATIENT = "gs"


REFUSED = [(scheme, fault) for scheme, told in TOLD.items() for fault in LOGINS if fault in told]


def table() -> str:
    """The document's: what stands in the brackets, by remote and fault."""
    rows = [("", *HEADS), ("---",) * (len(HEADS) + 1)]
    rows += [
        (
            f"`{scheme}`",
            *(f"`{told[fault]}`" if fault in told else EN_DASH for fault in (*LOGINS, AWAY)),
        )
        for scheme, told in {"folder": FOLDER, **TOLD}.items()
    ]
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)
