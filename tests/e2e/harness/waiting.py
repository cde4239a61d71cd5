"""Waiting for something to become true, with a deadline that names what was missing."""

import os
import socket
import time

# Several test processes may share two cores, and a sanitizer build is several times slower.
PATIENCE = float(os.environ.get("SLUICE_TEST_PATIENCE", "1"))


def wait_until(condition, what, timeout=10.0):
    """The first true value of condition(); AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout} s for {what() if callable(what) else what}"
        time.sleep(0.02)


def wait_for_port(port, process=None, timeout=20.0):
    """Until something accepts on the loopback port; fails at once if `process` has ended."""

    def accepts():
        assert process is None or process.poll() is None, f"ended with {process.returncode} before it listened"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            return False

    wait_until(accepts, f"port {port}", timeout)


# Below the kernel's ephemeral ports, so that no outgoing connection takes one; a range for each xdist worker.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_next = 20000 + _WORKER * 700 + os.getpid() % 100
_end = 20000 + (_WORKER + 1) * 700


def free_port(address="127.0.0.1"):
    """A TCP port that nobody listens on, and that no other test is given."""
    global _next
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        _next += 1
        assert _next < _end, "out of ports"
        with socket.socket(family) as probe:
            try:
                probe.bind((address, _next))
                return _next
            except OSError:
                continue
