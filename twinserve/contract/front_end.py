"""What Google's front end may answer in our place, or change before we see it.

It counts for deployed endpoints only (``--deployed``, which a release gives); whatever runs here
answers itself, to the letter.
"""

from twinserve.contract.cases import REFUSED, Case
from twinserve.targets.opener import Reply

# By the case's name, the statuses that may come instead; the page is the front end's own.
INSTEAD = {
    # Without a length: RFC 9112, 6.3, lets a server answer 411, and Google's front ends do for
    # methods that may have a body ("POST requests require a Content-length header").
    "PATCH": frozenset({411}),
    # A header whose value is empty need not arrive, and a body of no type is read as JSON.
    "an empty type": frozenset({200}),
}


def may_answer(case: Case, reply: Reply) -> bool:
    """Whether this answer to a case is one that a front end may give."""
    names = [name for name, refused in REFUSED.items() if refused is case]
    return any(reply.status in INSTEAD.get(name, ()) for name in names)
