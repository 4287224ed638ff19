"""A Flask request answered in place, as Google's documentation tests a function."""

from typing import TYPE_CHECKING, Any

import flask

if TYPE_CHECKING:
    from twinserve.inference.asgi import Answer, Message
    from twinserve.inference.endpoint import PredictionHandler


def answer_flask(endpoint: "PredictionHandler", request: flask.Request) -> flask.Response:
    """The endpoint's answer: its status, body and headers."""
    body = request.get_data()
    headers = list(request.headers)
    if request.environ.get("CONTENT_TYPE") == "":
        # Which is not the same as none, but Flask leaves it out.
        headers.append(("Content-Type", ""))
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query_string,
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ],
    }

    async def receive() -> "Message":
        return {"type": "http.request", "body": body, "more_body": False}

    answer = _completed(endpoint.answer(scope, receive))
    answered = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
    response = flask.Response(answer.body, answer.status)
    # Flask counts the body that it is given; that of an answer to HEAD is kept to itself.
    response.headers.clear()
    response.headers.extend(answered)
    return response


def _completed(answering: Any) -> "Answer":  # noqa: ANN401 - a coroutine
    """The answer that the coroutine gives at once: with the whole body there, it never waits."""
    try:
        answering.send(None)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    answering.close()
    raise RuntimeError("the endpoint waited for something")
