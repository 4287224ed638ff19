"""Requests that nobody should send: the same ones for the same seed."""

import gzip
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from twinserve.config.card import Card
from twinserve.targets.local import local_target
from twinserve.targets.ready import wait_until_answering

TARGETS = ("service", "function")

METHODS = (
    *[b"POST"] * 40,
    *b"GET HEAD PUT DELETE PATCH OPTIONS TRACE CONNECT PROPFIND SEARCH LINK MOVE".split(b" "),
    *b"PURGE QUERY MKCOL REPORT M-SEARCH PRI post FOO P\xd6ST".split(b" "),
)
# None of the service's pages, and not the root, where only the function predicts.
PATHS = (
    *[b"/predict"] * 40,
    b"/predict/",
    b"//predict",
    b"/%70redict",
    b"/predict?features=1&a=%zz",
    b"/predict?include=label,probabilities",
    b"/predict?include=%ff%00&include=&include=" + b"label," * 3_000,
    b"/v2",
    b"/v2/models/iris",
    *[b"/v2/models/iris/infer"] * 6,
    b"/v2/models/iris/versions/v1.0/infer",
    b"/v2/models/%ff/versions//infer",
    b"/v2/" + b"models/" * 3_000,
    b"/predict#part",
    b"/PREDICT",
    b"/robots.txt",
    b"/favicon.ico",
    b"/a%0ab",
    b"/a%00b",
    b"/%ff%fe",
    b"/%e2%82%ac%f0%9f%92%a9",
    b"/\xff\xe9",
    b"/../../etc/passwd",
    b"/" + b"a" * 30_000,
    b"/" + b"%0a" * 5_000,
    b"*",
    b"http://here/predict",
    b"http://here:99999999/predict",
    b"predict",
    b"",
    b"/a b",
    b"/" + b"a" * 70_000,
)
VERSIONS = (
    *[b"HTTP/1.1"] * 60,
    b"HTTP/1.0",
    b"HTTP/0.9",
    b"HTTP/2.0",
    b"HTTP/9.9",
    b"",
    b"HTTPS/1.1",
)
NUMBERS = (b"-1", b"+5", b"0x10", b"1e3", b" 7", b"", b"9" * 400, b"9" * 5_000, b"1,1", b"\xb2")
FINE = (
    b"Content-Type: application/json",
    b"Content-Type: application/json; charset=utf-8",
    b"Content-Type: text/plain",
    b"Content-Type: ",
    b"Content-Type: " + b"a/" * 3_000,
    b"Content-Encoding: gzip",
    b"Inference-Header-Content-Length: 40",
    b"Inference-Header-Content-Length: -1",
    b"Expect: 100-continue",
    b"Expect: the unexpected",
    b"Connection: close",
    b"Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13",
    b"Upgrade: h2c",
    b"Origin: https://example.com",
    b"Origin: null\x01",
    b"X-Cloud-Trace-Context: 105445aa7843bc8bf206b12000100000/1;o=1",
    b"X-Cloud-Trace-Context: " + b"9" * 5_000 + b"/" + b"9" * 5_000,
    b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    b"Function-Execution-Id: \xe9" + b"x" * 2_000,
    b"X-Forwarded-For: " + b"1.1.1.1:" + b"9" * 5_000,
    b"X-Forwarded-Proto: gopher",
    b"Range: bytes=" + b"9" * 5_000 + b"-",
    b"X-Long: " + b"y" * 40_000,
)
BAD = (
    b"X-Longer: " + b"y" * 90_000,
    b"X-Binary: \x00\x01\x02",
    b"X-High: \xff\xfe",
    b" folded: line",
    b"space : before",
    b"no colon",
    b": no name",
    b"\r\n".join([b"X-Many: 1"] * 700),
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity",
    b"Trailer: X-Later",
)


@contextmanager
def both_targets(dist: Path) -> Iterator[tuple[list[int], list[IO[bytes]]]]:
    """Both targets, running: their ports, and the files that they log to."""
    with ExitStack() as stack:
        outputs: list[IO[bytes]] = [stack.enter_context(tempfile.TemporaryFile()) for _ in TARGETS]
        ports = []
        for name, output in zip(TARGETS, outputs, strict=True):
            target = replace(local_target(name, dist / name), output=output)
            endpoint = stack.enter_context(target.start())
            wait_until_answering(endpoint)
            ports.append(int(endpoint.url.rpartition(":")[2]))
        yield ports, outputs


def requests(seed: int, count: int, card: Card) -> Iterator[bytes]:
    """So many of them, each as the bytes that are sent over a connection of its own."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be kept secret
    for number in range(count):
        sent = request(chance, card, number)
        if chance.random() < 0.1:
            sent += request(chance, card, number)
        if chance.random() < 0.1:
            sent = damaged(chance, sent)
        yield sent


def request(chance: random.Random, card: Card, number: int) -> bytes:
    """A request; most parts are right, or nothing would be reached but the first check."""
    content = body(chance, card)
    lines = [b" ".join([chance.choice(METHODS), chance.choice(PATHS), chance.choice(VERSIONS)])]
    lines += [b"Host: here"] * chance.choice([1] * 12 + [0, 2])
    lines.append(b"X-Request-Id: attack-%d" % number)
    lines += chance.sample(FINE, chance.choice([0, 0, 1, 1, 2]))
    lines += chance.sample(BAD, chance.choice([0] * 12 + [1, 2]))
    framing, content = framed(chance, content)
    lines += framing
    return b"\r\n".join([*lines, b"", content])


def framed(chance: random.Random, content: bytes) -> tuple[list[bytes], bytes]:
    """How the body's end is told, rightly or not."""
    length = b"Content-Length: "
    right = length + b"%d" % len(content)
    chunk = b"%x\r\n%b\r\n" % (len(content), content)
    small = b"".join(b"1\r\n%c\r\n" % byte for byte in content[:300])
    return chance.choice(
        [
            *[([right], content)] * 30,
            ([length + b"0" * 4_300 + b"%d" % len(content)], content),
            ([length + b"%d" % (len(content) + chance.choice([-3, 3, 10**6]))], content),
            ([length + chance.choice(NUMBERS)], content),
            ([right, right], content),
            ([right, length + b"1"], content),
            ([right, b"Transfer-Encoding: chunked"], content),
            ([b"Transfer-Encoding: chunked"], chunk + b"0\r\n\r\n"),
            ([b"Transfer-Encoding: chunked"], small + b"0\r\nX-Later: 1\r\n\r\n"),
            ([b"Transfer-Encoding: chunked"], chunk),
            ([b"Transfer-Encoding: chunked"], b"%b\r\n" % chance.choice(NUMBERS) + content),
            ([b"Transfer-Encoding: chunked"], b"5;" + b"x" * 90_000 + content),
            ([], content),
        ]
    )


def body(chance: random.Random, card: Card) -> bytes:
    """Right, wrong, or no JSON at all."""
    row: list[object] = list(chance.choice(card.golden).features)
    row[chance.randrange(len(row))] = chance.choice(
        [1.5, 1.5, 1.5, -0.0, 1e39, None, True, "5.1", [], {}, 10**400, float("nan"), "\ud800"]
    )
    right = json.dumps({"features": row, "more": chance.choice([None, {"a": [1]}, "x" * 100])})
    tensor: dict[str, object] = {"name": "x", "shape": [1, len(row)], "datatype": "FP64"}
    tensor["data"] = [row]
    tensor[chance.choice(["more", "shape", "data", "datatype", "name"])] = chance.choice(
        [[], [-1], [10**30], [1e300, 1e300], None, "FP64", {}, [[[[]]]]]
    )
    makers: list[Callable[[], bytes]] = [
        *[right.encode] * 12,
        lambda: json.dumps({"instances": [row] * chance.choice([0, 1, 3, 1_001])}).encode(),
        lambda: json.dumps({"instances": row, "parameters": chance.choice(row)}).encode(),
        lambda: json.dumps({"instances": [row], "parameters": {"include": row}}).encode(),
        lambda: json.dumps({"inputs": [tensor], "outputs": chance.choice(row)}).encode(),
        lambda: json.dumps({"inputs": [tensor] * chance.choice([0, 2, 500])}).encode(),
        lambda: b'{"instances": [' + b"[" * chance.choice([10, 40_000]),
        lambda: b'{"instances": [' + b" " * chance.choice([65_536, 1_048_576]) + b"]}",
        lambda: right.encode()[: chance.randrange(len(right))],
        lambda: json.dumps({"features": row * chance.choice([0, 2, 5_000])}).encode(),
        lambda: b"\xef\xbb\xbf" + right.encode(),
        lambda: gzip.compress(right.encode(), mtime=0),
        lambda: right.encode("utf-16"),
        lambda: b"[" * chance.choice([10, 40_000]),
        lambda: b'{"features": [' + b"9" * 5_000 + b"]}",
        lambda: right.encode().ljust(chance.choice([65_536, 65_537, 200_000])),
        lambda: chance.randbytes(chance.choice([1, 50, 3_000])),
        lambda: b"",
    ]
    return chance.choice(makers)()


def damaged(chance: random.Random, sent: bytes) -> bytes:
    """With some bytes put elsewhere, left out, or turned into others."""
    place = chance.randrange(len(sent) + 1)
    noise = chance.randbytes(chance.choice([1, 4]))
    return chance.choice(
        [
            sent[:place],
            sent[:place] + noise + sent[place:],
            sent[:place] + noise + sent[place + len(noise) :],
            sent.replace(b"\r\n", b"\n"),
            b"\r\n" * 3 + sent,
        ]
    )
