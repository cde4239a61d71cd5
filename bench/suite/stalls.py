"""How late the machine itself is: what no program on it can be quicker than.

A thread of real-time priority sleeps for a millisecond at a time. Nothing that runs here can hold it up but the kernel,
while it cannot be interrupted, and whoever lends us the processors.
"""

import os
import threading
import time

SLEEP_S = 0.001
PRIORITY = 50


class Stalls:
    """Between start() and stop()."""

    def __init__(self):
        self._late_ms = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        """(p99, p99.9) of how late it woke, ms."""
        self._over.set()
        self._thread.join()
        late = sorted(self._late_ms)
        return tuple(late[min(int(len(late) * share), len(late) - 1)] for share in (0.99, 0.999))

    def _watch(self):
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))  # of this thread
        except PermissionError:
            pass  # it then waits for its turn as everybody does
        while not self._over.is_set():
            began = time.monotonic()
            time.sleep(SLEEP_S)
            self._late_ms.append((time.monotonic() - began - SLEEP_S) * 1e3)
