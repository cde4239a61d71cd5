"""Accepted mail beside bounces: what the unwanted costs the wanted.

Two arrangements. In the closed loop of the paper behind this project every client draws, for each connection, whether
it brings a mail or a bounce: the more bounces, the fewer mails even from a server for which a bounce is free, so that
what counts is the CPU a mail costs with the bounces that came between. In the pools, good clients are a fixed number
and do nothing but send mail, and bad ones are added until they are the percentage asked for: what counts is that the
good ones do not notice.
"""

import dataclasses
import functools
import pathlib
import statistics
import tempfile

from suite import load, plot, postfix, report, servers, target
from suite.processes import BenchError
from suite.result import Result

PERCENTS = [0, 25, 50, 75, 90, 95, 99]
CLIENTS = 200
GOOD_CLIENTS = 20
BAD, GOOD, DRAWN = "127.1.0.0/16", "127.2.0.0/16", "127.3.0.0/16"
# Guesses of a dictionary: each is refused by the MTA once, and then known.
GUESSES = 1000
SLUICE = f"""
    recipients.verify = "mta"
    policy.networks.slow = ["{BAD}"]
    policy.networks.fast = ["{GOOD}", "{DRAWN}"]
    policy.unknown_recipients.slow_after = 0
    """


@dataclasses.dataclass
class Point:
    """One server at one percentage; a value for each run."""

    mails_per_s: list = dataclasses.field(default_factory=list)
    cpu_us: list = dataclasses.field(default_factory=list)  # a mail, of all processes
    p99_ms: list = dataclasses.field(default_factory=list)  # of a mail
    failures: dict = dataclasses.field(default_factory=dict)

    def take(self, result, seconds, used_ns):
        self.mails_per_s.append(round((result["units"] - result["late"]) / seconds, 1))
        if result["units"]:
            self.cpu_us.append(round(used_ns / result["units"] / 1e3, 1))
            self.p99_ms.append(round(result["p99_us"] / 1e3, 2))

    def note(self, failures):
        for reason, count in failures.items():
            self.failures[reason] = self.failures.get(reason, 0) + count


def median(values):
    return statistics.median(values) if values else None


def drawn(percent):
    one = {"kind": "mail", "clients": CLIENTS, "sources": DRAWN, "bounces": percent, "recipients": GUESSES}
    return {"mail": one}


def pools(percent):
    """A fixed number of good clients, and bad ones so that these are the percentage."""
    bad = round(GOOD_CLIENTS * percent / (100 - percent))
    classes = {"mail": {"kind": "mail", "clients": GOOD_CLIENTS, "sources": GOOD}}
    if bad:
        # Slow ones are still talking when the run ends.
        classes["bad"] = {"kind": "bounce", "clients": bad, "sources": BAD, "recipients": GUESSES, "timeout": 600,
                          "dropped": True}
    return classes


class Goodput:
    """`points[arrangement][server name][percent]` after measure().

    A server goes through all percentages before the next has its turn, after a minute of bounces where that is what it
    remembers its clients for (anvil(8)): so it is there as it would be in service.
    """

    def __init__(self, setting, makes, plan, seconds):
        self.setting = setting
        self.makes = makes
        self.plan = plan  # (arrangement, classes of a percentage, percentages)
        self.seconds = seconds
        self.points = {arrangement: {} for arrangement, _, _ in plan}
        self.notes = []
        self._running = []
        self._mails = {}

    def measure(self):
        with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
            try:
                for number, make in enumerate(self.makes):
                    self._start(make, pathlib.Path(folder) / str(number))
                for number in range(self.setting.rounds):
                    for arrangement, classes, percents in self.plan:
                        for server in self._running:
                            self.setting.say(f"round {number + 1}: {arrangement}, {server.name}")
                            self._fill_memory(server)
                            for percent in percents:
                                self._run(server, arrangement, percent, classes(percent))
                for server in self._running:
                    self._audit(server)
            finally:
                for server in self._running:
                    server.stop()

    def _start(self, make, folder):
        server = None
        try:
            server = make(self.setting.build, folder)
            server.start()
        except (servers.Missing, BenchError) as reason:
            if server:
                server.stop()
            self.notes.append(f"left out: {reason}")
            self.setting.say(self.notes[-1])
            return
        self._running.append(server)
        for arrangement, _, percents in self.plan:
            self.points[arrangement][server.name] = {percent: Point() for percent in percents}
        # Processes get started, caches filled.
        warm = load.mix(self.setting.build, server.port, drawn(75), seconds=3)
        self._mails[server.name] = warm["mail"]["units"]
        server.settle()

    def _fill_memory(self, server):
        """Who remembers its clients for a minute (anvil(8)) is measured as it is from the second minute on."""
        if not server.remembers_clients:
            return
        seconds = 10 if self.setting.quick else 60
        filled = load.mix(self.setting.build, server.port, drawn(99), seconds=seconds)
        self._mails[server.name] += filled["mail"]["units"]
        server.settle()

    def _run(self, server, arrangement, percent, classes):
        point = self.points[arrangement][server.name][percent]
        before = server.cpu_ns()
        results = load.mix(self.setting.build, server.port, classes, seconds=self.seconds)
        server.settle()
        point.take(results["mail"], self.seconds, server.cpu_ns() - before)
        point.note(results["mail"]["failures"])
        point.note(results.get("mail-bounces", {"failures": {}})["failures"])
        self._mails[server.name] += results["mail"]["units"]

    def _audit(self, server):
        delivered = (server.backend or server).counts()["mails"]
        if delivered != self._mails[server.name]:
            self.notes.append(f"{server.name}: {self._mails[server.name]} mails were answered 250, "
                              f"{delivered} were delivered")

    def failed(self, name):
        return (any(point.failures for points in self.points.values() for point in points.get(name, {}).values())
                or any(note.startswith(name + ":") for note in self.notes))

    def value(self, arrangement, name, percent, what):
        point = self.points[arrangement].get(name, {}).get(percent)
        return median(getattr(point, what)) if point else None

    def table(self, arrangement, what):
        def cell(point):
            values = getattr(point, what)
            if not values:
                return "–"
            text = report.number(median(values))
            return text if len(values) == 1 else f"{text} ({report.number(min(values))}–{report.number(max(values))})"

        percents = next(percents for name, _, percents in self.plan if name == arrangement)
        return report.table(["server"] + [f"{percent} %" for percent in percents],
                            [[name] + [cell(points[percent]) for percent in percents]
                             for name, points in self.points[arrangement].items()])

    def chart(self, title, label, arrangement, what, *, log):
        return plot.chart(title, plot.Axis("bounces, %", ticks=[0, 25, 50, 75, 90, 99]), plot.Axis(label, log=log), [
            plot.Line(name.split(" (tuned")[0] + (" (tuned)" if "tuned" in name else ""),
                      [(percent, median(getattr(point, what))) for percent, point in points.items()])
            for name, points in self.points[arrangement].items()])

    def as_json(self):
        return {arrangement: {name: {percent: dataclasses.asdict(point) for percent, point in points.items()}
                              for name, points in of_all.items()} for arrangement, of_all in self.points.items()}


def _targets(measured):
    ours, tuned, default = (servers.SluiceBeforePostfix.name, postfix.NAMES["tuned"], postfix.NAMES["default"])

    def cpu(name, percent):
        return measured.value("drawn", name, percent, "cpu_us")

    limits = [(0, tuned, 0.85), (90, tuned, 0.4), (90, default, 0.12), (99, tuned, 0.16), (99, default, 0.04)]
    targets = [target.ratio(f"CPU a mail at {percent} % bounces, over {name}", limit, cpu(ours, percent),
                            cpu(name, percent)) for percent, name, limit in limits]
    good = [measured.value("pools", ours, percent, "mails_per_s") for percent in (99, 0)]
    return targets + [target.ratio("the good pool's rate with 99 % bad clients, over its own with none", 0.95, *good,
                                   at_least=True)]


def goodput(setting):
    """Accepted mails a second and CPU a mail as bounces grow: Postfix alone, and Sluice before the same Postfix."""
    makes = [functools.partial(postfix.Postfix, listener="default"),
             functools.partial(postfix.Postfix, listener="tuned"),
             functools.partial(servers.SluiceBeforePostfix, settings=SLUICE)]
    if not setting.quick:
        makes.insert(2, functools.partial(postfix.Postfix, listener="screened"))
    percents = [0, 50, 90, 99] if setting.quick else PERCENTS
    seconds = 4 if setting.quick else 5
    measured = Goodput(dataclasses.replace(setting, rounds=1) if setting.quick else setting, makes,
                       [("drawn", drawn, percents), ("pools", pools, [0, 99] if setting.quick else PERCENTS)], seconds)
    measured.measure()
    targets = _targets(measured)
    ours = servers.SluiceBeforePostfix.name
    text = f"{CLIENTS} clients, each drawing mail or bounce for every connection: CPU µs of all processes a mail.\n\n"
    text += measured.table("drawn", "cpu_us")
    text += "\nThe same: mails accepted a second.\n\n" + measured.table("drawn", "mails_per_s")
    text += (f"\n{GOOD_CLIENTS} good clients, and so many bad ones (in Sluice's slow lane) that these are the percentage:"
             " mails accepted a second.\n\n" + measured.table("pools", "mails_per_s"))
    text += "\nThe same: p99 of a mail, ms.\n\n" + measured.table("pools", "p99_ms")
    text += target.table(targets)
    notes = measured.notes + [
        f"{name}, {arrangement}, {percent} %: failed {point.failures}"
        for arrangement, of_all in measured.points.items() for name, points in of_all.items()
        for percent, point in points.items() if point.failures]
    text += "".join(f"\n- {note}" for note in notes) + ("\n" if notes else "")
    plots = {
        "goodput-cpu": measured.chart("CPU of an accepted mail, all processes", "CPU µs a mail", "drawn", "cpu_us",
                                      log=True),
        "goodput-rate": measured.chart("Goodput: 200 clients draw mail or bounce", "accepted mails a second", "drawn",
                                       "mails_per_s", log=True),
        "goodput-pools": measured.chart(f"{GOOD_CLIENTS} good clients among bad ones", "accepted mails a second", "pools",
                                        "mails_per_s", log=False),
    }
    figures = {"points": measured.as_json(), "targets": target.as_json(targets), "notes": notes}
    return Result(text, figures, ours not in measured.points["drawn"] or measured.failed(ours), plots)
