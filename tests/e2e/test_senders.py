"""Real senders in the slow lane at its default pace: each message arrives once, and its sender is told so.

A session takes nearly two minutes, so all go at once. What each sender's clocks are is told in docs/guide/senders.md.
"""

import dataclasses
import time

import pytest

from harness import senders
from harness.certificates import make_certificate
from harness.haproxy import HAProxy
from harness.mail import message, new_token
from harness.postfix import DOMAIN, Postfix
from harness.sluice import Sluice, merged
from harness.waiting import PATIENCE

SLOW = {"store": "local", "policy": {"default_lane": "slow"}, "proxy_protocol": {"networks": ["127.0.98.0/24"]}}
# In the long run the first mails that went well would speak for those that come later, from the same address.
ALWAYS_SLOW = {"policy": {"networks": {"slow": ["127.0.0.0/8"]}}}
SIZES = {"2 kB": 2_000, "100 kB": 100_000}
HELD_S_MIN = 100  # five replies of 21 s
NAMES = [sender.name for sender in senders.SENDERS]


@dataclasses.dataclass
class Plan:
    """The task of one sender."""

    sender: senders.Sender
    octets: int = 2_000
    mails: int = 1
    recipients: int = 1
    tls: bool = False
    by_haproxy: bool = False

    def __post_init__(self):
        self.tokens = [new_token() for _ in range(self.mails)]
        self.envelope_from = f"{new_token()}@sender.example.org"
        self.mailboxes = [f"user{n}" for n in range(self.recipients)]

    def start(self, port):
        body = b"0123456789" * 7 + b"\r\n"
        mails = [message(token, body * (self.octets // len(body))) for token in self.tokens]
        # Some of them take the envelope's sender from the header.
        mails = [mail.replace(b"sender@example.org", self.envelope_from.encode()) for mail in mails]
        recipients = [f"{mailbox}@{DOMAIN}" for mailbox in self.mailboxes]
        mails = [mail.replace(b"\r\n", b"\n") for mail in mails]
        return senders.start(self.sender, port, mails, self.envelope_from, recipients, self.tls)


@dataclasses.dataclass
class Came:
    """The outcome of a plan."""

    status: int | None  # 0: the sender was told that all is delivered
    seconds: float
    said: str
    copies: list[int]  # of each mail for each recipient
    transactions: list[dict]
    sessions: list[dict]


def run(directory, plans, seconds, config):
    """All of them at once through one Sluice, each with `seconds` to end; by the key in `plans`."""
    chain = make_certificate(directory, "mx", "DNS:mx.example.test").chain
    with Postfix() as mta:
        config = merged(config, {"tls": {"chain_files": [chain]}})
        sluice = Sluice(directory / "sluice", [mta.private_port], config).start()
        with HAProxy(directory, sluice.port, "send-proxy-v2") as haproxy:
            began = time.monotonic()
            started = {
                key: plan.start(haproxy.port if plan.by_haproxy else sluice.port) for key, plan in plans.items()
            }
            try:
                ended = wait_all(started, began, seconds * PATIENCE)
                time.sleep(10)  # the time in which nobody comes again
                came = {key: (*ended[key], sending.said()) for key, sending in started.items()}
            finally:
                for sending in started.values():
                    sending.end()
        copies = {
            key: [mta.count_messages(token, mailbox) for token in plan.tokens for mailbox in plan.mailboxes]
            for key, plan in plans.items()
        }
        transactions, sessions = {}, {}
        for record in sluice.records_after_stop("transaction"):
            transactions.setdefault(record["sender"], []).append(record)
        for record in sluice.records_after_stop("session"):
            sessions[record["session"]] = record
    return {
        key: Came(*came[key], copies[key], own := transactions.get(plan.envelope_from, []),
                  [sessions[session] for session in dict.fromkeys(record["session"] for record in own)])
        for key, plan in plans.items()
    }  # fmt: skip


def wait_all(started, began, seconds):
    """Returns the exit status of each, and when it ended."""
    ended = {}
    while len(ended) < len(started) and time.monotonic() < began + seconds:
        for key, sending in started.items():
            if key not in ended and (status := sending.status()) is not None:
                ended[key] = (status, time.monotonic() - began)
        time.sleep(0.2)
    return {key: ended.get(key, (None, seconds)) for key in started}


@pytest.fixture(scope="module")
def everything_needed():
    senders.fetch()


def runnable(chosen):
    return [sender for sender in chosen if senders.left_out(sender) is None]


def sender_named(name):
    sender = next(sender for sender in senders.SENDERS if sender.name == name)
    if why := senders.left_out(sender):
        pytest.skip(why)
    return sender


def check(came, plan_of):
    """Once each, told so, and in the slow lane all the time."""
    print(f"{plan_of}: status {came.status}, {came.seconds:.0f} s, copies {came.copies}, "
          f"sessions {[(s['outcome'], s['lane'], s['held_s'], s['seconds']) for s in came.sessions]}")  # fmt: skip
    assert came.status == 0, f"it was not told: {came.said}\n{came.transactions}"
    assert set(came.copies) == {1}, came.copies
    assert {record["outcome"] for record in came.transactions} == {"delivered"}, came.transactions
    assert all(session["lane"] == "slow" for session in came.sessions), came.sessions
    assert all(session["held_s"] >= HELD_S_MIN for session in came.sessions), came.sessions


# ---- one mail for one recipient, in under three minutes for all of them ----------------------------------------------


@pytest.fixture(scope="module")
def one_mail(tmp_path_factory, everything_needed):
    plans = {
        (sender.name, size): Plan(sender, octets)
        for sender in runnable(senders.SENDERS)
        for size, octets in SIZES.items()
    }
    plans["HAProxy"] = Plan(sender_named("smtplib"), SIZES["100 kB"], by_haproxy=True)
    return run(tmp_path_factory.mktemp("one-mail"), plans, seconds=160, config=SLOW)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_delivered_once_and_told_so(one_mail, name, size):
    sender_named(name)
    came = one_mail[name, size]
    check(came, f"{name}, {size}")
    assert len(came.sessions) == 1 and len(came.transactions) == 1, "at the first try"


def test_haproxy_does_not_cut_a_slow_session(one_mail):
    """With `timeout client 1m` and `timeout server 1m`, as they usually are."""
    check(one_mail["HAProxy"], "smtplib by way of HAProxy, 100 kB")


# ---- what takes nine minutes -----------------------------------------------------------------------------------------

KINDS = {
    "20 recipients": ({"recipients": 20}, lambda sender: True),
    "5 mails": ({"mails": 5}, lambda sender: sender.mails),
    "STARTTLS": ({"tls": True, "octets": SIZES["100 kB"]}, lambda sender: sender.tls),
}


@pytest.fixture(scope="module")
def long_mail(tmp_path_factory, everything_needed):
    plans = {
        (sender.name, kind): Plan(sender, **options)
        for kind, (options, can) in KINDS.items()
        for sender in runnable(senders.SENDERS)
        if can(sender)
    }
    return run(tmp_path_factory.mktemp("long-mail"), plans, seconds=650, config=merged(SLOW, ALWAYS_SLOW))


@pytest.mark.soak
@pytest.mark.parametrize("name, kind", [(s.name, kind) for s in senders.SENDERS for kind in KINDS if KINDS[kind][1](s)])
def test_it_is_delivered_once_with(long_mail, name, kind):
    sender_named(name)
    came = long_mail[name, kind]
    check(came, f"{name}, {kind}")
    assert all("tls" in session for session in came.sessions) or kind != "STARTTLS"
