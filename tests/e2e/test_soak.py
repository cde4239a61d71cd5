"""Hours in minutes: what must hold after very much of everything. Only by `./dev soak`."""

import collections
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import pytest

from harness.client import Closed
from harness.mail import message, new_token, trace_of
from harness.operator import REMEMBERS, Operator
from harness.sluice import BINARY, merged
from harness.waiting import free_port, wait_for_port, wait_until

MINUTES = float(os.environ.get("SLUICE_SOAK_MINUTES", "10"))


def resident_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError("no RssAnon")


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


class Traffic:
    """Clients of every kind, at random, until told to stop. Counts what was accepted, per token."""

    def __init__(self, sluice):
        self.sluice = sluice
        self.over = threading.Event()
        self.accepted = []
        self.errors = []
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(8)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def _run(self, seed):
        dice = random.Random(seed)
        while not self.over.is_set():
            try:
                dice.choice([self.mail, self.mail, self.guess, self.leave, self.smuggle])(dice)
            except (Closed, ConnectionError):
                pass  # some of them provoke it
            except Exception as error:  # noqa: BLE001  # any other is a finding, reported by the test
                self.errors.append(repr(error))

    def connect(self, dice):
        return self.sluice.connect(source=f"127.1.{dice.randrange(200)}.{dice.randrange(1, 250)}")

    def mail(self, dice):
        token = new_token()
        with self.connect(dice) as client:
            client.greet()
            client.envelope(recipients=["user50@example.test"])
            reply = client.content(message(token, b"x" * dice.randrange(200_000) + b"\r\n"))
            assert reply.code == 250, reply
            self.accepted.append(token)
            client.quit()

    def guess(self, dice):
        with self.connect(dice) as client:
            client.greet()
            client.expect(250, "MAIL FROM:<>")
            for _ in range(dice.randrange(9)):
                client.expect(550, f"RCPT TO:<guess{dice.randrange(10**9)}@example.test>")

    def leave(self, dice):
        client = self.connect(dice)
        octets = b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<user50@example.test>\r\nDATA\r\nhalf a message\r\n"
        client.send(octets[: dice.randrange(len(octets))])
        time.sleep(dice.random() * 0.1)
        client.abort() if dice.random() < 0.5 else client.close()

    def smuggle(self, dice):
        with self.connect(dice) as client:
            client.greet()
            client.envelope(recipients=["user50@example.test"])
            client.expect(354, "DATA")
            client.send(b"x\n.\nMAIL FROM:<>\r\n.\r\n")
            client.expect(550)


@pytest.mark.soak
def test_mixed(start_sluice, postfix):
    """Nothing grows: memory and descriptors after the first minute are those at the end; no mail is lost or doubled."""
    sluice = start_sluice(postfix.private_port, config={"recipients": {"cache_max": 1000}})
    worker = sluice.worker_pids()[0]
    traffic = Traffic(sluice)
    time.sleep(60)
    memory, fds = resident_kb(worker), descriptors(worker)
    time.sleep(MINUTES * 60 - 60)
    traffic.stop()
    assert traffic.errors == []
    time.sleep(2)
    assert sluice.worker_pids() == [worker]
    assert resident_kb(worker) <= memory * 1.25 + 2048, f"{memory} kB after a minute, {resident_kb(worker)} at the end"
    assert descriptors(worker) <= fds + 20
    wait_until(lambda: len(postfix.messages("user50")) >= len(traffic.accepted), "all mail", timeout=120)
    mails = b"".join(postfix.messages("user50"))
    assert all(mails.count(f"Subject: {token}\n".encode()) == 1 for token in traffic.accepted)


class MortalMta:
    """`sluice sink` on one port and Maildir, however often it is killed."""

    def __init__(self, directory):
        self.maildir = directory / "Maildir"
        self.port = free_port()
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [BINARY, "sink", "--listen", f"127.0.0.1:{self.port}", "--maildir", self.maildir],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port, self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def messages(self):
        """Its messages by token; each only once, or it fails."""
        messages = {}
        for path in (self.maildir / "new").iterdir():
            content = path.read_bytes()
            token = content.partition(b"\nSubject: ")[2].partition(b"\n")[0].decode()
            assert token not in messages, f"{token} was delivered twice"
            messages[token] = content
        return messages


class Senders:
    """Clients that send one mail after another, each with a token of its own, and remember what was taken."""

    def __init__(self, sluice, count):
        self.sluice = sluice
        self.over = threading.Event()
        self.taken = {}  # token: what was sent
        self.failed = 0
        self.errors = []
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(count)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive(), "a client hangs"

    def _run(self, seed):
        dice = random.Random(seed)
        while not self.over.is_set():
            try:
                self.send(dice, f"127.2.{seed}.{dice.randrange(1, 250)}")
            except (Closed, OSError):
                self.failed += 1  # its worker was killed
            except Exception as error:  # noqa: BLE001  # any other is a finding, reported by the test
                self.errors.append(repr(error))

    def send(self, dice, source):
        token = new_token()
        sent = message(token, dice.randbytes(dice.randrange(40_000)).hex().encode() + b"\r\n")
        with self.sluice.connect(source=source, timeout=60) as client:
            client.greet()
            client.envelope()
            reply = client.content(sent)
            assert reply.code in (250, 451), reply
            if reply.code == 250:
                self.taken[token] = sent
            client.quit()


def kill_one(dice, sluice, mta):
    """Kills a worker, the store or the MTA; says which."""
    workers, store = sluice.worker_pids(), sluice.store_pid()
    victim = dice.choice(["worker", "store", "mta"])
    # One is left alive: those that die often are started again ever later, and there would be no load.
    if victim == "worker" and len(workers) > 1:
        os.kill(dice.choice(workers), signal.SIGKILL)
        return victim
    if victim == "store" and store:
        os.kill(store, signal.SIGKILL)
        return victim
    mta.kill()
    mta.start()
    return "mta"


@pytest.mark.soak
def test_kill(start_sluice, tmp_path):
    """A worker, the store or the MTA dies every second: what was acknowledged is there once, octet for octet."""
    mta = MortalMta(tmp_path)
    config = merged(REMEMBERS, {"workers": 4, "relay": {"pool": {"outage_wait_max_s": 10}}})
    sluice = start_sluice(mta.port, config=config)
    operator = Operator(sluice)
    operator("block", "198.51.100.0/24", "--why", "to be remembered")
    supervisor = sluice.process.pid
    memory, fds = resident_kb(supervisor), descriptors(supervisor)
    senders = Senders(sluice, 8)
    dice = random.Random(os.getpid())
    kills = collections.Counter()
    end = time.monotonic() + MINUTES * 60
    while time.monotonic() < end:
        time.sleep(1)
        kills[kill_one(dice, sluice, mta)] += 1
    wait_until(lambda: len(sluice.worker_pids()) == 4, "every worker to be back", timeout=60)
    wait_until(sluice.store_pid, "the store to be back", timeout=60)
    assert "to be remembered" in wait_until(lambda: operator("acts"), "what was said before")
    recovered = len(senders.taken) + 50
    wait_until(lambda: len(senders.taken) >= recovered, "mail to flow again", timeout=60)
    senders.stop()
    print(f"{dict(kills)}, {len(senders.taken)} mails taken, {senders.failed} connections lost with their worker")
    assert senders.errors == []
    assert resident_kb(supervisor) <= memory * 1.25 + 2048
    assert descriptors(supervisor) <= fds + 4
    assert all(descriptors(pid) <= 100 for pid in sluice.worker_pids())
    stored = mta.messages()
    for token, sent in senders.taken.items():
        trace_of(stored[token], sent)
    sluice.stop()
    mta.kill()
