"""The empty function: functions-framework in ASGI mode, and a constant."""


async def predict(request):
    """Answer any request."""
    return {"prediction": 0, "model_version": "none"}
