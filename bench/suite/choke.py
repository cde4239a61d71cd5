"""One attacker opens as many connections as it can and says nothing; a good client wants to send mail.

The attacker's connections come from many addresses, as a botnet's do: from one, anvil(8) would allow it 50. One that
is thrown out is opened again. The good client sends one mail after the other, each on a connection of its own, and
gives up after five seconds without an answer.
"""

import dataclasses
import functools
import pathlib
import tempfile

from suite import load, plot, postfix, report, servers, target
from suite.processes import BenchError
from suite.result import Result

ATTACKER, GOOD = "127.1.0.0/16", "127.2.0.0/16"
OPENED_PER_S = 5000
PATIENCE_S = 5
# Below the 20,000 descriptors of a process: room for those of the pool and the spool, and for good clients.
SLUICE = f"""
    recipients.verify = "mta"
    policy.networks.slow = ["{ATTACKER}"]
    policy.networks.fast = ["{GOOD}"]
    limits.sessions_max = 19500
    """
MOST = 19_000


@dataclasses.dataclass
class Step:
    attackers: int
    mails: int
    failures: dict
    mails_per_s: float
    p50_ms: float
    p99_ms: float
    thrown_out: int  # connections of the attacker

    @property
    def success(self):
        tried = self.mails + sum(self.failures.values())
        return 100 * self.mails / tried if tried else 0


def _step(setting, server, attackers, seconds):
    after = attackers / OPENED_PER_S + 1
    classes = {"good": {"kind": "mail", "clients": 1, "sources": GOOD, "after": after, "timeout": PATIENCE_S}}
    if attackers:
        classes["attacker"] = {"kind": "hold", "silent": True, "clients": attackers, "sources": ATTACKER,
                               "opened_per_s": OPENED_PER_S}
    results = load.mix(setting.build, server.port, classes, seconds=after + seconds)
    good = results["good"]
    server.settle()
    return Step(attackers, good["units"], good["failures"], (good["units"] - good["late"]) / seconds,
                good["p50_us"] / 1e3, good["p99_us"] / 1e3, results.get("attacker", {"failed": 0})["failed"])


def _measure(setting, make, numbers, seconds, folder):
    """The name of the server and its steps."""
    server = make(setting.build, folder)
    try:
        server.start()
        _step(setting, server, 0, 1)
        steps = []
        for attackers in numbers:
            steps.append(_step(setting, server, attackers, seconds))
            setting.say(f"{server.name}: {attackers} attackers, {steps[-1].mails_per_s:.1f} mails/s")
        return server.name, steps
    finally:
        server.stop()


def _table(name, steps):
    rows = [[f"{step.attackers}", f"{step.mails_per_s:.1f}", f"{step.success:.1f} %",
             f"{step.p50_ms:.2f} / {step.p99_ms:.2f}" if step.mails else "–", f"{step.thrown_out}",
             ", ".join(f"{count} × {reason}" for reason, count in step.failures.items()) or "none"] for step in steps]
    return f"\n{name}\n\n" + report.table(["attacker's connections", "good mails a second", "came through",
                                           "p50 / p99 ms", "attackers thrown out", "failed"], rows)


def choke(setting):
    """A good client's mail while an attacker opens more and more connections to Sluice, or to Postfix alone."""
    seconds = 3 if setting.quick else 20
    ours = [0, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, MOST]
    theirs = [0, 25, 50, 75, 90, 100, 125, 150, 200, 500, 1000]
    if setting.quick:
        ours, theirs = [0, 100, 1000, 5000, MOST], [0, 50, 100, 200]
    plan = [(functools.partial(servers.SluiceBeforePostfix, settings=SLUICE), ours),
            (functools.partial(postfix.Postfix, listener="default"), theirs)]
    measured, notes = {}, []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        for number, (make, numbers) in enumerate(plan):
            try:
                name, steps = _measure(setting, make, numbers, seconds, pathlib.Path(folder) / str(number))
                measured[name] = steps
            except (servers.Missing, BenchError) as reason:
                notes.append(f"left out: {reason}")
                setting.say(notes[-1])
    steps = measured.get(servers.SluiceBeforePostfix.name)
    targets = []
    if steps:
        targets = [target.Target(f"good mails that came through at {steps[-1].attackers} attackers, one worker", 100,
                                 steps[-1].success, "%", at_least=True),
                   target.ratio(f"good mails a second at {steps[-1].attackers} attackers, over those without", 0.9,
                                steps[-1].mails_per_s, steps[0].mails_per_s, at_least=True)]
    text = "".join(_table(name, steps) for name, steps in measured.items())
    text += target.table(targets) + "".join(f"\n- {note}" for note in notes) + ("\n" if notes else "")
    # Zero has no place on a logarithmic axis: it stands at one.
    chart = plot.chart("One good client, and one attacker", plot.Axis("the attacker's connections (1 = none)", log=True),
                       plot.Axis("the good client's mails a second"),
                       [plot.Line(name, [(max(step.attackers, 1), step.mails_per_s) for step in steps])
                        for name, steps in measured.items()])
    figures = {"steps": {name: [dataclasses.asdict(step) for step in steps] for name, steps in measured.items()},
               "targets": target.as_json(targets), "notes": notes}
    return Result(text, figures, not steps or any(step.failures for step in steps), {"choke": chart})
