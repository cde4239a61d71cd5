"""One thing that stands under the load: what all servers of the bench have in common, and the floor.

Each is started with a folder of its own, on a port of its own, before a backend of its own (a floor that counts what
it was given), and ended by its process id.
"""

import json
import pathlib
import shutil
import textwrap
import time

from suite.processes import Process, cpu_ns, free_ports, tree


class Missing(Exception):
    """A rival that is not on this machine; says what would bring it."""


class Server:
    name = ""
    program = None  # to be found in PATH
    packages = ""   # Debian's, that bring it
    remembers_clients = False  # for a minute, at a cost that grows with them

    def __init__(self, build, folder):
        if self.program and not shutil.which(self.program):
            raise self.missing()
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port, = free_ports(1)
        self.backend = None  # a Floor; None where the server is the end of the way
        self._process = None

    def missing(self):
        return Missing(f"{self.name}: apt-get install {self.packages}")

    def start(self):
        self._process = Process(self._command(), self.folder / "out.log", cwd=self.folder)
        self._process.wait_for_port(self.port)

    def _command(self):
        raise NotImplementedError

    def pids(self):
        """Every process of the server: what the bench counts."""
        return tree(self._process.pid)

    def cpu_ns(self):
        return cpu_ns(self.pids())

    def cpu_apart_ns(self):
        """CPU time of what the server needs beside it, shown as a note."""
        return 0

    def settle(self):
        """Returns when what it has taken is done with."""
        time.sleep(0.2)

    def stop(self):
        if self._process:
            self._process.stop()
        if self.backend:
            self.backend.stop()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def start_backend(self):
        self.backend = Floor(self.build, self.folder / "backend")
        self.backend.start()
        return self.backend.port


class Floor(Server):
    name = "floor (no proxy)"

    def _command(self):
        return [self.build / "sluice-floor", "--listen", f"127.0.0.1:{self.port}"]

    def counts(self):
        """What it took; after stop()."""
        return json.loads((self.folder / "out.log").read_text().strip().splitlines()[-1])
