"""Connections that come and go as fast as they can, beside good mail.

Four kinds in equal parts, from 65,534 addresses that nothing is known against: those that hear the greeting, and those
that do not wait for it; both leave in order, or with a reset. They are an open loop of 10,000 a second in all, and what it
reaches of that is given. Unlike other attackers of the benches its process has the priority of the servers: with what
they leave it would be no flood. Good mail is an open loop of its own, alone first and then beside the flood; runs of
Sluice and Postfix are interleaved.
"""

import dataclasses
import functools
import pathlib
import statistics
import tempfile

from suite import load, postfix, report, servers, target
from suite.processes import BenchError, peak_bytes
from suite.result import Result
from suite.server import Server

CONNECTIONS_PER_S = 10_000
GOOD_PER_S = 50
PATIENCE_S = 10
FLOOD, GOOD = "127.4.0.0/16", "127.2.0.0/16"
MEMORY_MAX = 64 << 20
SLUICE = f"""
    recipients.verify = "mta"
    policy.networks.fast = ["{GOOD}"]
    limits.memory_octets_max = {MEMORY_MAX}
    """


@dataclasses.dataclass
class Runs:
    """One server; a value, or a result of the load, for each run."""

    server: str
    quiet: list = dataclasses.field(default_factory=list)  # good mail alone
    good: list = dataclasses.field(default_factory=list)  # and beside the flood
    per_s: list = dataclasses.field(default_factory=list)  # connections of the flood
    us: list = dataclasses.field(default_factory=list)  # CPU of one, beyond what the good mail costs
    unserved: dict = dataclasses.field(default_factory=dict)  # connections of the flood that were begun
    peak_bytes: int = 0  # resident, of the largest worker


def _good(setting, server, seconds, after=0):
    classes = {"good": {"kind": "mail", "clients": 200, "rate": GOOD_PER_S, "sources": GOOD, "after": after,
                        "timeout": PATIENCE_S}}
    return load.mix(setting.build, server.port, classes, seconds=seconds + after)["good"]


def _flood():
    one = {"clients": 500, "rate": CONNECTIONS_PER_S / 4, "sources": FLOOD, "timeout": PATIENCE_S, "dropped": True}
    return {f"{kind}{' reset' if reset else ''}": {"kind": kind, "reset": reset, **one}
            for kind in ("peek", "rush") for reset in (False, True)}


def _own_cpu_ns(server):
    """Without the MTA behind it."""
    return Server.cpu_ns(server)


def _cpu_of(server, work):
    before = _own_cpu_ns(server)
    result = work()
    server.settle()
    return result, _own_cpu_ns(server) - before


def _run(setting, server, runs, seconds):
    quiet, quiet_ns = _cpu_of(server, lambda: _good(setting, server, seconds))

    def attacked():
        flooding = load.Mix(setting.build, server.port, _flood(), seconds=seconds + 2)
        good = _good(setting, server, seconds, after=1)
        return good, flooding.result()

    (good, flood), flood_ns = _cpu_of(server, attacked)
    runs.quiet.append(quiet)
    runs.good.append(good)
    connections = sum(one["units"] for one in flood.values())
    runs.per_s.append(round(connections / (seconds + 2)))
    mail_ns = quiet_ns / max(quiet["units"], 1) * good["units"]
    runs.us.append(round((flood_ns - mail_ns) / max(connections, 1) / 1e3, 2))
    for one in flood.values():
        for reason, count in one["failures"].items():
            # Those that found all 2,000 clients busy show in the rate.
            if not reason.startswith("arrival:"):
                runs.unserved[reason] = runs.unserved.get(reason, 0) + count
    if isinstance(server, servers.Sluice):
        runs.peak_bytes = max(runs.peak_bytes, *(peak_bytes(pid) for pid in server.pids()))
    setting.say(f"{server.name}: {runs.per_s[-1]} connections/s, good p99 {good['p99_us'] / 1e3:.1f} ms, "
                f"{good['failed']} failed")


def _measure(setting, makes, seconds):
    measured, running, notes = [], [], []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        try:
            for number, make in enumerate(makes):
                try:
                    server = make(setting.build, pathlib.Path(folder) / str(number))
                    running.append(server)
                    server.start()
                except (servers.Missing, BenchError) as reason:
                    notes.append(f"left out: {reason}")
                    setting.say(notes[-1])
                    continue
                _good(setting, server, 2)
                server.settle()
                measured.append((server, Runs(server.name)))
            for _ in range(setting.rounds):
                for server, runs in measured:
                    _run(setting, server, runs, seconds)
        finally:
            for server in running:
                server.stop()
    return [runs for _, runs in measured], notes


def _ms(results, key):
    return statistics.median(result[key] for result in results) / 1e3


def _failed(results):
    return sum(result["failed"] for result in results)


def _tables(measured):
    def latency(results, key):
        values = [result[key] / 1e3 for result in results]
        return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"

    good, flood = [], []
    for runs in measured:
        for what, results in (("no flood", runs.quiet), ("flood", runs.good)):
            good.append([runs.server, what, str(sum(result["units"] for result in results)), str(_failed(results)),
                         latency(results, "p50_us"), latency(results, "p99_us")])
        flood.append([runs.server, f"{statistics.median(runs.per_s):.0f} ({min(runs.per_s)}–{max(runs.per_s)})",
                      f"{statistics.median(runs.us):.1f} ({min(runs.us):.1f}–{max(runs.us):.1f})",
                      ", ".join(f"{count} × {reason}" for reason, count in runs.unserved.items()) or "none",
                      f"{runs.peak_bytes / 2**20:.1f}" if runs.peak_bytes else "–"])
    return (f"{GOOD_PER_S} good mails a second; ms, medians (least–most of the runs).\n\n"
            + report.table(["server", "beside", "mails", "failed", "p50", "p99"], good)
            + f"\nThe flood: {CONNECTIONS_PER_S} connections a second are tried. CPU is that of Sluice alone, or of all of "
              "Postfix, less what the good mail costs without a flood.\n\n"
            + report.table(["server", "connections/s reached", "CPU µs a connection", "not served",
                            "resident MiB of a worker, at most"], flood))


def flood(setting):
    """Good mail while 10,000 connections a second come and go: Sluice before Postfix, and Postfix alone."""
    if setting.quick:
        setting = dataclasses.replace(setting, rounds=1)
    makes = [functools.partial(servers.SluiceBeforePostfix, settings=SLUICE),
             functools.partial(postfix.Postfix, listener="tuned")]
    measured, notes = _measure(setting, makes, 5 if setting.quick else 20)
    ours = next((runs for runs in measured if runs.server == servers.SluiceBeforePostfix.name), None)
    targets = [
        target.Target("good mails failed beside the flood", 0, _failed(ours.good)),
        target.ratio("p99 of good mail beside the flood, over its own without", 2, _ms(ours.good, "p99_us"),
                     _ms(ours.quiet, "p99_us")),
        target.Target("resident MiB of a worker, of limits.memory_octets_max", MEMORY_MAX / 2**20,
                      ours.peak_bytes / 2**20, "MiB"),
    ] if ours else []
    text = _tables(measured) + target.table(targets) + "".join(f"\n- {note}" for note in notes) + ("\n" if notes else "")
    figures = {"runs": [dataclasses.asdict(runs) for runs in measured], "targets": target.as_json(targets),
               "notes": notes}
    return Result(text, figures, not ours or _failed(ours.good + ours.quiet) > 0)
