"""`sluice upgrade`: a new binary takes over, and no client notices."""

import contextlib
import os
import pathlib
import shutil
import signal
import time

import pytest

from harness.certificates import make_certificate
from harness.client import Client
from harness.load import Load
from harness.mail import dotted, message, new_token
from harness.operator import Operator
from harness.sluice import BINARY, workers_of
from harness.waiting import PATIENCE, free_port, wait_until

RATE = round(500 / PATIENCE)


class Upgradable:
    """A Sluice that runs from a file of its own, and the supervisors that came after the first."""

    def __init__(self, sluice, binary):
        self.sluice = sluice
        self.binary = binary
        self.pids = [sluice.process.pid]

    def replace_binary(self, path):
        """As a package manager does: a new file takes the name."""
        fresh = self.binary.with_suffix(".new")
        shutil.copy(path, fresh)
        fresh.chmod(0o755)
        fresh.rename(self.binary)

    def upgrade(self):
        done = self.sluice.ask("upgrade")
        assert done.returncode == 0, f"{done.stderr}\n{self.sluice.log_text()}"
        times = len(self.pids)
        self.pids.append(self.sluice.wait_records("upgraded", times)[times - 1]["pid"])

    def stop(self):
        """The one that serves; each takes its predecessors along."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pids[-1], signal.SIGTERM)
        assert self.sluice.process.wait(40 * PATIENCE) == 0
        wait_until(lambda: not any(alive(pid) for pid in self.pids), "all supervisors to end", timeout=40)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def start_upgradable(start_sluice, postfix, tmp_path):
    started = []

    def start(**options):
        binary = tmp_path / "sluice"
        shutil.copy(BINARY, binary)
        started.append(Upgradable(start_sluice(postfix.private_port, command=[binary], **options), binary))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def test_no_connection_is_refused_or_cut(start_upgradable):
    """500 new sessions a second while three supervisors follow one another."""
    upgradable = start_upgradable(config={"workers": 2})
    seconds = round(8 + 2 * PATIENCE)
    with Load(upgradable.sluice.port, RATE, seconds) as load:
        for _ in range(3):
            time.sleep(2)
            upgradable.replace_binary(BINARY)
            upgradable.upgrade()
        assert load.running()
        result = load.result()
    assert result["failures"] == {}, result
    assert result["units"] >= RATE * (seconds - 1), result
    assert len(set(upgradable.pids)) == 4
    wait_until(lambda: not any(alive(pid) for pid in upgradable.pids[:-1]), "the old ones to end", timeout=20)
    assert alive(upgradable.pids[-1])


def test_a_session_goes_on_with_the_old_one(start_upgradable, postfix):
    upgradable = start_upgradable()
    sluice = upgradable.sluice
    token = new_token()
    with sluice.connect(source="127.0.105.1") as early:
        early.greet()
        early.envelope()
        early.expect(354, "DATA")
        octets = dotted(message(token))
        early.send(octets[:50])
        old_worker = sluice.worker_pids()[0]
        upgradable.upgrade()
        with sluice.connect(source="127.0.105.2") as late:
            late.greet()
            late.quit()
        assert alive(upgradable.pids[0]) and alive(old_worker)
        early.send(octets[50:])
        early.expect(250)
        early.quit()
    wait_until(lambda: not alive(upgradable.pids[0]), "the old one to end")
    postfix.wait_message(token)
    assert not alive(old_worker)


def test_counters_begin_anew(start_upgradable):
    """As Prometheus allows; the new supervisor is who is asked."""
    upgradable = start_upgradable()
    operator = Operator(upgradable.sluice)

    def visit(number):
        with upgradable.sluice.connect(source=f"127.0.143.{number}") as client:
            client.greet()
            client.quit()
        upgradable.sluice.wait_record("session", client=f"127.0.143.{number}")

    visit(1)
    quits = 'sluice_sessions_total{lane="fast",outcome="quit"}'
    assert operator.metrics()[quits] == 1
    upgradable.upgrade()
    assert operator.metrics()[quits] == 0
    visit(2)
    assert operator.metrics()[quits] == 1


def test_the_new_one_reads_the_configuration(start_upgradable):
    upgradable = start_upgradable()
    sluice = upgradable.sluice
    sluice.write_config({"smtp": {"hostname": "new.example.test"}, "workers": 2})
    upgradable.upgrade()
    with sluice.connect() as client:
        assert client.expect(220).text.startswith("new.example.test")
    assert len(workers_of(upgradable.pids[-1])) == 2
    assert sluice.ask("reload").returncode == 0  # and it is the one that is asked now


def test_who_waits_where_tls_begins_at_once_gets_it(start_upgradable, tmp_path):
    """Although the new one does not listen there: what a socket's clients came for is handed over with it."""
    port = free_port()
    chain = make_certificate(tmp_path, "mx", "DNS:mx.example.test").chain
    tls = {"chain_files": [chain], "listen": [f"127.0.0.1:{port}"]}
    upgradable = start_upgradable(config={"tls": tls})
    sluice = upgradable.sluice
    worker = sluice.worker_pids()[0]
    os.kill(worker, signal.SIGSTOP)
    with Client(port) as waiting:
        sluice.write_config({"tls": {"listen": []}})
        upgradable.upgrade()
        waiting.wrap("mx.example.test")
        assert "STARTTLS" not in waiting.greet()
    os.kill(worker, signal.SIGCONT)


def test_stopping_the_new_one_ends_the_old_one(start_upgradable):
    """Even with a session that has nothing to do: it is told 421."""
    upgradable = start_upgradable()
    with upgradable.sluice.connect() as early:
        early.greet()
        upgradable.upgrade()
        os.kill(upgradable.pids[-1], signal.SIGTERM)
        assert early.read_reply().code == 421
        wait_until(lambda: not any(alive(pid) for pid in upgradable.pids), "both to end")


def replace_program(upgradable, text):
    upgradable.binary.unlink()
    upgradable.binary.write_text(text)
    upgradable.binary.chmod(0o755)


def not_a_program(upgradable):
    replace_program(upgradable, "no program\n")
    return "Exec format error"


def gone(upgradable):
    upgradable.binary.unlink()
    return "No such file or directory"


def one_that_fails(upgradable):
    replace_program(upgradable, "#!/bin/sh\nexit 1\n")
    return "the new program ended before it was up"


def one_whose_workers_cannot_start(upgradable):
    # To make a directory that is there unwritable would not impress root.
    upgradable.sluice.write_config({"user": "nobody"})
    return "a worker cannot start"


def one_that_does_not_like_its_configuration(upgradable):
    sluice = upgradable.sluice
    sluice.write_config()
    sluice.config_file.write_text(sluice.config_file.read_text() + f'tls.chain_files = ["{sluice.directory}/none"]\n')
    return "none: No such file"


@pytest.mark.parametrize("spoil", [not_a_program, gone, one_that_fails, one_whose_workers_cannot_start,
                                   one_that_does_not_like_its_configuration])  # fmt: skip
def test_a_new_one_that_does_not_come_up_changes_nothing(start_upgradable, spoil):
    upgradable = start_upgradable()
    sluice = upgradable.sluice
    before = sluice.worker_pids()
    with sluice.connect() as early:
        early.greet()
        text = spoil(upgradable)
        done = sluice.ask("upgrade")
        assert done.returncode == 1 and text in done.stderr, done.stderr
        sluice.wait_record("upgrade_refused")
        early.expect(250, "NOOP")
        early.quit()
    wait_until(lambda: sluice.worker_pids() == before, "nothing to be left of it")
    with sluice.connect() as late:
        late.greet()
        late.quit()
    # And it can be tried again.
    upgradable.binary.unlink(missing_ok=True)
    upgradable.replace_binary(BINARY)
    sluice.write_config({"user": "", "tls": {"chain_files": []}})
    upgradable.upgrade()


@pytest.mark.soak
def test_a_new_one_that_hangs_is_given_up(start_upgradable):
    upgradable = start_upgradable()
    replace_program(upgradable, "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n")
    done = upgradable.sluice.ask("upgrade")
    assert done.returncode == 1 and "ended before it was up" in done.stderr, done.stderr
    with upgradable.sluice.connect() as client:
        client.greet()
        client.quit()
