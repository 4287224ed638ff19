"""The empty function: functions-framework in ASGI mode, and a constant."""

from typing import Any


async def predict(_request: object) -> dict[str, Any]:
    """Answer any request."""
    return {"prediction": 0, "model_version": "none"}
