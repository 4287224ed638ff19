"""The ceiling: bare ASGI that sends the body back, and knows no model."""


async def app(scope, receive, send):
    """Answer a request whose body comes in one piece."""
    message = await receive()
    body = message["body"]
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
