"""The kernel's queues before the listening sockets, full: good mail passes, then and afterwards.

Half-open connections are the kernel's: they cost Sluice nothing, and when they are too many it does without them (SYN
cookies). Complete ones wait to be accepted, so many that whoever comes next has to try again.
"""

import contextlib
import functools
import os
import pathlib
import resource
import signal
import socket
import threading
import time

import pytest

from harness import namespace
from harness.mail import message, new_token
from harness.postfix import Postfix, another_listener
from harness.sluice import BINARY
from harness.waiting import PATIENCE, free_port, wait_until

HALF_OPEN_MAX = 64
SECONDS = 4


@pytest.fixture(scope="module")
def postfix():
    """It listens on a Unix-domain socket: that is in reach from a network namespace that knows no other."""
    port = free_port()
    listener = another_listener(port).replace(f"127.0.0.1:{port}  inet", "sluice unix")
    with Postfix(listeners=listener) as mta:
        mta.socket = mta.directory / "queue/public/sluice"
        yield mta


@pytest.fixture
def start(start_sluice, postfix, open_directory):
    """Starts a Sluice whose workers may connect to that socket."""
    config = {"user": "postfix", "state_dir": str(open_directory / "state")}
    return functools.partial(start_sluice, {"address": f"unix:{postfix.socket}"}, config=config)


def good_mail(connect, postfix):
    """Seconds until it was taken."""
    began = time.monotonic()
    token = new_token()
    with connect() as client:
        client.greet()
        client.envelope()
        assert client.content(message(token)).code == 250
    took = time.monotonic() - began
    postfix.wait_message(token)
    return took


@pytest.fixture
def descriptors():
    """As many as we may have."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def accept_queue(port):
    """How many connections wait at the listener on a port to be accepted."""
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[4].split(":")[1], 16) for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}"))


def half_open(network):
    return sum(line.split()[3] == "03" for line in network.run("cat", "/proc/net/tcp").splitlines()[1:])


@pytest.mark.skipif(not namespace.possible(), reason="needs a network namespace and raw sockets")
def test_syn_backlog_full(start, postfix):
    """Ever new SYNs that nobody completes, many times what the backlog takes."""
    limits = {"core.somaxconn": HALF_OPEN_MAX, "ipv4.tcp_max_syn_backlog": HALF_OPEN_MAX}
    with namespace.Namespace(**limits) as network:
        sluice = start(command=network.command(BINARY))

        def connect():
            with network.entered():
                return sluice.connect()

        (worker,) = sluice.worker_pids()
        good_mail(connect, postfix)
        before = network.counters()
        with network.entered():
            opener = namespace.HalfOpener(sluice.port)
        times, sent, until = [], 0, time.monotonic() + SECONDS
        with opener:
            while time.monotonic() < until:
                opener.send(4 * HALF_OPEN_MAX)
                sent += 4 * HALF_OPEN_MAX
                assert half_open(network) >= HALF_OPEN_MAX, "the backlog is full"
                times.append(good_mail(connect, postfix))
        after = network.counters()
        cookies = after["TCPReqQFullDoCookies"] - before["TCPReqQFullDoCookies"]
        print(f"{sent} SYNs, {cookies} answered by a cookie; good mail {max(times):.3f} s at most of {len(times)}")
        assert cookies > sent // 2
        assert max(times) < 2 * PATIENCE
        assert good_mail(connect, postfix) < 2 * PATIENCE
        assert sluice.worker_pids() == [worker]
        sluice.stop()  # before its network is gone


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def fill_queue(port, connections):
    """Connects until nobody more gets in; the connections stay open."""
    for number in range(20_000):
        connection = connections.enter_context(socket.socket())
        connection.settimeout(0.5)
        connection.bind((f"127.0.103.{number % 250 + 1}", 0))
        try:
            connection.connect(("127.0.0.1", port))
        except TimeoutError:
            return
        yield connection
    raise AssertionError("the queue has no end")


def test_accept_queue_full(start, postfix, descriptors):
    """A worker that cannot accept for a while, as when its machine stands still."""
    sluice = start()
    (worker,) = sluice.worker_pids()
    times = []

    def come():
        times.append(good_mail(lambda: sluice.connect(source="127.0.102.1"), postfix))

    with contextlib.ExitStack() as connections:
        with stopped(worker):
            waiting = list(fill_queue(sluice.port, connections))
            assert accept_queue(sluice.port) >= len(waiting)
            good = [threading.Thread(target=come) for _ in range(3)]
            for client in good:
                client.start()
            time.sleep(1.5)  # they have tried twice
        went_on = time.monotonic()
        for client in good:
            client.join(60)
        took = time.monotonic() - went_on
        print(f"{len(waiting)} connections waited; good mail {max(times):.3f} s at most, all {took:.3f} s after")
        assert len(times) == len(good)
        # The kernel sends a SYN again after 1, 3 and 7 s.
        assert took < 5 * PATIENCE
        for connection in waiting:
            connection.settimeout(30 * PATIENCE)
            assert connection.recv(4) == b"220 ", "who waited is greeted"
        assert good_mail(lambda: sluice.connect(source="127.0.102.2"), postfix) < 2 * PATIENCE
    assert sluice.worker_pids() == [worker]
    wait_until(lambda: accept_queue(sluice.port) == 0, "an empty queue")
