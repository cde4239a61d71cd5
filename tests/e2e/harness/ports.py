"""Ports that nobody else takes.

A test process in a network of its own (harness/namespace.py) shares them with nobody. Where it cannot have one, all test
processes of the machine agree by locked files on who has which hundred; programs that know nothing of that may still be
in the way, and what they listen on is left out.

All are below the kernel's ephemeral ports, so that no outgoing connection takes one, and each is handed out once.
"""

import fcntl
import os
import pathlib
import socket

from harness import namespace

FIRST = 10_000  # above those that tests name themselves
BLOCK = 100
LOCKS = pathlib.Path("/tmp/sluice-test-ports")

_held = []  # descriptors of the locks; they are released with the process


def below_ephemeral():
    """The first port that the kernel gives to outgoing connections."""
    return int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def claimed():
    """All ports from FIRST that are ours, block by block; for ever, or until there are none left."""
    for block in range(FIRST, below_ephemeral() - BLOCK + 1, BLOCK):
        if namespace.is_own() or _lock(block):
            yield from range(block, block + BLOCK)


def _lock(block):
    """Whether this process may have the block."""
    LOCKS.mkdir(exist_ok=True)
    if LOCKS.stat().st_uid == os.geteuid():
        LOCKS.chmod(0o1777)  # whoever tests may lock
    path = LOCKS / str(block)
    # Not even root may create what is there already and somebody else's (fs.protected_regular).
    create = 0 if path.exists() else os.O_CREAT
    lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | create, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    _held.append(lock)
    return True


def is_free(port, address, kind):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as probe:
        try:
            probe.bind((address, port))
            return True
        except OSError:
            return False


_ports = claimed()


def free_port(address="127.0.0.1"):
    """A port, for TCP and UDP, that nobody has, and that nobody else is given while this process lives."""
    for port in _ports:
        if is_free(port, address, socket.SOCK_STREAM) and is_free(port, address, socket.SOCK_DGRAM):
            return port
    raise AssertionError("out of ports")
