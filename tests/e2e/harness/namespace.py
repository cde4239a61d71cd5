"""A network of its own, for a test process or for one test: a loopback and the kernel's settings for it, with nothing of
the machine's in reach.

Every test process moves into one before its first test: nobody else's ports are there, nor anybody who could take one
between two looks at it, and no test can reach a name server or a mail server of the machine's.
"""

import contextlib
import ctypes
import os
import socket
import struct
import subprocess

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

# Of the namespace only; nobody answers there (RFC 5737), and what is sent there is lost.
NOBODYS = "192.0.2."


def possible():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0


_machines = None  # a descriptor of the network we came from, once we have left it


def enter_own():
    """Moves this thread, and with it all that it starts from now on, into a new network with a loopback.

    To be called before there are other threads. False where that is not allowed.
    """
    global _machines
    came_from = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if _libc.unshare(CLONE_NEWNET) != 0:
        os.close(came_from)
        return False
    _machines = came_from
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return True


def is_own():
    return _machines is not None


@contextlib.contextmanager
def machines():
    """This thread, and what it starts, is in the machine's network: for what has to be fetched from elsewhere."""
    if _machines is None:
        yield
        return
    with open("/proc/thread-self/ns/net", "rb") as ours:
        _set(_machines)
        try:
            yield
        finally:
            _set(ours.fileno())


class Namespace:
    """A context manager. `settings` are those of sysctl(8) below net."""

    def __init__(self, **settings):
        self.settings = settings

    def __enter__(self):
        self._keeper = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self._path = f"/proc/{self._keeper.pid}/ns/net"
        ours = os.readlink("/proc/thread-self/ns/net")
        while os.readlink(self._path) == ours:
            assert self._keeper.poll() is None, "no namespace"
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "route", "add", f"{NOBODYS}0/24", "dev", "lo")
        for name, value in self.settings.items():
            self.run("sysctl", "-qw", f"net.{name}={value}")
        return self

    def __exit__(self, *_):
        self._keeper.kill()
        self._keeper.wait()

    def command(self, *argv):
        """Returns the words that run a command inside."""
        return ["nsenter", f"--net={self._path}", *argv]

    def run(self, *argv):
        return subprocess.run(self.command(*argv), check=True, capture_output=True, text=True).stdout

    @contextlib.contextmanager
    def entered(self):
        """This thread is inside: sockets made now stay there."""
        with open("/proc/thread-self/ns/net", "rb") as ours, open(self._path, "rb") as theirs:
            _set(theirs.fileno())
            try:
                yield
            finally:
                _set(ours.fileno())

    def counters(self):
        """TcpExt counters of the kernel, by name (snmp_counter.rst)."""
        lines = [line.split() for line in self.run("cat", "/proc/net/netstat").splitlines()]
        names, values = (line[1:] for line in lines if line[0] == "TcpExt:")
        return dict(zip(names, map(int, values)))


def _set(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class HalfOpener:
    """Opens connections halfway: SYNs from addresses where nobody is, so that none is ever answered.

    To be made inside of a namespace.
    """

    def __init__(self, port):
        self.port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._sent = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, count):
        for _ in range(count):
            host, port = self._sent % 250 + 1, 1024 + self._sent // 250 % 60_000
            self._socket.sendto(syn(f"{NOBODYS}{host}", port, "127.0.0.1", self.port), ("127.0.0.1", 0))
            self._sent += 1


def syn(source, source_port, target, target_port):
    """An IPv4 packet with the first segment of a connection (RFC 9293 3.1)."""
    source, target = socket.inet_aton(source), socket.inet_aton(target)
    segment = struct.pack("!HHIIBBHHH", source_port, target_port, 1, 0, 5 << 4, 0x02, 65535, 0, 0)
    checksum = _checksum(source + target + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(segment)) + segment)
    segment = segment[:16] + struct.pack("!H", checksum) + segment[18:]
    # The kernel fills in the checksum of the header (raw(7)).
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0, 64, socket.IPPROTO_TCP, 0, source, target)
    return head + segment


def _checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
