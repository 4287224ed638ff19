"""Cold samples: what proves one, and what is thrown away."""

import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.measure.fakes import BODY, fake_target, raw_peer, unused_port, wait_for_port
from tests.tools import wait_until
from twinserve.config.errors import UserError
from twinserve.measure.cold.proof import Part, Rejection
from twinserve.measure.cold.starts import ColdSample, classify_start, first_exchange
from twinserve.measure.http.client import post
from twinserve.measure.http.load import fixed_rate
from twinserve.targets.protocol import Endpoint


def test_a_fresh_process_gives_a_sample() -> None:
    """Its first answer proves the start cold, and all of it is accounted for."""
    with fake_target().start() as endpoint:
        sample = classify_start(endpoint, first_exchange(endpoint, BODY), set())
    assert isinstance(sample, ColdSample)
    assert 0 < sample.connected_ms < sample.total_ms
    names = [part.name for part in sample.parts]
    assert names == ["platform", "interpreter", "imports", "predict", "network", "rest"]
    assert {Part("imports", 20.5), Part("predict", 0.041)} < set(sample.parts)
    assert sum(part.ms for part in sample.parts) == pytest.approx(sample.total_ms)


def test_whole_request_is_on_the_clients_clock() -> None:
    """From the demand to the last byte nothing is left out, where the request is the demand."""
    with fake_target().start() as started:
        wait_for_port(started)
        exchange = first_exchange(replace(started, pid=None), BODY)
    client = exchange.client
    seen = client.look_up_ms + client.connect_ms + client.secure_ms
    seen += client.first_byte_ms + client.last_byte_ms
    assert seen == pytest.approx((exchange.received_ns - exchange.tried_ns) / 1e6)
    assert client.connect_ms > 0
    assert client.first_byte_ms > 0


def test_next_address_is_tried_where_the_first_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host may have an address that leads nowhere from here."""
    look_up = socket.getaddrinfo
    dead, alive = (look_up(host, 1)[0] for host in ("127.255.255.255", "127.0.0.1"))

    def both(host: str, *arguments: int, **options: int) -> Sequence[object]:
        return [dead, alive] if host == "twins" else look_up(host, *arguments, **options)

    with fake_target().start() as endpoint:
        monkeypatch.setattr(socket, "getaddrinfo", both)
        named = replace(endpoint, url=endpoint.url.replace("127.0.0.1", "twins"))
        assert isinstance(classify_start(named, first_exchange(named, BODY), set()), ColdSample)


@pytest.mark.parametrize("pid_is_known", [True, False])
def test_a_server_that_was_already_running_is_not_cold(*, pid_is_known: bool) -> None:
    """Started, left waiting, then asked for the first time: the answer gives it away."""
    with fake_target().start() as started:
        wait_for_port(started)
        answers_since = time.monotonic_ns()
        # Asked for anew only when it is older than the doubt of one tick and the request together.
        wait_until(lambda: time.monotonic_ns() - answers_since > 300_000_000)
        endpoint = replace(
            started, spawned_ns=time.monotonic_ns(), pid=started.pid if pid_is_known else None
        )
        exchange = first_exchange(endpoint, BODY)
    assert classify_start(endpoint, exchange, set()) is Rejection.TOO_OLD


@pytest.mark.parametrize(
    ("mode", "rejection"),
    [
        ("fails", Rejection.NOT_200),
        ("anonymous", Rejection.ANONYMOUS),
        ("second", Rejection.NOT_FIRST),
        ("same instance", Rejection.SEEN),
        ("dies", Rejection.NO_ANSWER),
    ],
)
def test_an_answer_that_proves_nothing_is_rejected(mode: str, rejection: Rejection) -> None:
    """Each with its reason."""
    with fake_target(mode).start() as endpoint:
        exchange = first_exchange(endpoint, BODY)
    assert classify_start(endpoint, exchange, {"fixed"}) is rejection


def test_a_second_request_is_not_cold() -> None:
    """The same instance again, even asked over a new connection."""
    with fake_target().start() as endpoint:
        first = classify_start(endpoint, first_exchange(endpoint, BODY), set())
        second = classify_start(endpoint, first_exchange(endpoint, BODY), set())
    assert isinstance(first, ColdSample)
    assert second is Rejection.NOT_FIRST


def test_an_answer_in_another_protocol_is_no_answer() -> None:
    """It is discarded like a connection that was closed."""
    with raw_peer(b"SSH-2.0\r\n\r\n") as port:
        endpoint = Endpoint("peer", f"http://127.0.0.1:{port}", time.monotonic_ns())
        assert first_exchange(endpoint, BODY).answer is None


def test_a_process_that_ends_is_told_at_once() -> None:
    """Nobody waits for a port that will never open; the process's last line is the reason."""
    target = replace(fake_target(), command=("/bin/sh", "-c", "echo no model here; exit 3"))
    with (
        target.start() as endpoint,
        pytest.raises(UserError, match="exit code 3: no model here"),
    ):
        first_exchange(endpoint, BODY)


def test_a_port_that_never_opens_is_an_error_at_the_limit() -> None:
    """The message says where, and that there was no connection."""
    endpoint = Endpoint("service", f"http://127.0.0.1:{unused_port()}", time.monotonic_ns())
    with pytest.raises(UserError, match=r"service at .*: no connection"):
        first_exchange(endpoint, BODY, limit_s=0.05)


def test_an_answer_that_never_comes_is_an_error_at_the_limit() -> None:
    """A connection alone is no answer."""
    with fake_target("hangs").start() as endpoint:
        wait_for_port(endpoint)
        with pytest.raises(UserError, match="connected, but no answer"):
            first_exchange(endpoint, BODY, limit_s=0.2)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file, that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(IPv4Address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path / "certificate.pem"
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


def test_https_is_asked_with_the_certificate_checked(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trusted certificate gives a sample, and one that nobody vouches for no answer."""
    target = fake_target()
    target = replace(target, environment={"CERTIFICATE": str(certificate)})
    with target.start() as started:
        wait_for_port(started)
        endpoint = replace(started, url=started.url.replace("http:", "https:"))
        refused = first_exchange(endpoint, BODY)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        sample = classify_start(endpoint, first_exchange(endpoint, BODY), set())
        call = post(endpoint.predict_url, BODY)
        arrivals = fixed_rate(call, requests=10, rate=100, warm_up=0)
    assert refused.answer is None
    assert isinstance(sample, ColdSample)
    assert (len(arrivals.latencies_ms), arrivals.errors) == (10, 0)
