"""A deployed service says which release it is."""

import json

from service.pages import with_release


def test_card_is_shown_as_it_is_where_nothing_was_released() -> None:
    """Without the variables of a release, the bytes are the bundle's own."""
    assert with_release(b'{"name": "m"}\n', {"PATH": "/bin"}) == b'{"name": "m"}\n'


def test_release_stands_beside_the_card() -> None:
    """The variables of a revision become a member of their own; others stay out."""
    environment = {"TWINSERVE_RELEASE": "v1.0-0123", "TWINSERVE_COMMIT": "abc", "SECRET": "x"}
    shown = json.loads(with_release(b'{"name": "m"}\n', environment))
    assert shown == {"name": "m", "release": {"name": "v1.0-0123", "commit": "abc"}}
