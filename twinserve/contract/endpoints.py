"""The endpoints that the suite asks, by name."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

from twinserve.contract.calls import Caller, HttpCaller, IntroducedCaller
from twinserve.contract.check import token_variable
from twinserve.targets.check_headers import check_headers


class Endpoints(Protocol):
    """The endpoints of a run."""

    @property
    def names(self) -> Sequence[str]:
        """All of them; a name begins with its target's."""
        ...

    def __getitem__(self, name: str) -> Caller: ...


class GivenEndpoints:
    """The endpoints that ``--base-url NAME=URL`` gives."""

    def __init__(self, base_urls: Sequence[str]) -> None:
        self._urls = dict(text.split("=", 1) for text in base_urls)
        self.names = tuple(self._urls)

    def __getitem__(self, name: str) -> Caller:
        caller = HttpCaller(self._urls[name], os.environ.get(token_variable(name)))
        return IntroducedCaller(caller, self._headers)

    @cached_property
    def _headers(self) -> Mapping[str, str]:
        # Several hundred cases ask; each would read params.yaml.
        return check_headers()
