"""Programs that a test needs and a machine may not have."""

import os
import shutil

import pytest


def require(program: str) -> str:
    """The program's path; without it the test is skipped, or fails where ``REQUIRE_TOOLS`` is 1."""
    path = shutil.which(program)
    if path is not None:
        return path
    missing = f"{program} is not on the PATH"
    if os.environ.get("REQUIRE_TOOLS") == "1":
        pytest.fail(f"{missing}, and REQUIRE_TOOLS=1 asks for it")
    pytest.skip(missing)
