"""The ground that other tests stand on: waits that wait, and ports and a network that are a test process's own."""

import collections
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

import pytest

from harness import namespace, ports, waiting
from harness.postfix import without_overridden
from harness.sluice import Sluice
from harness.waiting import free_port, wait_until

HERE = pathlib.Path(__file__).resolve().parent
own_network = pytest.mark.skipif(not namespace.is_own(), reason="no network namespace is to be had")


@pytest.fixture
def impatient(monkeypatch):
    """Waits that give up as soon as they may."""
    monkeypatch.setattr(waiting, "PATIENCE", 1)
    monkeypatch.setattr(waiting, "LENIENCE", 1)


@pytest.fixture
def ended(tmp_path):
    """A Sluice that has run and ended, and whose log a test writes."""
    sluice = Sluice(tmp_path, [1])
    sluice.process = subprocess.Popen(["true"])
    sluice.process.wait()
    return sluice


def write(sluice, event, **fields):
    with open(sluice.directory / "log", "a", encoding="utf-8") as log:
        log.write(json.dumps({"event": event, **fields}) + "\n")


# ---- the log -------------------------------------------------------------------------------------------------


def test_what_comes_late_is_waited_for(ended):
    for number, delay in enumerate((0.2, 0.4), 1):
        threading.Timer(delay, write, (ended, "session"), {"client": "127.0.0.1", "number": number}).start()
    write(ended, "session", client="127.0.0.2")
    assert ended.wait_record("session", client="127.0.0.1")["number"] == 1
    assert [record["number"] for record in ended.wait_records("session", 2, client="127.0.0.1")] == [1, 2]
    assert len(ended.records_after_stop("session")) == 3


def test_what_does_not_come_is_told_with_the_log(ended, impatient):
    write(ended, "session", client="127.0.0.2")
    with pytest.raises(AssertionError, match="2 times session") as failure:
        ended.wait_records("session", 2, timeout=0.1)
    assert "127.0.0.2" in str(failure.value)


def test_a_line_that_is_half_written_is_not_there_yet(ended, impatient):
    (ended.directory / "log").write_text('{"event": "sess')
    with pytest.raises(AssertionError):
        ended.wait_record("session", timeout=0.1)


def test_that_nothing_comes_cannot_be_waited_for(ended):
    with pytest.raises(AssertionError, match="stopped"):
        ended.wait_records("session", 0)


def test_what_is_not_there_is_known_after_the_end(start_sluice, postfix):
    """Lines that are still on their way when it is asked."""
    sluice = start_sluice(postfix.private_port)
    with sluice.connect(source="127.0.150.1") as client:
        client.greet()
        client.quit()
    assert len(sluice.records_after_stop("session", client="127.0.150.1")) == 1
    assert sluice.process.returncode == 0


def test_postfixs_log_is_whole(postfix):
    """Each connection is in it that has been greeted before it is asked for."""
    for number in range(20):
        with socket.create_connection(("127.0.0.1", postfix.port), 30, (f"127.0.151.{number + 1}", 0)) as client:
            assert client.recv(4) == b"220 "
        assert f"[127.0.151.{number + 1}]" in postfix.log()


def test_a_wait_ends_with_what_was_missing(impatient):
    began = time.monotonic()
    with pytest.raises(AssertionError, match="the moon"):
        wait_until(lambda: False, "the moon", timeout=0.2)
    assert time.monotonic() - began >= 0.2


# ---- ports and the network -----------------------------------------------------------------------------------


def test_a_port_is_handed_out_once():
    found = [free_port(address) for _ in range(50) for address in ("127.0.0.1", "::1")]
    assert len(set(found)) == len(found)
    assert all(ports.FIRST <= port < ports.below_ephemeral() for port in found)


def test_a_port_in_use_is_left_out():
    at = free_port()
    with socket.create_server(("127.0.0.1", at + 1)), socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", at + 2))
        assert free_port() == at + 3


PRINT_PORTS = """
import sys
sys.path.insert(0, sys.argv[1])
from harness import ports
print(*(ports.free_port() for _ in range(250)), flush=True)
sys.stdin.read()
"""


def test_processes_without_a_network_of_their_own_share_out_the_ports():
    """Each keeps its blocks for as long as it lives."""
    processes = [
        subprocess.Popen([sys.executable, "-B", "-c", PRINT_PORTS, HERE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    counts = collections.Counter(port for process in processes for port in process.stdout.readline().split())
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert len(counts) == 4 * 250 and set(counts.values()) == {1}


@own_network
def test_the_network_is_our_own():
    """A loopback and nothing else; the machine's is in reach of what asks for it."""
    assert [name for _, name in socket.if_nameindex()] == ["lo"]
    with pytest.raises(OSError):
        socket.create_connection(("192.0.2.1", 53), timeout=5)
    ours = os.readlink("/proc/thread-self/ns/net")
    with namespace.machines():
        assert os.readlink("/proc/thread-self/ns/net") != ours
    assert os.readlink("/proc/thread-self/ns/net") == ours


@own_network
def test_what_is_started_is_in_our_network():
    ours = os.readlink("/proc/thread-self/ns/net")
    seen = []
    thread = threading.Thread(target=lambda: seen.append(os.readlink("/proc/thread-self/ns/net")))
    thread.start()
    thread.join()
    started = subprocess.run(["readlink", "/proc/self/ns/net"], capture_output=True, text=True, check=True).stdout.strip()
    assert seen == [ours] and started == ours


def test_a_setting_of_postfix_is_said_once():
    main_cf = "\na = 1\n# a, too\nbc = 2\nb =\n"
    assert without_overridden(main_cf, "\nb = 3\na =\nd = a = 4\n") == "\n# a, too\nbc = 2\n"
    assert without_overridden(main_cf, "") == main_cf
