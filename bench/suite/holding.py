"""What a held connection costs, and whether good mail minds.

A load generator opens the sessions from addresses in the slow network and keeps them: `silent` ones have heard the
greeting and say nothing; `dripping` ones say EHLO again whenever the reply has trickled out, so that there is always
something to drip. Meanwhile good mail comes from the fast network.
"""

import dataclasses
import functools
import pathlib
import tempfile
import time

from suite import load, report, servers
from suite.processes import BenchError, kernel_bytes, user_bytes
from suite.result import Result

SLOW, FAST = "127.1.0.0/16", "127.2.0.0/16"
SLUICE = f"""
    recipients.verify = "mta"
    policy.networks.slow = ["{SLOW}"]
    policy.networks.fast = ["{FAST}"]
    """
TARGET_BYTES = 512


@dataclasses.dataclass
class Held:
    """One server under one kind of held sessions."""

    server: str
    kind: str
    sessions: int = 0  # open at the end
    user_bytes: float = 0  # a session, beyond the same processes after some good mail
    kernel_bytes: float = 0  # a session, both ends of it, of the whole machine
    cpu_us: float = 0  # a session-second
    octets_per_s: float = 0  # a session, as the client read them
    good: dict = dataclasses.field(default_factory=dict)  # result of the good mail meanwhile
    good_before: dict = dataclasses.field(default_factory=dict)  # and before
    failures: dict = dataclasses.field(default_factory=dict)  # of held sessions


def _good_mail(setting, server, units):
    return load.run(setting.build, "mail", server.port, units=units, clients=10, sources=FAST)


def _all_greeted(held, sessions, say, seconds=180):
    """Waits for them; what the generator said last."""
    for _ in range(seconds):
        now = held.second()
        if now["greeted"] == sessions:
            return now
        if now["failed"]:
            break
    raise BenchError(f"only {now['greeted']} of {sessions} sessions were greeted: {held.stop()}")


def _measure(setting, server, kind, sessions, seconds):
    mails = 500 if setting.quick else 5000
    row = Held(server.name, kind)
    _good_mail(setting, server, 500)
    row.good_before = _good_mail(setting, server, mails)
    time.sleep(1)
    user_before, kernel_before = user_bytes(server.pids()), kernel_bytes()
    held = load.Hold(setting.build, server.port, clients=sessions, sources=SLOW, rate=3000, seconds=3600,
                     timeout=600, silent=kind == "silent")
    try:
        begun = _all_greeted(held, sessions, setting.say)
        setting.say(f"{server.name}: {sessions} {kind} sessions after {begun['second']} s")
        cpu_before = server.cpu_ns()
        most = 0
        for _ in range(seconds):
            now = held.second()
            most = max(most, user_bytes(server.pids()))
        row.cpu_us = (server.cpu_ns() - cpu_before) / 1e3 / sessions / seconds
        row.octets_per_s = (now["octets_read"] - begun["octets_read"]) / sessions / seconds
        row.user_bytes = (most - user_before) / sessions
        row.kernel_bytes = (kernel_bytes() - kernel_before) / sessions
        row.good = _good_mail(setting, server, mails)
        while now["second"] < begun["second"] + seconds + 1:
            now = held.second()
        row.sessions = held.second()["open"]
    finally:
        result = held.stop()
    row.failures = result["failures"]
    return row


def _table(rows):
    def good(result):
        failed = f", {result['failed']} failed: {result['failures']}" if result["failed"] else ""
        return f"{result['p50_us'] / 1e3:.2f} / {result['p99_us'] / 1e3:.2f}{failed}"

    return report.table(
        ["server", "sessions", "held", "user bytes each", "kernel bytes each, both ends", "CPU µs a session-second",
         "octets/s each", "good mail p50 / p99 ms", "and with nothing held", "lost sessions"],
        [[row.server, row.kind, str(row.sessions), f"{row.user_bytes:.0f}", f"{row.kernel_bytes:.0f}",
          f"{row.cpu_us:.3f}", f"{row.octets_per_s:.2f}", good(row.good), good(row.good_before),
          ", ".join(f"{count} × {reason}" for reason, count in row.failures.items()) or "none"] for row in rows])


def hold(setting):
    """Memory and CPU of 15,000 slow sessions in one worker, and good mail meanwhile."""
    sessions, seconds = (5000, 5) if setting.quick else (15_000, 20)
    plan = [(functools.partial(servers.Sluice, settings=SLUICE), "silent"),
            (functools.partial(servers.Sluice, settings=SLUICE), "dripping"),
            (servers.Nginx, "silent")]
    rows, notes = [], []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        for number, (make, kind) in enumerate(plan):
            server = None
            try:
                server = make(setting.build, pathlib.Path(folder) / str(number))
                server.start()
                rows.append(_measure(setting, server, kind, sessions, seconds))
            except (servers.Missing, BenchError) as reason:
                note = f"{server.name}, {kind}: {reason}" if server else f"left out: {reason}"
                if note not in notes:
                    notes.append(note)
                    setting.say(note)
            finally:
                if server:
                    server.stop()
    ours = [row for row in rows if row.server == servers.Sluice.name]
    text = _table(rows) + f"\n{servers.Sluice.name} is to reach: {TARGET_BYTES} user bytes each, no good mail failed.\n"
    text += "".join(f"\n- {note}" for note in notes) + ("\n" if notes else "")
    failed = len(ours) < 2 or any(row.good["failed"] or row.failures for row in ours)
    return Result(text, {"rows": [dataclasses.asdict(row) for row in rows], "notes": notes}, failed)
