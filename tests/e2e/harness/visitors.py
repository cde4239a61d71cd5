"""Traffic beside a test: clients that come one after another, so that whatever is changed meanwhile is felt by one."""

import threading

from harness.waiting import wait_until


class Visitors:
    """Clients of addresses `network`.1 to .250, each of which makes `visit(source)`; what it returns is kept, what it raises as well."""

    def __init__(self, network, visit, pause_s):
        self.network = network
        self.visit = visit
        self.pause_s = pause_s
        self.results = []
        self.faults = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        number = 0
        while not self._over.is_set():
            number += 1
            try:
                self.results.append(self.visit(f"{self.network}.{1 + number % 250}"))
            except Exception as error:  # whatever it is, a client would have felt it
                self.faults.append(repr(error))
            self._over.wait(self.pause_s)

    def wait_more(self, more=10):
        """Until so many more have been and gone, well or badly."""
        wanted = len(self.results) + len(self.faults) + more
        wait_until(lambda: len(self.results) + len(self.faults) >= wanted, "more visitors")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
