"""What Sluice adds to the time a good mail takes: when there is nothing else, and in the midst of an attack.

Good mail is an open loop; its latency counts from when it was due. Unloaded, the same mail goes straight to the sink
in turn with Sluice; under attack, there are slow sessions that drip, and a flood of refused recipients from addresses
that nothing is known against, so that they are served at full speed.
"""

import dataclasses
import pathlib
import statistics
import tempfile

from suite import load, report, servers, target
from suite.holding import GOOD_PER_S, await_greetings, good_mail, holding, sluice
from suite.result import Result
from suite.server import Floor
from suite.stalls import Stalls

FLOOD = "127.4.0.0/16"
BOUNCES_PER_S = 2000


@dataclasses.dataclass
class Runs:
    """The results of the good mail, one for each run."""

    title: str
    results: list = dataclasses.field(default_factory=list)
    stalls: list = dataclasses.field(default_factory=list)  # (p99, p99.9) of the machine's own lateness, ms

    def measure(self, setting, port, seconds, **options):
        stalls = Stalls().start()
        try:
            self.results.append(good_mail(setting, port, seconds, **options))
        finally:
            self.stalls.append(stalls.stop())

    def ms(self, key):
        return statistics.median(result[key] for result in self.results) / 1e3

    def failed(self):
        return sum(result["failed"] for result in self.results)

    def row(self):
        def cell(key):
            values = [result[key] / 1e3 for result in self.results]
            return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"

        return [self.title, str(sum(result["units"] for result in self.results)), str(self.failed()),
                *(cell(key) for key in ("p50_us", "p90_us", "p99_us", "p999_us")),
                " / ".join(f"{statistics.median(values):.2f}" for values in zip(*self.stalls))]


def _under_attack(setting, port, seconds, runs):
    flood = {"flood": {"kind": "bounce", "clients": 500, "rate": BOUNCES_PER_S, "sources": FLOOD, "recipients": 1000}}
    floods = []
    for _ in range(setting.rounds):
        flooding = load.Mix(setting.build, port, flood, seconds=seconds + 2, elsewhere=True)
        runs.measure(setting, port, seconds + 1, after=1)
        floods.append(flooding.result()["flood"])
    return floods


def latency(setting):
    """Time of a good mail: straight to the sink, through Sluice, and through Sluice while it is attacked."""
    sessions, seconds = (15_000, 5) if setting.quick else (100_000, 20)
    direct, unloaded = Runs("straight to the sink"), Runs("through Sluice")
    attacked = Runs(f"through Sluice, {sessions} slow sessions held, {BOUNCES_PER_S} bounces/s")
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        floor = Floor(setting.build, pathlib.Path(folder) / "floor")
        server = sluice(sessions)(setting.build, pathlib.Path(folder) / "sluice")
        server.settings += "policy.unknown_recipients.slow_after = 0\n"
        try:
            floor.start()
            server.start()
            for one in (floor, server):
                good_mail(setting, one.port, 1)
            for _ in range(setting.rounds):
                for one, runs in ((floor, direct), (server, unloaded)):
                    runs.measure(setting, one.port, seconds)
            setting.say(f"opening {sessions} sessions")
            with holding(setting, server.port, sessions, "dripping") as held:
                await_greetings(held, sessions)
                setting.say("under attack")
                floods = _under_attack(setting, server.port, seconds, attacked)
        finally:
            floor.stop()
            server.stop()
    targets = [
        target.Target("added to the p50, unloaded", 0.3, unloaded.ms("p50_us") - direct.ms("p50_us"), "ms"),
        target.ratio("p99 under attack, over unloaded", 2, attacked.ms("p99_us"), unloaded.ms("p99_us")),
        target.Target("good mails failed", 0, unloaded.failed() + attacked.failed()),
    ]
    done = statistics.median(flood["units"] for flood in floods) / (seconds + 2)
    lost = held.result["failures"]
    text = f"{GOOD_PER_S} mails of 4 kB a second, a connection each; ms, medians (least–most) of {setting.rounds} runs.\n\n"
    text += report.table(["good mail", "mails", "failed", "p50", "p90", "p99", "p99.9",
                          "the machine itself, p99 / p99.9"],
                         [runs.row() for runs in (direct, unloaded, attacked)])
    text += f"\nOf the flood, {done:.0f} bounces/s were answered; of the sessions held, {sum(lost.values())} were lost.\n"
    figures = {"runs": [dataclasses.asdict(runs) for runs in (direct, unloaded, attacked)], "floods": floods,
               "lost": lost, "targets": target.as_json(targets)}
    return Result(text + target.table(targets), figures, bool(unloaded.failed() + attacked.failed() or lost))
