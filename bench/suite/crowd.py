"""Good clients among every kind of bad one at once, each kind from a network of its own and counted apart.

The bad ones are in Sluice's slow lane. What is looked for: good mail goes through as if they were not there, bots leave
with their spam, and no client that plays by the rules is lost, however slowly it talks.
"""

import functools
import pathlib
import tempfile

from suite import load, postfix, report, servers, target
from suite.processes import BenchError
from suite.result import Result

SLUICE = """
    recipients.verify = "mta"
    policy.networks.slow = ["127.1.0.0/16"]
    policy.networks.fast = ["127.2.0.0/16"]
    """
GOOD = {
    "good": {"kind": "mail", "clients": 100, "rate": 40, "sources": "127.2.0.0/20"},
    "good pipelined": {"kind": "mail", "clients": 100, "rate": 20, "pipelined": True, "sources": "127.2.16.0/20"},
    "good persistent": {"kind": "mail", "clients": 1, "persistent": 20, "sources": "127.2.32.0/20"},
}


def _bad(patience):
    return {
        "bounce flood": {"kind": "bounce", "clients": 300, "recipients": 1000, "sources": "127.1.0.0/20"},
        "guesses": {"kind": "bounce", "clients": 300, "random": True, "sources": "127.1.16.0/20"},
        "loris": {"kind": "loris", "clients": 300, "sources": "127.1.32.0/20"},
        "drip sender": {"kind": "drip", "clients": 50, "size": 600, "drop": 50, "sources": "127.1.48.0/20"},
        "impatient bot": {"kind": "bot", "clients": 300, "patience": patience, "sources": "127.1.64.0/20"},
    }


def _run(setting, server, seconds, patience):
    """What came of the good clients alone, and of all classes together."""
    dropped = {name: {**options, "dropped": True, "timeout": 300} for name, options in _bad(patience).items()}
    alone = load.mix(setting.build, server.port, GOOD, seconds=min(seconds, 20))
    server.settle()
    together = load.mix(setting.build, server.port, {**GOOD, **dropped}, seconds=seconds)
    return alone, together


def _table(name, alone, together):
    def latency(result):
        return f"{result['p50_us'] / 1e3:.1f} / {result['p99_us'] / 1e3:.1f}" if result and result["units"] else "–"

    rows = [[kind, str(result["connections"]), str(result["units"]), str(result["left"]),
             ", ".join(f"{count} × {reason}" for reason, count in result["failures"].items()) or "none",
             latency(result), latency(alone.get(kind)) if kind in alone else ""] for kind, result in together.items()]
    return f"\n{name}\n\n" + report.table(["clients", "connections", "mails or refusals", "left", "failed",
                                           "p50 / p99 ms", "and without the bad"], rows)


def crowd(setting):
    """Good clients among bounce floods, guesses, slow-loris clients, drip senders and impatient bots, all at once."""
    seconds, patience = (15, 0.1) if setting.quick else (120, 1)
    makes = [functools.partial(servers.SluiceBeforePostfix, settings=SLUICE),
             functools.partial(postfix.Postfix, listener="tuned")]
    measured, notes = {}, []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        for number, make in enumerate(makes):
            server = None
            try:
                server = make(setting.build, pathlib.Path(folder) / str(number))
                server.start()
                setting.say(server.name)
                measured[server.name] = _run(setting, server, seconds, patience)
            except (servers.Missing, BenchError) as reason:
                notes.append(f"left out: {reason}")
                setting.say(notes[-1])
            finally:
                if server:
                    server.stop()
    text = f"{seconds} s. Bots leave after 21, 30 or 100 s times {patience:g}.\n"
    text += "".join(_table(name, *results) for name, results in measured.items())
    alone, together = measured.get(servers.SluiceBeforePostfix.name, ({}, {}))
    failed = sum(together[kind]["failed"] for kind in GOOD) if together else 0
    targets = [target.Target("good mails failed", 0, failed),
               target.Target("spam of bots accepted", 0, together["impatient bot"]["units"]),
               target.Target("drip senders failed", 0, together["drip sender"]["failed"])] if together else []
    text += target.table(targets) + "".join(f"\n- {note}" for note in notes) + ("\n" if notes else "")
    return Result(text, {"classes": measured, "notes": notes, "targets": target.as_json(targets)},
                  not together or failed > 0)
