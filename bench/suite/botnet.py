"""A botnet and honest senders of every kind before Sluice: who gets through, who is kept out, and who has to wait.

Sluice stands before an MTA that takes everything but unknown recipients: what keeps spam out is what Sluice knows of the
client alone. It stands there as it comes (with a DNS blocklist), in stricter settings, and only observing; all at the same time, each with a
memory of its own, before the same population.
"""

import asyncio
import collections
import dataclasses
import json
import pathlib
import tempfile
import time

from suite import plot, report, servers, target
from suite.campaign import RETRY_S, Campaign
from suite.dialogue import BALANCER
from suite.names import Unbound
from suite.population import OUR_NAME, TRAP, Population
from suite.result import Result

SEED = 20261122
ZONE = "bl.bench.example"
GREYLIST_DELAY_S = 2
AS_IT_COMES, GREYLISTING, OBSERVING = "as it comes", "greylisting all, each time", "observing"
SETTINGS = {
    AS_IT_COMES: "",
    "greylisting from one sign on": "policy.greylist.suspect_from = 1",
    "greylisting all": 'policy.greylist.who = "all"',
    # No origin is let pass for what others of it have passed: bots of one provider are not vouched for by each other.
    GREYLISTING: 'policy.greylist.who = "all"\npolicy.greylist.allow_after = 0',
    "strangers slow": 'policy.default_lane = "slow"',
    OBSERVING: 'policy.mode = "observe"',
}
GONE_MIN = 0.996
# Beyond the pause in the greeting: DNS, and a machine that five settings share. Whatever Sluice holds back waits longer.
PROMPT_S = 2.5
# Of the picture.
BIN_S, BINS = 5, 26


def _common(dns, tempo):
    return f"""
        smtp.hostname = "{OUR_NAME}"
        recipients.verify = "mta"
        proxy_protocol.networks = ["{BALANCER}/32"]
        dns.servers = ["{dns}"]
        policy.dnsbl = [{{ zone = "{ZONE}" }}]
        policy.trap_recipients = ["{TRAP}"]
        policy.greylist.delay_s = {GREYLIST_DELAY_S}
        policy.pregreet.wait_ms = {2000 // tempo}
        pace.reply_s = {max(21 // tempo, 1)}
        pace.silence_max_s = {max(4 // tempo, 1)}
        pace.max_delay_s = {600 // tempo}
        policy.bots = [{{ name = "rustock", after_s = {21 // tempo}, tolerance_s = 1 }},
                       {{ name = "climbot", after_s = {100 // tempo}, tolerance_s = {2 if tempo == 1 else 1} }}]
        """


@dataclasses.dataclass
class Trial:
    """What came of one setting."""

    name: str
    server: servers.Sluice
    campaign: Campaign
    arrived: int = 0   # mails at the MTA
    sessions: dict = dataclasses.field(default_factory=dict)  # client address → its lines in Sluice's log

    def read_log(self):
        for line in (self.server.folder / "sluice.log").read_text().splitlines():
            record = json.loads(line)
            if record.get("event") == "session":
                self.sessions.setdefault(record["client"], []).append(record)

    def why(self, addresses):
        """What is documented to make a sender wait, of all that happened to this one."""
        records = [record for address in set(addresses) for record in self.sessions.get(address, [])]
        greylisted = any(signal["signal"] == "greylist" for record in records for signal in record.get("signals", []))
        slow = any(record["lane"] == "slow" for record in records)
        return "greylisted" if greylisted else "slow" if slow else ""


def _run(setting, population, tempo, arrivals_s, end_s):
    trials = []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder, \
            Unbound(population.dns(ZONE), pathlib.Path(folder) / "dns") as dns:
        try:
            for name, settings in SETTINGS.items():
                server = servers.Sluice(setting.build, pathlib.Path(folder) / name.replace(" ", "-"),
                                        settings=_common(dns.address, tempo) + settings + "\n", whole=True)
                trials.append(Trial(name, server, Campaign(population, server.port, seed=SEED, tempo=tempo,
                                                           arrivals_s=arrivals_s, end_s=end_s)))
                server.start()
            setting.say(f"{len(trials)} settings at once, {end_s} s at most")

            async def all_at_once():
                await asyncio.gather(*(trial.campaign.run() for trial in trials))

            asyncio.run(all_at_once())
            time.sleep(1)
        finally:
            for trial in trials:
                trial.server.stop()
        for trial in trials:
            trial.read_log()
            trial.arrived = trial.server.backend.counts()["mails"]
    return trials


def _percentile(values, share):
    values = sorted(values)
    return round(values[min(int(len(values) * share), len(values) - 1)], 2) if values else None


class Verdict:
    """The figures of a trial, over all classes."""

    def __init__(self, trial, population, tempo):
        outcomes = trial.campaign.outcomes
        good = [outcomes[one.name] for one in population.classes if one.good]
        bots = [outcomes[one.name] for one in population.classes if not one.good]
        queueless = [outcomes[one.name] for one in population.classes if not one.good and not one.has_queue()]
        self.good_mails = sum(came.mails for came in good)
        self.good_refused = sum(len(came.refused) for came in good)
        self.good_still_queued = sum(len(came.unfinished) for came in good)
        delays = [delay for came in good for delay in came.delays_s]
        self.good_delayed_p50_s = _percentile([delay for delay, _ in delays], 0.5)
        self.good_delayed_p99_s = _percentile([delay for delay, _ in delays], 0.99)
        late = [trial.why(tried) or "neither" for delay, tried in delays if delay > 2 / tempo + PROMPT_S]
        self.good_late = dict(collections.Counter(late))
        self.bot_sessions = sum(came.sessions for came in bots)
        self.bots_gone_share = _gone(bots)
        self.bots_without_queue_gone_share = _gone(queueless)
        self.spam_kept_out_share = round(1 - sum(came.accepted for came in bots) / sum(came.mails for came in bots), 4)
        told = sum(came.delivered for came in good + bots)
        self.lost = max(told - trial.arrived, 0)  # answered 250, and not at the MTA
        self.arrived_untold = max(trial.arrived - told, 0)  # of bots that left before they heard the 250
        self.not_fast = sum(record["lane"] != "fast" for records in trial.sessions.values() for record in records)

    def row(self, name):
        late = ", ".join(f"{count} {why}" for why, count in self.good_late.items()) or "none"
        return [name, str(self.good_refused), f"{self.good_delayed_p50_s} / {self.good_delayed_p99_s}", late,
                str(self.good_still_queued), f"{100 * self.bots_gone_share:.2f} %",
                f"{100 * self.bots_without_queue_gone_share:.2f} %", f"{100 * self.spam_kept_out_share:.2f} %"]


def _gone(outcomes):
    return round(1 - sum(came.delivering for came in outcomes) / sum(came.sessions for came in outcomes), 4)


def _class_row(one, trials):
    cells = []
    for trial in trials:
        came = trial.campaign.outcomes[one.name]
        if one.good:
            delays = [delay for delay, _ in came.delays_s]
            text = f"{came.accepted}; {_percentile(delays, 0.5)} / {_percentile(delays, 1)}"
            text += f"; {len(came.unfinished)} queued" if came.unfinished else ""
            text += f"; **{len(came.refused)} refused**" if came.refused else ""
        else:
            text = f"{100 * came.gone_share():.1f} % of {came.sessions}"
        cells.append(text)
    mails = trials[0].campaign.outcomes[one.name].mails
    addresses = {host.address for sender in one.senders for host in sender.hosts}
    return [one.name, one.what, str(len(addresses)), str(mails), *cells]


def _shown(population, trial):
    """Of each class of bots: the signals of its sessions, and how those that delivered nothing ended."""
    rows = []
    for one in population.classes:
        addresses = {host.address for sender in one.senders for host in sender.hosts}
        records = [record for address in addresses for record in trial.sessions.get(address, [])]
        signals = collections.Counter(signal["signal"] for record in records for signal in record.get("signals", [])
                                      if signal["weight"] > 0)
        slow = sum(record["lane"] != "fast" for record in records)
        ends = collections.Counter(trial.campaign.outcomes[one.name].ends)
        rows.append([one.name, f"{slow} of {len(records)}",
                     ", ".join(f"{count} {name}" for name, count in signals.most_common(6)) or "none",
                     ", ".join(f"{count} × {end}" for end, count in ends.most_common(3)) or "–"])
    return report.table(["class", "sessions slow at the end", "signals shown in them", "without a message ended"], rows)


def _leaving_times(population, trial, tempo):
    """The picture: how long the bots' sessions that delivered nothing lasted, in seconds as in life."""
    ways = {"left by themselves": {"left"}, "closed by Sluice": {"refused", "timed_out"},
            "put off or refused, and gone": {"greylisted", "quit"}}
    bots = {host.address for one in population.classes if not one.good for sender in one.senders for host in sender.hosts}
    records = [record for address in bots for record in trial.sessions.get(address, []) if record["messages"] == 0]
    lines = []
    for way, outcomes in ways.items():
        bins = collections.Counter(min(int(record["seconds"] * tempo / BIN_S), BINS) for record in records
                                   if record["outcome"] in outcomes)
        lines.append(plot.Line(way, [((bin + 0.5) * BIN_S, bins[bin] or None) for bin in range(BINS + 1)]))
    return plot.chart(f"How long bots stayed that delivered nothing, {trial.name}",
                      plot.Axis(f"seconds since they connected (the last point: {BINS * BIN_S} and more)"),
                      plot.Axis(f"sessions in {BIN_S} s", log=True), lines)


def botnet(setting):
    """Who gets through of a seeded population of good senders and bots, and who has to wait; and when it only observes."""
    tempo, scale, arrivals_s, end_s = (20, 0.2, 14, 44) if setting.quick else (4, 1.0, 150, 420)
    population = Population(SEED, scale)
    trials = _run(setting, population, tempo, arrivals_s, end_s)
    verdicts = {trial.name: Verdict(trial, population, tempo) for trial in trials}
    strict, observed = verdicts[GREYLISTING], verdicts[OBSERVING]
    refused = max(verdict.good_refused for verdict in verdicts.values())
    unexplained = max(verdict.good_late.get("neither", 0) for verdict in verdicts.values())
    targets = [
        target.Target("good mails refused, in any setting", 0, refused),
        target.Target("good mails late for no documented reason, in any setting", 0, unexplained),
        *(target.Target(f"bot sessions gone before DATA completes, {name}", 100 * GONE_MIN, 100 * verdict.bots_gone_share,
                        "%", at_least=True) for name, verdict in verdicts.items() if name != OBSERVING),
        target.Target(f"the same of bots without a queue, {GREYLISTING}", 100 * GONE_MIN,
                      100 * strict.bots_without_queue_gone_share, "%", at_least=True),
        target.Target("observing: good mails refused, late or still queued", 0,
                      observed.good_refused + sum(observed.good_late.values()) + observed.good_still_queued),
        target.Target("observing: sessions that were not fast", 0, observed.not_fast),
    ]
    text = (f"Seed {SEED}. Everything passes {tempo} times as fast as in life (pace, patience of bots, timers of RFC 5321), but the "
            f"greylist: its delay is {GREYLIST_DELAY_S} s, and queues try again after {RETRY_S[0]} to {RETRY_S[1]} s. Sessions begin "
            f"within {arrivals_s} s; after {end_s} s what is still under way is counted as gone (bots) or still queued (good).\n\n")
    text += report.table(["setting", "good refused", "good delay p50 / p99, s", "good later than "
                          f"{2 / tempo + PROMPT_S:g} s, by reason", "still queued", "bot sessions gone", "of bots without a queue",
                          "spam kept out"], [verdict.row(name) for name, verdict in verdicts.items()])
    columns = ["what it does", "addresses", "mails", *verdicts]
    for good, what in ((True, "Good: mails accepted; delay p50 / max, s; still queued at the end"),
                       (False, "Bots: sessions gone without a message accepted")):
        text += f"\n{what}.\n\n" + report.table(["class", *columns], [
            _class_row(one, trials) for one in population.classes if one.good == good])
    text += f"\nWhat they showed, {AS_IT_COMES}.\n\n" + _shown(population, trials[0]) + target.table(targets)
    figures = {"seed": SEED, "setting": AS_IT_COMES, **vars(verdicts[AS_IT_COMES]),
               "settings": {name: vars(verdict) for name, verdict in verdicts.items()},
               "classes": {trial.name: {name: {"sessions": came.sessions, "delivering": came.delivering, "mails": came.mails,
                                               "accepted": came.accepted, "refused": len(came.refused)}
                                        for name, came in trial.campaign.outcomes.items()} for trial in trials},
               "targets": target.as_json(targets)}
    return Result(text, figures, refused > 0 or any(verdict.lost > 0 for verdict in verdicts.values()),
                  {"botnet-leaving": _leaving_times(population, trials[0], tempo)})
