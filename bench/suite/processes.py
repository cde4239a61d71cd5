"""Processes of the bench: starting and ending them, and what the kernel says they have used.

Only processes started here are ever signalled, by their ids.
"""

import fcntl
import os
import pathlib
import signal
import socket
import subprocess
import time

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something of the bench itself does not work; there is no figure to give."""


_LOCKS = pathlib.Path("/tmp/sluice-test-ports")
_held = []  # descriptors of locks, which are released with the process


def free_ports(count):
    """Ports nobody listens on, below the range the kernel takes clients' ports from; each is given once.

    Programs of the bench and of the tests agree by locked files on who has which hundred, as
    tests/e2e/harness/ports.py says.
    """
    found = []
    for port in _ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise BenchError("no free ports between 10000 and 32000")


def _our_ports():
    _LOCKS.mkdir(exist_ok=True)
    if _LOCKS.stat().st_uid == os.geteuid():
        _LOCKS.chmod(0o1777)
    for block in range(10_000, 32_000, 100):
        path = _LOCKS / str(block)
        # Not even root may create what is there already and somebody else's (fs.protected_regular).
        create = 0 if path.exists() else os.O_CREAT
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | create, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        _held.append(lock)
        yield from range(block, block + 100)


_ports = _our_ports()


class Process:
    """A program in the foreground, with its descendants."""

    def __init__(self, argv, log, env=None, cwd=None):
        self.argv = [str(arg) for arg in argv]
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            # A session of its own: Ctrl-C reaches run.py, which ends everything in order.
            self._popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                           env=env, cwd=cwd, start_new_session=True)

    @property
    def pid(self):
        return self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def wait_for_port(self, port, seconds=20):
        """Returns once it answers with a greeting."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.running():
                raise BenchError(f"{self.argv[0]} ended at once; {self.last_words()}")
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                    client.settimeout(10)
                    if client.recv(3) == b"220":
                        client.sendall(b"QUIT\r\n")
                        client.recv(1000)
                        return
            except OSError:
                pass
            time.sleep(0.1)
        raise BenchError(f"{self.argv[0]} does not greet on port {port}; {self.last_words()}")

    def last_words(self):
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return "it said: " + " | ".join(lines[-5:]) if lines else "it said nothing"

    def stop(self, seconds=15):
        """Ends it as an operator would, and then what it has left behind: a script may end before what it started."""
        if not self.running():
            return
        family = tree(self.pid)
        self._popen.send_signal(signal.SIGTERM)
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            _signal(self.pid, signal.SIGKILL)
            self._popen.wait()
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + seconds
            for pid in family:
                _signal(pid, number)
            while any(_stat(pid) for pid in family) and time.monotonic() < deadline:
                time.sleep(0.05)


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _stat(pid):
    """The fields of /proc/PID/stat from the third on, or None when it has gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2:].split()


def tree(root):
    """The ids of `root` and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = _stat(entry)
            if stat:
                children.setdefault(int(stat[1]), []).append(int(entry))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting.extend(children.get(pid, ()))
    return found


def cpu_ns(pids):
    """CPU time of the processes so far, in ns, and of their children that have ended (to the clock tick)."""
    total = 0
    for pid in pids:
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        for task in tasks:
            try:
                total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
            except OSError:
                continue
        stat = _stat(pid)
        if stat:
            total += (int(stat[13]) + int(stat[14])) * _TICK_NS
    return total


def kernel_share(pids, before=(0, 0)):
    """What part of their CPU time since `before` was the kernel's, and the counts to begin from next time."""
    stats = [stat for stat in map(_stat, pids) if stat]
    now = sum(int(stat[11]) for stat in stats), sum(int(stat[12]) for stat in stats)
    user, system = now[0] - before[0], now[1] - before[1]
    return system / max(user + system, 1), now


def user_bytes(pids, field="Pss:"):
    """Memory in user space that is theirs, in bytes: the proportional set size (shared pages by their share), unless
    another field of smaps_rollup is asked for."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(field):
                total += int(line.split()[1]) * 1024
    return total


def peak_bytes(pid):
    """The most memory the process has ever had resident, in bytes; what it shares is in it in full."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def kernel_bytes():
    """Memory the kernel uses for itself, of all of the machine: slab, page tables, stacks, socket buffers."""
    fields = {}
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        name, value = line.split(":")
        fields[name] = int(value.split()[0]) * 1024
    buffers = 0
    for line in pathlib.Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            buffers = int(line.split()[line.split().index("mem") + 1]) * os.sysconf("SC_PAGE_SIZE")
    return fields["Slab"] + fields["PageTables"] + fields["KernelStack"] + buffers
