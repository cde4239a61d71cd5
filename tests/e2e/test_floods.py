"""Floods: whatever many clients do at once, memory keeps its bound and good mail goes on.

Each flood comes from a hundred connections at a time, on and on for some seconds, while a good client sends mail.
"""

import contextlib
import pathlib
import re
import socket
import threading
import time

import pytest

from harness.certificates import make_certificate
from harness.mail import message, new_token
from harness.sluice import SANITIZED
from harness.waiting import PATIENCE, wait_until

ATTACKERS = 100
SECONDS = 4
# What one connection may make a worker keep: replies it does not read (32,000 octets), part of a command, the first
# 64 KiB of a message, addresses of its recipients, the buffers of TLS; and some slack of the allocator.
OCTETS_EACH = 200_000
SLACK = 8_000_000


class Attacker(threading.Thread):
    """Connects and does its worst, again and again, until told to stop. Counts what it got to send."""

    def __init__(self, port, source, assault, stop):
        super().__init__(daemon=True)
        self.port, self.source, self.assault, self.stop = port, source, assault, stop
        self.sent = 0

    def run(self):
        while not self.stop.is_set():
            with contextlib.suppress(OSError), socket.socket() as connection:
                connection.settimeout(0.3)
                connection.bind((self.source, 0))
                connection.connect(("127.0.0.1", self.port))
                self.connection = connection
                self.assault(self)

    def send(self, octets):
        self.connection.sendall(octets)
        self.sent += len(octets)

    def hear(self):
        """Takes what there is to be heard, if a slow lane lets anything through; False at the end."""
        try:
            return bool(self.connection.recv(65536))
        except TimeoutError:
            return True

    def greet(self):
        self.hear()
        self.send(b"EHLO flood.example\r\n")
        self.hear()

    def repeat(self, octets):
        """Until the connection breaks or all is over; what comes back is read."""
        while not self.stop.is_set():
            self.send(octets)
            if not self.hear():
                return

    def stare(self):
        """Says nothing more and reads nothing."""
        self.stop.wait(1.5)


def noops(attacker):
    attacker.greet()
    attacker.repeat(b"NOOP\r\n" * 500)


def resets(attacker):
    attacker.greet()
    attacker.repeat(b"RSET\r\n" * 500)


def recipients(attacker):
    attacker.greet()
    attacker.repeat(b"MAIL FROM:<s@example.org>\r\n" + b"RCPT TO:<alice@example.test>\r\n" * 2000)


def garbage(attacker):
    attacker.repeat(bytes(range(256)) * 64 + b"\r\n")


def endless_line(attacker):
    attacker.hear()
    attacker.send(b"EHLO ")
    for _ in range(50):
        attacker.send(b"x" * 10_000)
    attacker.stare()


def never_reading(attacker):
    """Its receive window closes, and the replies stay with us."""
    attacker.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    while not attacker.stop.is_set():
        attacker.send(b"HELP\r\n" * 1000)


def one_octet_segments(attacker):
    attacker.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for octet in b"EHLO flood.example\r\nMAIL FROM:<s@example.org>\r\n" * 20:
        attacker.send(bytes([octet]))


def half_of_everything(attacker):
    """Stops in the middle, at another state each time."""
    states = [b"", b"EHL", b"EHLO a\r\nMAIL FRO", b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<ali"]
    states += [states[-1] + b"ce@example.test>\r\nDATA\r\n" + part for part in (b"", b"half a li", b"x" * 60_000)]
    states += [states[3] + b"ce@example.test>\r\nBDAT 100000\r\n" + b"x" * 50_000]
    attacker.send(states[int(time.monotonic() * 100) % len(states)])
    attacker.stare()


def half_a_handshake(attacker):
    attacker.greet()
    attacker.send(b"STARTTLS\r\n")
    attacker.hear()
    # A ClientHello that says it will be 512 octets, and never is.
    attacker.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100)
    attacker.stare()


def in_and_out(attacker):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", attacker.port), 1, (attacker.source, 0)) as another:
            attacker.sent += 1
            another.recv(512)


def resetting(attacker):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", attacker.port), 1, (attacker.source, 0)) as another:
            another.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        attacker.sent += 1


FLOODS = [
    noops, resets, recipients, garbage, endless_line, never_reading, one_octet_segments, half_of_everything,
    half_a_handshake, in_and_out, resetting,
]  # fmt: skip


def own_memory(pid):
    """Octets of the process's own, not of any file."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Anonymous: +(\d+) kB", text, re.MULTILINE).group(1)) * 1024


def good_mail(sluice, postfix, source):
    """Seconds until it was taken."""
    began = time.monotonic()
    token = new_token()
    with sluice.connect(source=source) as client:
        client.greet()
        client.envelope()
        assert client.content(message(token)).code == 250
    took = time.monotonic() - began
    postfix.wait_message(token)
    return took


@contextlib.contextmanager
def flood(port, assault):
    """Attackers at work; yields them."""
    stop = threading.Event()
    attackers = [Attacker(port, f"127.0.101.{n + 1}", assault, stop) for n in range(ATTACKERS)]
    for attacker in attackers:
        attacker.start()
    try:
        yield attackers
    finally:
        stop.set()
        for attacker in attackers:
            attacker.join(10)


@pytest.mark.parametrize("lane", ["fast", "slow"])
@pytest.mark.parametrize("assault", FLOODS, ids=lambda flood: flood.__name__)
def test_flood(start_sluice, postfix, tmp_path, assault, lane):
    chain = make_certificate(tmp_path, "mx", "DNS:mx.example.test").chain
    sluice = start_sluice(
        postfix.private_port,
        config={
            "policy": {"networks": {lane: ["127.0.101.0/24"]}},
            "tls": {"chain_files": [chain], "handshakes_per_client_max": 0},
            "limits": {"command_timeout_s": 10},
        },
    )
    (worker,) = sluice.worker_pids()
    good_mail(sluice, postfix, "127.0.102.1")
    before, most, times = own_memory(worker), 0, []
    with flood(sluice.port, assault) as attackers:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            times.append(good_mail(sluice, postfix, "127.0.102.2"))
            most = max(most, own_memory(worker) - before)
    print(f"{assault.__name__}, {lane}: {most} octets at most, good mail {max(times):.3f} s at most of {len(times)}")
    assert sum(attacker.sent for attacker in attackers) > 0, "there was no flood"
    assert SANITIZED or most < ATTACKERS * OCTETS_EACH + SLACK
    assert max(times) < 5 * PATIENCE, times
    assert sluice.worker_pids() == [worker], "it has survived"
    wait_until(lambda: sessions_of_attackers(worker) == 0, "all sessions to end", 20)


def sessions_of_attackers(worker):
    """Sockets of the worker that are connected to 127.0.101.0/24."""
    inodes = set()
    for link in pathlib.Path(f"/proc/{worker}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    rows = [line.split() for line in pathlib.Path(f"/proc/{worker}/net/tcp").read_text().splitlines()[1:]]
    return sum(row[9] in inodes and row[2][2:8] == "65007F" for row in rows)


@pytest.mark.skipif(SANITIZED, reason="what is freed is not given back")
def test_memory_has_a_limit(start_sluice, postfix):
    """Messages that are begun and never ended: beyond limits.memory_octets_max there are no new ones, and no end."""
    limit = 64 << 20
    sluice = start_sluice(
        postfix.private_port,
        config={"limits": {"memory_octets_max": limit}, "policy": {"networks": {"fast": ["127.0.101.0/24"]}}},
    )
    (worker,) = sluice.worker_pids()
    begun = b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n" + b"x" * 60_000
    with contextlib.ExitStack() as connections:
        for number in range(1500):
            if "memory_tight" in sluice.log_text():
                break
            connection = connections.enter_context(socket.socket())
            connection.settimeout(5)
            connection.bind((f"127.0.101.{number % 200 + 1}", 0))
            connection.connect(("127.0.0.1", sluice.port))
            connection.sendall(begun)
        sluice.wait_record("memory_tight")
        assert own_memory(worker) < limit + 50_000_000  # what comes between two looks, a tenth of a second
    sluice.wait_record("memory_enough")
    good_mail(sluice, postfix, "127.0.102.3")
    assert sluice.worker_pids() == [worker]
