"""A worker that dies is replaced and costs nobody else anything; SIGTERM drains."""

import contextlib
import os
import signal
import socket
import subprocess
import time

import pytest

from harness.client import Client, Closed
from harness.mail import dotted, message, new_token
from harness.scripted_mta import ScriptedMta, Wait
from harness.sluice import BINARY, run_sluice
from harness.waiting import PATIENCE, free_port, wait_for_port, wait_until


def test_a_worker_is_killed(start_sluice, postfix):
    """Its sessions are over; those of the other worker go on, and a new worker takes its seat."""
    sluice = start_sluice(postfix.private_port, config={"workers": 2})
    clients = [sluice.connect(source=f"127.0.91.{n + 1}") for n in range(20)]
    for client in clients:
        client.greet()
    victim, survivor = sluice.worker_pids()
    os.kill(victim, signal.SIGKILL)
    died = sluice.wait_record("worker_died", pid=victim)
    assert died["signal"] == signal.SIGKILL
    alive = 0
    for client in clients:
        try:
            client.expect(250, "NOOP")
            alive += 1
        except (Closed, ConnectionError):
            pass
    assert 0 < alive < 20, f"{alive} of 20 sessions lived on (each worker had some)"
    wait_until(lambda: len(sluice.worker_pids()) == 2, "the replacement")
    assert survivor in sluice.worker_pids() and victim not in sluice.worker_pids()
    for n in range(20):
        with sluice.connect(source=f"127.0.92.{n + 1}") as client:
            client.greet()
            client.quit()
    for client in clients:
        client.close()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_worker_crashes_in_the_middle_of_a_mail(start_sluice, postfix, number):
    """Not accepted, not delivered, and the next try goes through."""
    sluice = start_sluice(postfix.private_port)
    token = new_token()
    client = sluice.connect()
    client.greet()
    client.envelope()
    client.expect(354, "DATA")
    client.send(dotted(message(token))[:50])
    os.kill(sluice.worker_pids()[0], number)
    with pytest.raises((Closed, ConnectionError)):
        client.read_reply()
    sluice.wait_record("worker_died")

    def delivered():
        try:
            with sluice.connect() as again:
                again.greet()
                again.envelope()
                return again.content(message(token)).code == 250
        except (Closed, OSError):
            return False

    wait_until(delivered, "the next try")
    postfix.wait_message(token)


def test_a_worker_that_keeps_dying_is_restarted_ever_later(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port)
    for deaths in range(1, 4):
        pid = wait_until(lambda: sluice.worker_pids(), "a worker")[0]
        os.kill(pid, signal.SIGKILL)
        died = sluice.wait_records("worker_died", deaths)
    pauses = [record["restart_in_ms"] for record in died]
    assert pauses == sorted(pauses) and pauses[0] <= 200 < pauses[2]
    sluice.wait_record("worker_crash_loop")
    wait_until(lambda: sluice.worker_pids(), "the last replacement", timeout=15)


def test_the_number_of_workers(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config={"workers": 3})
    assert len(sluice.worker_pids()) == 3
    assert {record["worker"] for record in sluice.wait_records("worker_started", 3)} == {0, 1, 2}


def test_workers_share_the_load(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config={"workers": 2})
    for n in range(40):
        with sluice.connect(source=f"127.0.93.{n + 1}") as client:
            client.greet()
            client.quit()
    instances = {record["session"].split(".")[0] for record in sluice.wait_records("session", 40)}
    assert len(instances) == 2


def test_sigterm_drains(start_sluice, postfix):
    """Idle clients are told, nobody new is let in, a transaction under way finishes, exit status 0."""
    sluice = start_sluice(postfix.private_port)
    token = new_token()
    idle, busy = sluice.connect(source="127.0.94.1"), sluice.connect(source="127.0.94.2")
    idle.greet()
    busy.greet()
    busy.envelope()
    busy.expect(354, "DATA")
    octets = dotted(message(token))
    busy.send(octets[:60])
    sluice.terminate()

    reply = idle.read_reply()
    assert (reply.code, reply.enhanced) == (421, "4.3.2")
    assert idle.at_end()
    with pytest.raises((ConnectionError, Closed)):
        with sluice.connect(source="127.0.94.3") as late:
            late.greet()
    time.sleep(0.5)  # it does not end by itself
    assert sluice.process.poll() is None, "the transaction is not over"
    busy.send(octets[60:])
    assert busy.read_reply().code == 250
    reply = busy.read_reply()
    assert (reply.code, reply.enhanced) == (421, "4.3.2")
    assert sluice.process.wait(10 * PATIENCE) == 0
    postfix.wait_message(token)
    (record,) = sluice.records_after_stop("session", client="127.0.94.1")
    assert record["outcome"] == "shutdown"


def test_a_drain_waits_for_the_mta(start_sluice):
    with ScriptedMta(dot=lambda *_: Wait(1.5)) as mta:
        sluice = start_sluice(mta.port)
        with sluice.connect() as client:
            client.greet()
            client.envelope()
            client.expect(354, "DATA")
            client.send(dotted(message("drained")))
            mta.wait_reached("dot")
            sluice.terminate()
            assert client.read_reply().code == 250
        assert sluice.process.wait(10 * PATIENCE) == 0
        assert len(mta.taken) == 1


def test_a_drain_ends(start_sluice, postfix):
    """A client that never finishes holds nothing up beyond the bound, and its mail is not half delivered."""
    sluice = start_sluice(postfix.private_port, config={"limits": {"drain_max_s": 1}})
    token = new_token()
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        client.expect(354, "DATA")
        client.send(dotted(message(token))[:-3])
        began = time.monotonic()
        sluice.terminate()
        assert sluice.process.wait(10 * PATIENCE) == 0
        assert 0.8 < time.monotonic() - began < 5 * PATIENCE
    assert postfix.count_messages(token) == 0


def test_a_slow_session_is_drained_too(start_sluice, postfix):
    config = {"policy": {"default_lane": "slow"}, "limits": {"drain_max_s": 1}}
    sluice = start_sluice(postfix.private_port, config=config)
    with sluice.connect() as client:
        client.send(b"EHLO bot.example.org\r\n")
        time.sleep(0.3)  # in the middle of its greeting
        began = time.monotonic()
        sluice.terminate()
        assert sluice.process.wait(10 * PATIENCE) == 0
        assert time.monotonic() - began < 5 * PATIENCE


def test_sigint_twice_is_at_once(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port)
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        sluice.process.send_signal(signal.SIGINT)
        sluice.wait_record("draining")
        sluice.process.send_signal(signal.SIGINT)
        sluice.process.wait(5 * PATIENCE)


def test_the_supervisor_is_killed(start_sluice, postfix):
    """Its workers do not stay behind: the port is free again for the next one."""
    sluice = start_sluice(postfix.private_port)
    worker = sluice.worker_pids()[0]
    sluice.process.kill()
    sluice.process.wait()
    wait_until(lambda: not os.path.exists(f"/proc/{worker}") or is_zombie(worker), "the worker to end")
    sluice.start()
    with sluice.connect() as client:
        client.greet()


def is_zombie(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "Z"


def test_a_port_in_use(postfix):
    done = run_sluice("run", "--listen", f"127.0.0.1:{postfix.port}", "--relay", f"127.0.0.1:{postfix.private_port}")
    assert done.returncode == 1
    assert f"127.0.0.1:{postfix.port}" in done.stderr and "in use" in done.stderr


def test_no_file_safe_defaults(tmp_path):
    """`sluice run` alone: 127.0.0.1:2525 in front of 127.0.0.1:2526, a worker a core, nothing written anywhere."""
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", 2525)):
        pytest.skip("somebody uses port 2525 (./dev run?)")
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([BINARY, "run"], cwd=tmp_path, stdout=log, stderr=log)
    try:
        wait_for_port(2525, process)
        with Client(2525) as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            assert 400 <= client.command("RCPT TO:<alice@example.test>").code < 500, "no MTA there"
            client.quit()
    finally:
        process.terminate()
        assert process.wait(20 * PATIENCE) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_flags_override_the_file(start_sluice, postfix, tmp_path):
    port = free_port()
    state = tmp_path / "elsewhere"
    arguments = [
        "--listen", f"127.0.0.1:{port}", "--relay", f"127.0.0.1:{postfix.private_port}",
        "--workers", "2", "--state-dir", str(state),
    ]  # fmt: skip
    sluice = start_sluice(1, config={"workers": 1}, arguments=arguments)
    wait_until(lambda: len(sluice.worker_pids()) == 2, "two workers")
    assert state.is_dir()
    token = new_token()
    with Client(port) as client:
        client.greet()
        client.envelope()
        assert client.content(message(token)).code == 250
    postfix.wait_message(token)
    with pytest.raises(ConnectionRefusedError):
        sluice.connect()
