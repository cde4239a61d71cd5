"""What judging costs: Sluice with its memory and every signal that needs no DNS, against the same Sluice that judges nothing.

The same sessions of the same clients go to both, and both know them already: a first run of each is not counted. The cost is
CPU of all processes, the store process included, a session. Both end a session alike, so that only judging differs.
"""

import dataclasses
import functools
import statistics

from suite import cost, report, servers, target
from suite.result import Result
from suite.server import Floor

LIMIT_US = 15
CLIENTS = "127.5.0.0/22"  # 1,022 addresses: each comes again and again
COMMON = """
    recipients.verify = "mta"
    policy.pregreet.wait_ms = 0
    # Nothing asks DNS.
    policy.resolve_names = false
    policy.signals.no_ptr = 0
    policy.signals.ptr_unconfirmed = 0
    policy.signals.dynamic_name = 0
    policy.signals.helo_unresolvable = 0
    # The clients that name unknown recipients are to be judged, not to become slow.
    policy.observe_signals = ["reputation", "unknown_recipients"]
    """
# Every signal that is looked for without DNS, and none of them.
OFF = ["blocklist", "reputation", "concurrency", "rate", "pregreet", "non_smtp", "early_pipelining", "bare_newline", "helo_syntax",
       "helo_bare", "helo_ours", "helo_literal", "helo_loopback_literal", "helo_wrong_literal", "null_sender_fanout", "trap_recipient",
       "unknown_recipients"]
NOTHING = "store = \"off\"\n" + COMMON + "policy.unknown_recipients.slow_after = 0\n" + "".join(
    f"policy.signals.{signal} = 0\n" for signal in OFF)
# Limits that are counted and not reached: rates are a part of judging.
RATES = "".join(f"policy.rates.{scope}.{what} = 100000000\n" for scope in ("client", "network", "all")
                for what in ("at_once", "connections", "messages", "recipients", "tls_sessions", "auth", "unknown_recipients"))
JUDGING = "store = \"local\"\n" + COMMON + 'policy.trap_recipients = ["trap@bench.test"]\n' + RATES


class SluiceJudging(servers.Sluice):
    name = "Sluice, judging"


class SluiceBare(servers.Sluice):
    name = "Sluice, judging nothing"


def _difference(compared, index):
    """Of the runs of each round: CPU µs of judging a unit."""
    judging, bare = (compared.cells[one.name][index].us for one in (SluiceJudging, SluiceBare))
    return [round(with_it - without, 2) for with_it, without in zip(judging, bare)]


def judging(setting):
    """CPU of judging a session, workers and store process together: everything local, warm clients."""
    setting = dataclasses.replace(setting, rounds=3 if setting.quick else max(setting.rounds, 7))
    units = 3000 if setting.quick else 5000
    same = {"sources": CLIENTS}
    works = [cost.Work("connect, greeting, QUIT", "churn", units, same),
             cost.Work("a refused recipient", "bounce", units, {**same, "recipients": 100}),
             cost.Work("a mail of 4 kB", "mail", units, same)]
    compared = cost.Comparison(setting.build, [
        cost.Entry(Floor), cost.Entry(functools.partial(SluiceBare, settings=NOTHING)),
        cost.Entry(functools.partial(SluiceJudging, settings=JUDGING))], works, setting.rounds, setting.say)
    compared.measure()
    rows, targets, figures = [], [], {}
    for index, work in enumerate(works):
        differences = _difference(compared, index)
        medians = compared.us(SluiceJudging.name, work.title) - compared.us(SluiceBare.name, work.title)
        rows.append([work.title, report.quartiles(differences), f"{medians:.1f}"])
        targets.append(target.Target(f"judging, {work.title}", LIMIT_US, round(statistics.median(differences), 2), "µs"))
        figures[work.title] = {"us": targets[-1].measured, "rounds": differences, "of_medians": round(medians, 2)}
    text = report.comparison(compared, Floor.name)
    text += "\nCPU µs of judging a unit: the difference of the two within each round, its median and quartiles.\n\n"
    text += report.table(["unit", "difference", "of the medians"], rows) + target.table(targets)
    mail = figures[works[-1].title]["us"]
    return Result(text, {"judging_us": mail, "units": figures, "cells": compared.as_json(), "notes": compared.notes,
                         "targets": target.as_json(targets)},
                  compared.failed(SluiceJudging.name) or compared.failed(SluiceBare.name))
