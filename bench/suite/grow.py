"""Whether a session, a mail or a refusal costs more when there are more of them.

Four instances of Sluice stand side by side with 1×, 2×, 4× and 8× as many sessions held, and four with as many
recipients in their caches; runs are interleaved among them. What is looked for is cost that grows with number: a list
that is walked, a table that is too full, a timer that finds its place by asking everybody.
"""

import contextlib
import dataclasses
import pathlib
import statistics
import tempfile
import time

from suite import load, report, servers, target
from suite.holding import FAST, SLUICE, await_greetings, holding
from suite.processes import user_bytes
from suite.result import Result

FACTORS = [1, 2, 4, 8]
GROWTH_MAX = 1.1
SETTINGS = SLUICE + "policy.unknown_recipients.slow_after = 0\n    limits.errors_max = 1000000\n"


@dataclasses.dataclass
class Measure:
    """One cost at each factor; a value for each run."""

    title: str
    values: list = dataclasses.field(default_factory=lambda: [[] for _ in FACTORS])

    def at(self, index):
        return statistics.median(self.values[index])

    def growth(self):
        known = [self.at(n) for n in range(len(FACTORS)) if self.values[n]]
        return known[-1] / known[0]

    def row(self):
        cells = [report.number(self.at(n)) if self.values[n] else "" for n in range(len(FACTORS))]
        return [self.title, *cells, f"{100 * (self.growth() - 1):+.0f} %"]

    def take_slopes(self, totals, base):
        """Memory: what each of those beyond the last column costs. What a worker has only once, or had lying free
        before, falls out; so there is nothing in the first column."""
        for n in range(1, len(FACTORS)):
            more = base * (FACTORS[n] - FACTORS[n - 1])
            self.values[n].append((totals[n] - totals[n - 1]) / more)


@contextlib.contextmanager
def _instances(setting):
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        started = []
        try:
            for factor in FACTORS:
                server = servers.Sluice(setting.build, pathlib.Path(folder) / str(factor), settings=SETTINGS)
                started.append(server)
                server.start()
                _unit_us(setting, server, "mail", 500)
            yield started
        finally:
            for server in started:
                server.stop()


def _private(server):
    """Not the share of what is shared: that moves with what the other instances touch."""
    return user_bytes(server.pids(), "Private_Dirty:")


def _unit_us(setting, server, mode, units, failures=None, **options):
    before = server.cpu_ns()
    result = load.run(setting.build, mode, server.port, units=units, sources=FAST, **options)
    server.settle()
    if failures is not None:
        failures.update(result["failures"])
    return (server.cpu_ns() - before) / 1e3 / max(result["units"], 1)


def _per_session(setting, base, kind, failures):
    """What is measured while sessions are held: silent ones cost nothing themselves, so that others can be measured."""
    seconds, units = (4, 2000) if setting.quick else (20, 10_000)
    what = ["CPU µs a session-second", "user bytes a session"] if kind == "dripping" else [
        "CPU µs a 4 kB mail", "CPU µs a refused recipient", "CPU µs a connect, greeting, QUIT"]
    measures = [Measure(f"{title}, {kind} sessions held") for title in what]
    with _instances(setting) as instances, contextlib.ExitStack() as stack:
        before = [_private(server) for server in instances]
        for factor, server in zip(FACTORS, instances):
            held = stack.enter_context(holding(setting, server.port, base * factor, kind))
            await_greetings(held, base * factor)
        setting.say(f"{base * sum(FACTORS)} {kind} sessions in four instances")
        for _ in range(setting.rounds):
            if kind == "dripping":
                used, at = [server.cpu_ns() for server in instances], time.monotonic()
                time.sleep(seconds)
                elapsed = time.monotonic() - at
                for n, server in enumerate(instances):
                    measures[0].values[n].append((server.cpu_ns() - used[n]) / 1e3 / (base * FACTORS[n]) / elapsed)
                measures[1].take_slopes([_private(server) - was for server, was in zip(instances, before)], base)
            else:
                for measure, mode in zip(measures, ("mail", "bounce", "churn")):
                    for n, server in enumerate(instances):
                        measure.values[n].append(_unit_us(setting, server, mode, units, failures))
    return measures


def _per_recipient(setting, base, failures):
    units = 4000 if setting.quick else 20_000
    cpu, memory = Measure("CPU µs a refused recipient, recipients cached"), Measure("user bytes a recipient cached")
    with _instances(setting) as instances:
        before = [_private(server) for server in instances]
        for factor, server in zip(FACTORS, instances):
            _unit_us(setting, server, "bounce", base * factor, failures, recipients=base * factor, persistent=100)
        memory.take_slopes([_private(server) - was for server, was in zip(instances, before)], base)
        setting.say(f"{base * sum(FACTORS)} recipients in four caches")
        for seed in range(setting.rounds):
            for n, server in enumerate(instances):
                cpu.values[n].append(_unit_us(setting, server, "bounce", units, failures, recipients=base * FACTORS[n],
                                              seed=seed + 1))
    return [cpu, memory]


def grow(setting):
    """Cost of a session, a mail and a refusal at 1×, 2×, 4× and 8× the sessions held and recipients cached."""
    sessions, recipients = (1000, 5000) if setting.quick else (2000, 50_000)
    failures = {}
    measures = [measure for kind in ("dripping", "silent") for measure in _per_session(setting, sessions, kind, failures)]
    measures += _per_recipient(setting, recipients, failures)
    text = (f"1× is {sessions} sessions or {recipients} recipients; one worker each; medians of {setting.rounds} runs.\n\n"
            + report.table(["", *(f"{factor}×" for factor in FACTORS), "from 1× to 8×"],
                           [measure.row() for measure in measures]))
    targets = [target.Target(f"{measure.title}: at 8×, over 1×", GROWTH_MAX, measure.growth(), "×") for measure in measures]
    text += target.table(targets) + (f"\n- failed: {failures}\n" if failures else "")
    figures = {"measures": [dataclasses.asdict(measure) for measure in measures], "failures": failures,
               "targets": target.as_json(targets)}
    return Result(text, figures, bool(failures))
