"""The benches by name. Each takes a Setting and returns a Result."""

import dataclasses
import functools

from suite import cost, report, servers
from suite.holding import hold
from suite.result import Result

SLUICE = """
    recipients.verify = "mta"
    policy.networks.fast = ["127.0.0.0/8"]
    # All guesses come from a few addresses, which is not what is measured here.
    policy.unknown_recipients.slow_after = 0
    limits.errors_max = 1000000
    """

SPREAD = "127.1.0.0/16"


def _compare(setting, entries, works):
    if setting.quick:
        works = [dataclasses.replace(work, units=work.units // 5) for work in works]
    compared = cost.Comparison(setting.build, entries, works, setting.rounds, setting.say)
    compared.measure()
    name = servers.Sluice.name
    return Result(report.comparison(compared, servers.Floor.name, name),
                  {"cells": compared.as_json(), "notes": compared.notes},
                  name not in compared.cells or compared.failed(name))


def _entries(setting, *slow):
    """The servers every comparison has, then those that are left out when it must be quick."""
    entries = [cost.Entry(servers.Floor), cost.Entry(functools.partial(servers.Sluice, settings=SLUICE)),
               # Its backend waits 43 ms for each mail (Nagle's algorithm against a delayed ACK).
               cost.Entry(servers.Nginx, share=0.25), cost.Entry(servers.Haproxy)]
    return entries if setting.quick else entries + list(slow)


def relay(setting):
    """CPU of a 4 kB mail from a good client through each server to an SMTP sink."""
    slow = [cost.Entry(functools.partial(servers.Postfix, proxy_filter=True), share=0.2),
            cost.Entry(servers.Haraka, share=0.05)]
    return _compare(setting, _entries(setting, *slow), [
        cost.Work("a connection each", "mail", 10_000, target_us=76, target_floor_us=30.5),
        cost.Work("a connection and an address each", "mail", 10_000, {"sources": SPREAD}),
        cost.Work("100 a connection", "mail", 10_000, {"persistent": 100}),
        cost.Work("a connection each, pipelined", "mail", 10_000, {"pipelined": True}),
    ])


def bounce(setting):
    """CPU of a connection whose one recipient is refused; Sluice knows it from its cache."""
    spread = {"sources": SPREAD}
    slow = [cost.Entry(functools.partial(servers.Postfix, tuned=True), share=0.2, settings=spread),
            cost.Entry(functools.partial(servers.Postfix, tuned=False), share=0.1, settings=spread),
            cost.Entry(servers.Haraka, share=0.05)]
    return _compare(setting, _entries(setting, *slow), [
        cost.Work("a refused recipient", "bounce", 15_000, target_us=40, target_floor_us=22.9),
        cost.Work("and an address each", "bounce", 15_000, {"sources": SPREAD}),
    ])


def churn(setting):
    """CPU of a connection that hears the greeting and leaves."""
    slow = [cost.Entry(functools.partial(servers.Postfix, tuned=True), share=0.2, settings={"sources": SPREAD}),
            cost.Entry(servers.Haraka, share=0.2)]
    return _compare(setting, _entries(setting, *slow), [
        cost.Work("connect, greeting, QUIT", "churn", 30_000, target_us=20, target_floor_us=12.4),
    ])


BENCHES = {"relay": relay, "bounce": bounce, "churn": churn, "hold": hold}
