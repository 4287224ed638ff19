"""Callers of what runs in this process: an ASGI application, a function with a Flask request."""

import asyncio
from collections.abc import Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import flask

from twinserve.inference.asgi import Message, Receive, Scope, Send
from twinserve.targets.opener import Reply


class InProcessCaller:
    """An ASGI application, called as a server would."""

    def __init__(self, application: object) -> None:
        self._application = application

    def call(
        self,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | list[bytes] = b"",
    ) -> Reply:
        chunks = body if isinstance(body, list) else [body]
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        if not isinstance(body, list) and (body or method in {"POST", "PUT"}):
            raw.append((b"content-length", str(len(body)).encode()))
        path, _, query = path.partition("?")
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"testserver"), *raw],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        return asyncio.run(self._exchange(scope, chunks))

    async def _exchange(self, scope: Scope, chunks: list[bytes]) -> Reply:
        incoming = iter(chunks)
        left = len(chunks)
        sent: list[Message] = []

        async def receive() -> Message:
            nonlocal left
            left -= 1
            return {"type": "http.request", "body": next(incoming), "more_body": left > 0}

        async def send(message: Message) -> None:
            sent.append(message)

        application = self._application
        assert callable(application)
        receiving: Receive = receive
        sending: Send = send
        await application(scope, receiving, sending)
        start, *parts = sent
        headers = [(name.decode(), value.decode()) for name, value in start["headers"]]
        body = b"".join(part["body"] for part in parts)
        return _reply(scope["method"], start["status"], headers, body)


class FlaskCaller:
    """A function called with a Flask request, as Google's documentation tests one."""

    def __init__(self, bundle: Path) -> None:
        spec = spec_from_file_location("function_of_this_bundle", bundle / "main.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        self._predict = module.predict

    def call(
        self,
        method: str,
        path: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | list[bytes] = b"",
    ) -> Reply:
        data = b"".join(body) if isinstance(body, list) else body
        application = flask.Flask(__name__)
        with application.test_request_context(
            path, method=method, headers=list(headers), data=data
        ):
            answer = self._predict(flask.request)
        return _reply(method, answer.status_code, answer.headers.items(), answer.get_data())


def _reply(method: str, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Reply:
    """As a client sees it: a server keeps the body of an answer to HEAD to itself."""
    members = {name.lower(): value for name, value in headers}
    return Reply(status, members, b"" if method == "HEAD" else body)
