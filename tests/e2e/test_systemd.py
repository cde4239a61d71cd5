"""The unit, and what a service manager sees: readiness, signs of life, sockets that it holds, its rating."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from harness.client import Client
from harness.sluice import BINARY, workers_of
from harness.waiting import PATIENCE, free_port, wait_for_port, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "packaging" / "sluice.service"


class ServiceManager:
    """The socket that NOTIFY_SOCKET names, and what came to it."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="sluice-notify-", dir="/tmp")
        self.path = f"{self._directory.name}/notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        self.heard = []

    def close(self):
        self._socket.close()
        self._directory.cleanup()

    def has_heard(self, line):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.heard += self._socket.recv(4096).decode().splitlines()
        return line in self.heard

    def wait(self, line, timeout=10):
        wait_until(lambda: self.has_heard(line), lambda: f"{line} among {self.heard}", timeout)

    def forget(self):
        self.has_heard("")
        self.heard = []


@pytest.fixture
def manager():
    manager = ServiceManager()
    yield manager
    manager.close()


@pytest.fixture
def managed(start_sluice, postfix, manager):
    return start_sluice(postfix.private_port, environment={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "60000000"})


def test_it_says_when_it_is_ready_and_when_it_stops(managed, manager):
    manager.wait("READY=1")
    manager.forget()
    managed.reload()
    manager.wait("READY=1")
    assert manager.heard[0] == "RELOADING=1" and manager.heard[1].startswith("MONOTONIC_USEC=")
    managed.terminate()
    manager.wait("STOPPING=1")


def test_the_watchdog_hears_of_us_while_all_loops_turn(managed, manager):
    manager.wait("WATCHDOG=1")
    (worker,) = managed.worker_pids()
    os.kill(worker, signal.SIGSTOP)
    time.sleep(min(8 * PATIENCE, 20))  # it is replaced after 30
    manager.forget()
    time.sleep(3)
    assert not manager.has_heard("WATCHDOG=1"), "a worker hangs"
    os.kill(worker, signal.SIGCONT)
    manager.wait("WATCHDOG=1")


def test_an_upgrade_changes_the_main_process(managed, manager):
    manager.wait("READY=1")
    assert managed.ask("upgrade").returncode == 0
    new = managed.wait_record("upgraded")["pid"]
    manager.wait(f"MAINPID={new}")
    manager.forget()
    manager.wait("WATCHDOG=1")  # the new one's: its variables are meant for it
    os.kill(new, signal.SIGTERM)
    managed.process.wait(20 * PATIENCE)


@pytest.mark.parametrize("shared", [True, False])
def test_sockets_are_passed_on(postfix, tmp_path, shared):
    """Socket activation, by systemd's own tool; and by a socket that only one can listen on."""
    port = free_port()
    config = tmp_path / "sluice.toml"
    config.write_text(
        f'listen = ["127.0.0.1:{port}"]\nworkers = 2\nrelay.mta = ["127.0.0.1:{postfix.private_port}"]\n'
        f'log.destination = "{tmp_path}/log"\nstate_dir = "{tmp_path}/state"\n'
    )
    command = [BINARY, "run", "--config", config]
    with open(tmp_path / "stderr", "wb") as stderr:
        if shared:
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                listener.bind(("127.0.0.1", port))
                listener.listen()
                script = f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&{listener.fileno()}'
                process = subprocess.Popen(["bash", "-c", script, "bash", *command], stderr=stderr,
                                           pass_fds=[listener.fileno()])  # fmt: skip
        else:
            process = subprocess.Popen(["systemd-socket-activate", "-l", f"127.0.0.1:{port}", *command], stderr=stderr)
    try:
        wait_for_port(port, process)
        for n in range(10):
            with Client(port, source=f"127.0.107.{n + 1}") as client:
                client.greet()
                client.quit()
        wait_until(lambda: len(workers_of(process.pid)) == 2, "two workers")
    finally:
        process.terminate()
        assert process.wait(20 * PATIENCE) == 0, (tmp_path / "stderr").read_text()


def test_a_socket_that_listen_does_not_name(tmp_path):
    port, other = free_port(), free_port()
    config = tmp_path / "sluice.toml"
    config.write_text(f'listen = ["127.0.0.1:{other}"]\nlog.destination = "{tmp_path}/log"\n')
    process = subprocess.Popen(
        ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", BINARY, "run", "--config", config],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for_port(port, process)
    assert process.wait(20 * PATIENCE) == 1
    assert f"listen does not name 127.0.0.1:{port}" in process.stderr.read()


def rating():
    """The exposure level systemd gives the unit, 0 (none) to 10."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", UNIT], capture_output=True, text=True,
                          check=False)  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([\d.]+) (\w+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found.group(1)), found.group(2)


def test_the_units_rating_is_the_one_in_the_guide():
    level, word = rating()
    assert level <= 2.5 and word == "OK"
    assert f"**{level} {word}**" in (ROOT / "docs" / "guide" / "systemd.md").read_text()


def test_the_units_sockets_are_the_defaults_of_the_example():
    """Both name the same addresses, or Sluice would not start."""
    sockets = re.findall(r"^ListenStream=(\S+)$", (ROOT / "packaging" / "sluice.socket").read_text(), re.MULTILINE)
    example = (ROOT / "packaging" / "sluice.toml").read_text()
    assert sockets == ["0.0.0.0:25", "[::]:25"]
    assert all(f'"{address}"' in re.search(r"^listen = .*$", example, re.MULTILINE).group() for address in sockets)


def calls_of(group, groups):
    """The system calls of a group of systemd's, and of those within."""
    calls = set()
    for name in groups[group]:
        calls |= calls_of(name, groups) if name.startswith("@") else {name}
    return calls


def test_the_unit_lets_workers_make_every_call_they_may():
    """Its filter is laid over ours: what is missing there would kill the worker at its first use."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    groups, names = {}, []
    for line in listed.splitlines():
        if line.startswith("@"):
            names = groups.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            names.append(line.strip())
    allowed = calls_of("@default", groups)
    for line in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.MULTILINE):
        words = line.removeprefix("~").split()
        calls = set().union(*(calls_of(word, groups) if word.startswith("@") else {word} for word in words))
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    source = (ROOT / "src" / "guard" / "system_calls.cpp").read_text()
    ours = source[source.index("allowed[] = {") : source.index("forbidden[] = {")]
    calls = set(re.findall(r"SCMP_SYS\((\w+)\)", ours))
    assert len(calls) > 80 and calls <= allowed, calls - allowed
    # And the supervisor what it makes to lock them in.
    assert {"close_range", "seccomp", "capset", "setresuid", "setgroups", "setrlimit", "prctl", "execve"} <= allowed
