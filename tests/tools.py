"""Programs that a test needs and a machine may not have."""

import os
import shutil
from typing import NoReturn

import pytest


def require(program: str) -> str:
    """The program's path; without it the test is skipped, or fails where ``REQUIRE_TOOLS`` is 1."""
    path = shutil.which(program)
    if path is None:
        do_without(f"{program} is not on the PATH")
    return path


def do_without(what: str) -> NoReturn:
    """Skip the test for want of ``what``, or fail it where ``REQUIRE_TOOLS`` is 1."""
    if os.environ.get("REQUIRE_TOOLS") == "1":
        pytest.fail(f"{what}, and REQUIRE_TOOLS=1 asks for it")
    pytest.skip(what)
