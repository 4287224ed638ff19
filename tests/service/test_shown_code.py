"""The code that the README and tests/model/README.md show, as it stands there."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from service.front import Service
from service.pages import Pages
from tests.callers import InProcessCaller
from tests.service.checkouts import Checkout
from tests.tree import ROOT
from twinserve.inference.endpoint import open_endpoint


def shown(page: str) -> list[str]:
    """The blocks of Python on a page."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def modules() -> dict[str, str]:
    """The modules of ``custom/`` that the README shows, in ten lines."""
    (block,) = shown("README.md")
    assert len(block.splitlines()) == 10
    texts = re.split(r"^# custom/(\w+)\.py.*\n", block, flags=re.MULTILINE)[1:]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def cases() -> Iterator[tuple[str, Any]]:
    """The tests that the page of tests/model shows, but for that of the model."""
    names: dict[str, Any] = {}
    for block in shown("tests/model/README.md"):
        exec(block, names)  # noqa: S102 - our own page
    yield from ((name, test) for name, test in names.items() if name.startswith("test_"))


@pytest.mark.parametrize("name", ["test_route_asks_the_database", "test_step_says_what_is_unsure"])
def test_shown_test_passes_on_the_shown_code(checkout: Checkout, name: str) -> None:
    """A route with its dependency overridden, and a step, copied from the pages."""
    root = checkout(**modules())
    app = Pages(Service(root / "dist/service", root)).as_application()
    case = dict(cases())[name]
    case(app) if "route" in name else case()


@pytest.mark.parametrize("target", ["service", "function"])
def test_shown_step_answers_on_both_targets(checkout: Checkout, target: str) -> None:
    """With its member, beside the contract's."""
    root = checkout(**modules())
    endpoint, _ = open_endpoint(root / "dist" / target, {"/predict"}, root)
    reply = InProcessCaller(endpoint).call(
        "POST", "/predict", body=b'{"features": [5.1,3.5,1.4,0.2]}'
    )
    assert reply.body == b'{"prediction": 0, "model_version": "v1.0", "sure": true}'
