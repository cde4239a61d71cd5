"""What a held connection costs, and whether good mail minds.

Load generators open the sessions from addresses in the slow network and keep them: `silent` ones have heard the
greeting and say nothing; `dripping` ones say EHLO again whenever the reply has trickled out, so that there is always
something to drip. Good mail comes from the fast network, as an open loop: so many a second, come what may.
"""

import contextlib
import dataclasses
import functools
import pathlib
import tempfile
import time

from suite import load, postfix, report, servers, target
from suite.processes import BenchError, kernel_bytes, kernel_share, user_bytes
from suite.result import Result

# Those of load.Holds, and of good mail.
SLOW, FAST = "127.64.0.0/10", "127.2.0.0/16"
# A session of the bench is held longer than Sluice holds one: it would be let through at full speed after ten minutes,
# and a silent one be gone after five.
SLUICE = f"""
    recipients.verify = "mta"
    policy.networks.slow = ["{SLOW}"]
    policy.networks.fast = ["{FAST}"]
    pace.max_delay_s = 3600
    limits.command_timeout_s = 7200
    limits.junk_commands_max = 1000000
    """
# The kernel deals connections out by a hash: a worker gets its share give or take some hundreds, and good mail.
SESSIONS_A_WORKER = 17_500
GOOD_PER_S = 100
# To be woken for every drop would cost the load generators more than it costs to send one; a client on another machine
# costs this one nothing.
READ_EVERY_MS = 5000
# What a reply of the slow lane takes; all sessions came within seconds, and each costs more at its end.
REPLY_S = 22


@dataclasses.dataclass
class Held:
    """One server under one kind of held sessions."""

    server: str
    kind: str
    wanted: int
    workers: int = 1
    sessions: int = 0  # greeted
    seconds: int = 0  # for which they were held
    user_bytes: float = 0  # a session, beyond the same processes after some good mail
    kernel_bytes: float = 0  # a session, both ends of it, of the whole machine
    cpu_us: float = 0  # a session-second
    kernel_share: float = 0  # of that
    octets_per_s: float = 0  # a session, as the client read them
    good: dict = dataclasses.field(default_factory=dict)  # result of the good mail meanwhile
    good_before: dict = dataclasses.field(default_factory=dict)  # and before
    failures: dict = dataclasses.field(default_factory=dict)  # of held sessions


def good_mail(setting, port, seconds, **options):
    classes = {"good": {"kind": "mail", "clients": 100, "rate": GOOD_PER_S, "sources": FAST, **options}}
    return load.mix(setting.build, port, classes, seconds=seconds)["good"]


def sluice(sessions):
    """A Sluice with as many workers as so many sessions need."""
    return functools.partial(servers.Sluice, settings=SLUICE, workers=-(-sessions // SESSIONS_A_WORKER))


def await_greetings(held, sessions, *, all_of_them=True, seconds=240):
    """What the generators said when all were greeted; or, when not all need be, when no more were."""
    last = -1
    for _ in range(seconds):
        now = held.second()
        if now["greeted"] == sessions or (not all_of_them and now["greeted"] == last and now["second"] > 8):
            return now
        if now["failed"] and all_of_them:
            break
        last = now["greeted"]
    raise BenchError(f"only {now['greeted']} of {sessions} sessions were greeted: {held.stop()['failures']}")


@contextlib.contextmanager
def holding(setting, port, sessions, kind):
    """That many sessions, being opened. Afterwards `result` is what came of them."""
    held = load.Holds(setting.build, port, clients=sessions, rate=min(max(sessions // 15, 1000), 6000), seconds=7200,
                      timeout=600, **({"silent": True} if kind == "silent" else {"read-every-ms": READ_EVERY_MS}))
    try:
        yield held
    finally:
        held.result = held.stop()


def _seconds_alone(kind, seconds):
    """Of so many, those without good mail: for whole replies, where there are any."""
    if kind == "silent":
        return max(min(seconds // 2, 60), 4)
    return REPLY_S * max(min(seconds // 2 // REPLY_S, 3), 1)


def _measure(setting, server, row, seconds, all_of_them):
    good_mail(setting, server.port, 2)
    row.good_before = good_mail(setting, server.port, min(seconds // 2, 30))
    time.sleep(1)
    user_before, kernel_before = user_bytes(server.pids()), kernel_bytes()
    with holding(setting, server.port, row.wanted, row.kind) as held:
        begun = await_greetings(held, row.wanted, all_of_them=all_of_them)
        row.sessions = begun["greeted"]
        setting.say(f"{server.name}: {row.sessions} {row.kind} sessions after {begun['second']} s")
        # First nothing but the sessions, then good mail as well.
        alone = _seconds_alone(row.kind, seconds)
        _, shares = kernel_share(server.pids())
        cpu_before, at = server.cpu_ns(), time.monotonic()
        for _ in range(alone):
            now = held.second()
        used, elapsed = server.cpu_ns() - cpu_before, time.monotonic() - at
        row.cpu_us = used / 1e3 / row.sessions / elapsed
        row.kernel_share, _ = kernel_share(server.pids(), shares)
        row.octets_per_s = (now["octets_read"] - begun["octets_read"]) / row.sessions / (now["second"] - begun["second"])
        row.user_bytes = (user_bytes(server.pids()) - user_before) / row.sessions
        row.kernel_bytes = (kernel_bytes() - kernel_before) / row.sessions
        row.good = good_mail(setting, server.port, seconds - alone, timeout=20)
        row.user_bytes = max(row.user_bytes, (user_bytes(server.pids()) - user_before) / row.sessions)
        row.seconds = round(time.monotonic() - at)
    row.failures = held.result["failures"]


def _rows(setting, plan):
    """Each of the plan in turn: (what makes the server, sessions, kind, seconds, all must be greeted)."""
    rows, notes = [], []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        for number, (make, sessions, kind, seconds, all_of_them) in enumerate(plan):
            server = None
            try:
                server = make(setting.build, pathlib.Path(folder) / str(number))
                row = Held(server.name, kind, sessions, getattr(server, "workers", 1))
                server.start()
                _measure(setting, server, row, seconds, all_of_them)
                rows.append(row)
            except (servers.Missing, BenchError) as reason:
                note = f"{server.name}, {sessions} {kind}: {reason}" if server else f"left out: {reason}"
                notes.append(note)
                setting.say(note)
            finally:
                if server:
                    server.stop()
    return rows, list(dict.fromkeys(notes))


def latency(result):
    """`0.41 / 1.30`, with what failed."""
    if not result["units"]:
        return f"none of {result['failed']} came through"
    failed = f", {result['failed']} of {result['failed'] + result['units']} failed" if result["failed"] else ""
    return f"{result['p50_us'] / 1e3:.2f} / {result['p99_us'] / 1e3:.2f}{failed}"


def _table(rows):
    return report.table(
        ["server", "workers", "sessions", "held", "for s", "user bytes each", "kernel bytes each, both ends",
         "CPU µs a session-second", "of it in the kernel", "octets/s each", "good mail p50 / p99 ms", "and with nothing held", "lost sessions"],
        [[row.server, str(row.workers), f"{row.wanted} {row.kind}", str(row.sessions), str(row.seconds),
          f"{row.user_bytes:.0f}", f"{row.kernel_bytes:.0f}", f"{row.cpu_us:.3f}", f"{row.kernel_share:.0%}", f"{row.octets_per_s:.2f}",
          latency(row.good), latency(row.good_before),
          ", ".join(f"{count} × {reason}" for reason, count in row.failures.items()) or "none"] for row in rows])


def _targets(ours, sessions):
    """Of the holds of so many sessions."""
    targets = []
    for row in (row for row in ours if row.wanted == sessions):
        what = f"{row.wanted} {row.kind} sessions, {row.seconds} s"
        targets.append(target.Target(f"{what}: user bytes each", 512, row.user_bytes, "B"))
        if row.kind == "dripping":
            targets.append(target.Target(f"{what}: CPU a session-second", 1.5, row.cpu_us, "µs"))
        targets.append(target.ratio(f"{what}: p99 of good mail, over its own with nothing held", 1.5,
                                    row.good["p99_us"], row.good_before["p99_us"]))
        targets.append(target.Target(f"{what}: good mails failed", 0, row.good["failed"]))
        targets.append(target.Target(f"{what}: sessions lost", 0, sum(row.failures.values())))
    return targets


def _plan(setting):
    screened = functools.partial(postfix.Postfix, listener="screened", known=FAST)
    default = functools.partial(postfix.Postfix, listener="default")
    also = [(sluice(sessions), sessions, "dripping", 60, True) for sessions in setting.also]
    if setting.quick:
        return [(sluice(5000), 5000, "silent", 8, True), (sluice(5000), 5000, "dripping", 44, True),
                (sluice(30_000), 30_000, "dripping", 44, True), *also, (default, 300, "silent", 8, False)], 30_000
    plan = [(sluice(15_000), 15_000, "silent", 20, True), (sluice(15_000), 15_000, "dripping", 60, True),
            (sluice(60_000), 60_000, "dripping", 60, True), (sluice(100_000), 100_000, "silent", 30, True),
            (sluice(100_000), 100_000, "dripping", 600, True)]
    plan += also
    plan += [(servers.Nginx, 15_000, "silent", 30, True), (screened, 15_000, "silent", 30, False),
             (default, 300, "silent", 20, False)]
    return plan, 100_000


def hold(setting):
    """Memory and CPU of 15,000 to 100,000 slow sessions, 17,500 a worker, and good mail meanwhile."""
    plan, judged = _plan(setting)
    rows, notes = _rows(setting, plan)
    ours = [row for row in rows if row.server == servers.Sluice.name]
    targets = _targets(ours, judged)
    text = _table(rows) + target.table(targets) + "".join(f"\n- {note}" for note in notes) + ("\n" if notes else "")
    failed = (len(ours) < sum(1 for make, *_ in plan if getattr(make, "func", None) is servers.Sluice)
              or any(row.good["failed"] or row.failures for row in ours))
    figures = {"rows": [dataclasses.asdict(row) for row in rows], "targets": target.as_json(targets), "notes": notes}
    return Result(text, figures, failed)
