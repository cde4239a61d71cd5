"""The shape of most benches: what one unit of some work costs each of several servers.

All servers are up at once, each before a backend of its own; their runs are interleaved, so that a noisy minute of the
machine falls on all of them, and repeated. The cost is the CPU time the kernel has counted for every process of the
server, over the units done. A figure is the median of its runs.
"""

import dataclasses
import itertools
import pathlib
import statistics
import tempfile

from suite import load
from suite.processes import BenchError
from suite.server import Missing


@dataclasses.dataclass
class Work:
    """A column: what the load does."""

    title: str
    mode: str
    units: int
    options: dict = dataclasses.field(default_factory=dict)
    units_min: int = 100  # of a server that does but a share


@dataclasses.dataclass
class Entry:
    """A row: a server, and the part of the units it can do in the time there is (Postfix, Haraka)."""

    make: object  # (build, folder) → Server
    share: float = 1.0
    settings: dict = dataclasses.field(default_factory=dict)  # of the load, for this server alone


@dataclasses.dataclass
class Cell:
    """What was measured of one server doing one work; a value for each run."""

    us: list = dataclasses.field(default_factory=list)  # CPU µs a unit
    apart_us: list = dataclasses.field(default_factory=list)
    p50_us: list = dataclasses.field(default_factory=list)
    p99_us: list = dataclasses.field(default_factory=list)
    failures: dict = dataclasses.field(default_factory=dict)

    def median(self):
        return statistics.median(self.us) if self.us else None


class Comparison:
    """Servers × works. After measure(): `cells[server name]` is a list of Cell, one for each work."""

    def __init__(self, build, entries, works, rounds, say):
        self.build = build
        self.entries = entries
        self.works = works
        self.rounds = rounds
        self.say = say
        self.cells = {}
        self.notes = []  # what was left out, or looks wrong
        self._running = []
        self._seeds = itertools.count(1)
        self._mails = {}  # server name → mails that were answered 250

    def measure(self):
        with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
            try:
                for number, entry in enumerate(self.entries):
                    self._start(entry, pathlib.Path(folder) / str(number))
                for server, entry in self._running:
                    for work in self.works:
                        units = max(int(min(work.units / 5, 500) * entry.share), work.units_min // 4)
                        self._load(server, entry, work, units)
                        server.settle()
                for number in range(self.rounds):
                    self.say(f"round {number + 1} of {self.rounds}")
                    for index, work in enumerate(self.works):
                        for server, entry in self._running:
                            self._run(server, entry, work, self.cells[server.name][index])
            finally:
                for server, _ in self._running:
                    server.stop()
            for server, _ in self._running:
                self._audit(server)

    def _start(self, entry, folder):
        server = None
        try:
            server = entry.make(self.build, folder)
            server.start()
        except (Missing, BenchError) as reason:
            if server:
                server.stop()
                reason = f"{server.name}: {reason}"
            self.notes.append(f"left out: {reason}")
            self.say(self.notes[-1])
            return
        self.say(f"started {server.name}")
        self._running.append((server, entry))
        self.cells[server.name] = [Cell() for _ in self.works]
        self._mails[server.name] = 0

    def _load(self, server, entry, work, units):
        # With the same seed what is random would be the same in every run, and known from the first on.
        options = {**work.options, **entry.settings, "seed": next(self._seeds)}
        result = load.run(self.build, work.mode, server.port, units=units, **options)
        if work.mode == "mail":
            self._mails[server.name] += result["units"]
        return result

    def _run(self, server, entry, work, cell):
        before, apart_before = server.cpu_ns(), server.cpu_apart_ns()
        result = self._load(server, entry, work, max(int(work.units * entry.share), work.units_min))
        server.settle()
        used, apart = server.cpu_ns() - before, server.cpu_apart_ns() - apart_before
        for reason, count in result["failures"].items():
            cell.failures[reason] = cell.failures.get(reason, 0) + count
        if result["units"]:
            cell.us.append(round(used / result["units"] / 1e3, 2))
            cell.apart_us.append(round(apart / result["units"] / 1e3, 2))
            cell.p50_us.append(result["p50_us"])
            cell.p99_us.append(result["p99_us"])

    def _audit(self, server):
        """Every mail that was answered 250 must have reached the backend."""
        floor = server.backend or server
        if not hasattr(floor, "counts"):
            return
        arrived = floor.counts()["mails"]
        if arrived != self._mails[server.name]:
            self.notes.append(f"{server.name}: {self._mails[server.name]} mails were answered 250, "
                              f"{arrived} arrived at the backend")

    def us(self, name, title):
        """CPU µs of a unit, or None."""
        titles = [work.title for work in self.works]
        return self.cells[name][titles.index(title)].median() if name in self.cells else None

    def failed(self, name):
        """Whether a unit of this server failed, or mail was lost."""
        return (any(cell.failures for cell in self.cells.get(name, []))
                or any(note.startswith(name + ":") for note in self.notes))

    def as_json(self):
        return {name: {work.title: {"us": cell.median(), **dataclasses.asdict(cell)}
                       for work, cell in zip(self.works, cells)}
                for name, cells in self.cells.items()}
