"""The benches by name, and those that compare what one unit costs. Each takes a Setting and returns a Result."""

import dataclasses
import functools

from suite import cost, postfix, report, servers, target
from suite.botnet import botnet
from suite.choke import choke
from suite.crowd import crowd
from suite.flood import flood
from suite.goodput import goodput
from suite.grow import grow
from suite.holding import hold
from suite.judging import judging
from suite.latency import latency
from suite.result import Result
from suite.sandbox import sandbox
from suite.server import Floor
from suite.tls import tls

SLUICE = """
    recipients.verify = "mta"
    policy.networks.fast = ["127.0.0.0/8"]
    # All guesses come from a few addresses, which is not what is measured here.
    policy.unknown_recipients.slow_after = 0
    limits.errors_max = 1000000
    """

SPREAD = "127.1.0.0/16"
FLOOR, SLUICE_ALONE, HAPROXY, NGINX = (one.name for one in (Floor, servers.Sluice, servers.Haproxy, servers.Nginx))


def _compare(setting, entries, works):
    if setting.quick:
        works = [dataclasses.replace(work, units=max(work.units // 5, work.units_min)) for work in works]
    compared = cost.Comparison(setting.build, entries, works, setting.rounds, setting.say)
    compared.measure()
    return compared


def _result(name, compared, targets):
    text = "\n".join(report.comparison(one, FLOOR) for one in compared) + target.table(targets)
    figures = {"cells": {key: value for one in compared for key, value in one.as_json().items()},
               "notes": [note for one in compared for note in one.notes], "targets": target.as_json(targets)}
    return Result(text, figures, name not in compared[0].cells or compared[0].failed(name))


def _entries(setting, *slow):
    """The servers every comparison has, then those that are left out when it must be quick."""
    entries = [cost.Entry(Floor), cost.Entry(functools.partial(servers.Sluice, settings=SLUICE)),
               # Its backend waits 43 ms for each mail (Nagle's algorithm against a delayed ACK).
               cost.Entry(servers.Nginx, share=0.25), cost.Entry(servers.Haproxy)]
    return entries if setting.quick else entries + list(slow)


def _postfix(listener, share, **settings):
    return cost.Entry(functools.partial(postfix.Postfix, listener=listener), share=share, settings=settings)


def relay(setting):
    """CPU of a mail from a good client, 4 kB to 10 MB, through each server to an SMTP sink."""
    large = {"size": 10_000_000, "clients": 5}
    works = [
        cost.Work("4 kB, a connection each", "mail", 10_000),
        cost.Work("4 kB, a connection and an address each", "mail", 10_000, {"sources": SPREAD}),
        cost.Work("4 kB, 100 a connection", "mail", 10_000, {"persistent": 100}),
        cost.Work("4 kB, a connection each, pipelined", "mail", 10_000, {"pipelined": True}),
        cost.Work("64 kB, a connection each", "mail", 2000, {"size": 65_536}),
        cost.Work("64 kB, 100 a connection", "mail", 2000, {"size": 65_536, "persistent": 100}),
        cost.Work("10 MB, a connection each", "mail", 40, large, units_min=5),
        cost.Work("10 MB, 10 a connection", "mail", 40, {**large, "persistent": 10}, units_min=10),
    ]
    slow = [cost.Entry(servers.SmtpSink), cost.Entry(functools.partial(servers.SluiceOnDisk, settings=SLUICE), share=0.5),
            _postfix("filter", 0.2), cost.Entry(servers.Haraka, share=0.05)]
    compared = _compare(setting, _entries(setting, *slow), works)
    us = compared.us
    return _result(SLUICE_ALONE, [compared], [
        target.Target(works[0].title, 60, us(SLUICE_ALONE, works[0].title), "µs"),
        *(target.ratio(f"{work.title}, over {HAPROXY}", limit, us(SLUICE_ALONE, work.title), us(HAPROXY, work.title))
          for work, limit in [(works[0], 0.8), (works[6], 1.5), (works[7], 1.5)])])


def bounce(setting):
    """CPU of a connection whose one recipient is refused: known to Sluice, or new, so that the MTA is asked."""
    spread = {"sources": SPREAD}
    warm = _compare(setting, _entries(setting, _postfix("tuned", 0.2, **spread), _postfix("default", 0.1, **spread),
                                      cost.Entry(servers.Haraka, share=0.05)), [
        cost.Work("a refused recipient", "bounce", 15_000),
        cost.Work("and an address each", "bounce", 15_000, spread),
    ])
    # A directory harvest: 50 connections of one client, or each from a machine of its own.
    cold = _compare(setting, [cost.Entry(functools.partial(servers.SluiceBeforePostfix, settings=SLUICE)),
                              _postfix("tuned", 0.5), _postfix("default", 0.25)], [
        cost.Work("a random recipient, MTA and all", "bounce", 10_000, {"random": True}),
        cost.Work("and an address each, MTA and all", "bounce", 10_000, {"random": True, **spread})])
    tuned = postfix.NAMES["tuned"]
    return _result(SLUICE_ALONE, [warm, cold], [
        target.ratio("known recipient, over the floor", 1.5, warm.us(SLUICE_ALONE, "a refused recipient"),
                     warm.us(FLOOR, "a refused recipient")),
        *(target.ratio(f"{work.title}, over {tuned}", 0.6,
                       cold.us(servers.SluiceBeforePostfix.name, work.title), cold.us(tuned, work.title))
          for work in cold.works)])


def churn(setting):
    """CPU of a connection that hears the greeting and leaves."""
    title = "connect, greeting, QUIT"
    slow = [cost.Entry(servers.SmtpSink), _postfix("tuned", 0.2, sources=SPREAD), cost.Entry(servers.Haraka, share=0.2)]
    compared = _compare(setting, _entries(setting, *slow), [cost.Work(title, "churn", 30_000)])
    return _result(SLUICE_ALONE, [compared], [
        target.ratio(f"over {NGINX}", 1.2, compared.us(SLUICE_ALONE, title), compared.us(NGINX, title))])


BENCHES = {one.__name__: one for one in (goodput, hold, choke, crowd, flood, relay, churn, bounce, latency, grow, tls, sandbox,
                                        botnet, judging)}
