"""Waiting for something to become true, with a deadline that names what was missing."""

import os
import socket
import statistics
import time

from harness.ports import free_port  # noqa: F401  # who waits for a port has often asked for it before

# How long so many turns of an empty loop took where these tests were written, with nothing else to do.
_TURNS, _TURNS_S = 2_000_000, 0.019
_SLOWNESS_MAX = 10


def _slowness():
    """How many times slower than that it is here and now, with all that runs beside; never less than 1."""
    times = []
    for _ in range(5):
        began = time.monotonic()
        for _ in range(_TURNS):
            pass
        times.append(time.monotonic() - began)
    return min(max(statistics.median(times) / _TURNS_S, 1.0), _SLOWNESS_MAX)


# By how much each deadline is longer: several test processes may share two cores, the machine may be slow, and so is a
# build with a sanitizer. What a test asserts to take no longer than so many seconds is multiplied by it, too.
PATIENCE = max(float(os.environ.get("SLUICE_TEST_PATIENCE", "1")), _slowness())
# A wait that ends when it is over costs nothing: it may be this much longer than what is to be expected.
LENIENCE = 3


def wait_until(condition, what, timeout=10.0):
    """The first true value of condition(). AssertionError when `timeout` seconds, and what is added to them here, are over.

    It is no way to assert that something takes no longer than that.
    """
    deadline = time.monotonic() + timeout * PATIENCE * LENIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited in vain for {what() if callable(what) else what}"
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
