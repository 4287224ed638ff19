"""docs/comparison.md is not behind what it was made from."""

from tests.tree import PROJECT
from twinserve.comparison import facts
from twinserve.comparison import page as comparison
from twinserve.config.params import load_params


def test_the_committed_page_is_what_its_sources_make() -> None:
    """`make comparison` changes nothing in a clean tree.

    A fork that only deploys elsewhere may keep the page as it came, of the settings it came with.
    """
    known, page = facts.load(), comparison.PAGE.read_text(encoding="utf-8")
    settings = (load_params(), load_params(PROJECT / "params.yaml"))
    assert page in [comparison.markdown(known, setting) for setting in settings], (
        "run `make comparison`"
    )
