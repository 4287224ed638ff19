"""Answers to a login that is not right, as two providers document them: their own are not here.

What a real server of the scheme says where one runs on this machine is never taken from here.
"""

import json
from http.server import BaseHTTPRequestHandler

from tests.loopback import QuietHandler

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
EXPIRED_AT_S3 = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>ExpiredToken</Code>'
    b"<Message>The provided token has expired.</Message></Error>"
)
# https://cloud.google.com/storage/docs/json_api/v1/status-codes#401-unauthorized
ANONYMOUS = (
    "Anonymous caller does not have storage.objects.get access to the Google Cloud Storage object."
)
# https://developers.google.com/identity/protocols/oauth2/service-account#error-codes
WRONG_KEY = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
XML, JSON = {"Content-Type": "application/xml"}, {"Content-Type": "application/json"}
TOKEN = {"access_token": "a-token-of-yesterday", "token_type": "Bearer", "expires_in": 3600}


class S3(QuietHandler, BaseHTTPRequestHandler):
    """Calls every token expired."""

    def do_GET(self) -> None:
        self.answer(400, EXPIRED_AT_S3, XML)

    do_HEAD = do_PUT = do_GET  # noqa: N815 - http.server's names


class Google(QuietHandler, BaseHTTPRequestHandler):
    """Lets nobody read; at ``/wrong`` no key is known, at ``/expired`` it gives an old token."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        known = self.path == "/expired"
        body = json.dumps(TOKEN if known else WRONG_KEY).encode()
        self.answer(200 if known else 400, body, JSON)

    def do_GET(self) -> None:
        told = "Invalid Credentials" if self.headers.get("Authorization") else ANONYMOUS
        body = json.dumps({"error": {"code": 401, "message": told}}).encode()
        self.answer(401, body, JSON)
