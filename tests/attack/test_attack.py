"""Both targets under requests that nobody should send: no fault, no hang, no difference."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from tests.attack.hostile import both_targets, requests
from tests.conftest import Show
from tests.wire import exchange, statuses
from twinserve.config.card import Card, load_card
from twinserve.inference.logs import MOST_LINE_BYTES

SEED = 14
# What says who answered and when, and what depends on when the client's end has been seen.
OWN = re.compile(
    rb"^(?:date|x-request-id|x-instance|server-timing|connection): [^\r\n]*\r\n|"
    rb'(?<="request_id": )"[^"]*"|(?<=\(request_id )[^)]*',
    re.MULTILINE,
)
FINAL, SERVER_ERROR = 200, 500


@dataclass
class Found:
    """What came of an attack."""

    requests: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    hangs: list[bytes] = field(default_factory=list)
    differences: list[tuple[bytes, ...]] = field(default_factory=list)
    malformed: list[bytes] = field(default_factory=list)

    @property
    def server_errors(self) -> int:
        """Answers of 5xx."""
        return sum(count for status, count in self.answers.items() if status >= SERVER_ERROR)

    def table(self) -> str:
        """What is printed."""
        answers = ", ".join(f"{status}: {count}" for status, count in sorted(self.answers.items()))
        return (
            f"| requests to each target | {self.requests} |\n| --- | --- |\n"
            f"| 5xx | {self.server_errors} |\n| hangs | {len(self.hangs)} |\n"
            f"| differences | {len(self.differences)} |\n"
            f"| malformed lines of log | {len(self.malformed)} |\n| answers of both | {answers} |"
        )


def comparable(received: bytes) -> bytes:
    """Answers without what is each target's own."""
    return OWN.sub(b"", received)


def logged(output: IO[bytes], findings: Found) -> list[tuple[object, ...]]:
    """What the log says of each request; lines that it should not hold are noted."""
    output.seek(0)
    told: list[tuple[object, ...]] = []
    for line in output:
        try:
            event = json.loads(line)
            if "httpRequest" in event:
                http = event["httpRequest"]
                told.append((http["requestMethod"], http["requestUrl"], http["status"]))
        except (ValueError, KeyError):
            findings.malformed.append(line)
        if len(line) > MOST_LINE_BYTES or not line.endswith(b"\n"):
            findings.malformed.append(line)
    return told


def attack(dist: Path, seed: int, count: int, card: Card) -> Found:
    """Send the same requests to both targets, and compare what comes and what is logged."""
    findings = Found()
    with both_targets(dist) as (ports, outputs):
        for sent in requests(seed, count, card):
            findings.requests += 1
            try:
                received = [exchange(port, sent) for port in ports]
            except TimeoutError:
                findings.hangs.append(sent)
                continue
            for answer in received:
                findings.answers.update(statuses(answer))
            if len(set(map(comparable, received))) > 1:
                findings.differences.append((sent, *received))
        lines = [logged(output, findings)[1:] for output in outputs]
    findings.differences += [
        tuple(repr(line).encode() for line in pair)
        for pair in zip(*lines, strict=False)
        if len(set(pair)) > 1
    ]
    final = sum(count for status, count in findings.answers.items() if status >= FINAL)
    assert len(lines[0]) == len(lines[1]) >= final // 2
    return findings


def hold(dist: Path, show: Show, seed: int, count: int) -> None:
    """Nothing may be found, and enough must have been reached for that to mean something."""
    findings = attack(dist, seed, count, load_card(dist / "service" / "model.json"))
    show(f"attack-{count}", findings.table())
    assert findings.server_errors == 0
    assert findings.hangs == []
    assert findings.differences == []
    assert findings.malformed == []
    assert set(findings.answers) >= {200, 204, 400, 404, 405, 413, 415, 422, 431}


def test_attack_finds_nothing(dist: Path, show: Show) -> None:
    """The first few hundred, at every change."""
    hold(dist, show, SEED, 600)


@pytest.mark.nightly
def test_long_attack_finds_nothing(dist: Path, show: Show) -> None:
    """Ten thousand, each night."""
    hold(dist, show, SEED + 1, 10_000)
