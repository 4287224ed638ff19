"""``serve``: ports that are none are refused in one line."""

import pytest

from twinserve.config.errors import UserError
from twinserve.delivery.local.serve import serve


@pytest.mark.parametrize("text", ["²", "٣", "1" * 5000, "0", "65536", "", "80a", "-1"])
def test_port_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digits of other scripts, and more of them than a number may have, included."""
    monkeypatch.setenv("SERVICE_PORT", text)
    with pytest.raises(UserError, match="SERVICE_PORT must be a port number"):
        serve()
