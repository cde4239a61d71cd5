"""Sessions that are open: `sluice sessions` tells of them, and they obey `sluice allow` and `sluice block`."""

import contextlib
import os
import signal
import time

import pytest

from harness.mail import dotted, message, new_token
from harness.operator import REMEMBERS, Operator
from harness.sluice import merged
from harness.waiting import PATIENCE, wait_until

NETWORK = "127.0.150.0/24"
SLOW, OTHER = "127.0.150.1", "127.0.151.1"


@pytest.fixture
def remembering(start_sluice, postfix):
    """Sluice at its default pace, with a slow network and two workers; and its operator."""
    config = merged(REMEMBERS, {"workers": 2, "policy": {"networks": {"slow": [NETWORK]}}})
    sluice = start_sluice(postfix.private_port, config=config)
    return sluice, Operator(sluice)


def listed(operator, *words):
    """Totals: lane -> sessions; and client -> its row of the table."""
    totals, _, named = operator("sessions", *words).partition("\n\n")
    totals = {line.split()[0]: int(line.split()[1]) for line in totals.splitlines()[1:6]}
    columns = ["client", "lane", "stage", "seconds", "octets_in", "octets_out", "score"]
    rows = [dict(zip(columns, line.split())) for line in named.splitlines()[1:]]
    return totals, {row["client"]: row for row in rows}


def in_lane(operator, client, lane):
    return lambda: listed(operator)[1].get(client, {}).get("lane") == lane


def test_what_is_held_is_listed(remembering):
    sluice, operator = remembering
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(sluice.connect(source=f"127.0.150.{n}")) for n in range(1, 5)]
        other = stack.enter_context(sluice.connect(source=OTHER))
        other.greet()
        other.expect(250, "MAIL FROM:<sender@example.org>")
        wait_until(lambda: listed(operator)[0]["slow"] == len(slow), "all to be there")
        totals, rows = listed(operator)
        assert totals == {"fast": 1, "slow": 4, "defer": 0, "reject": 0, "all": 5}
        assert set(rows) == {OTHER, *(f"127.0.150.{n}" for n in range(1, 5))}
        sent = len("EHLO client.example.org\r\nMAIL FROM:<sender@example.org>\r\n")
        assert (rows[OTHER]["stage"], int(rows[OTHER]["octets_in"])) == ("mail", sent)
        assert (rows[SLOW]["lane"], rows[SLOW]["octets_in"], rows[SLOW]["score"]) == ("slow", "0", "0")
        wait_until(lambda: int(listed(operator)[1][SLOW]["seconds"]) >= 2, "it to last")
        totals, rows = listed(operator, "--lane", "slow", "--top", "2")
        assert totals["all"] == 5 and len(rows) == 2 and OTHER not in rows
        assert listed(operator, "--top", "0")[1] == {}
        assert "of 2 workers" in operator("sessions")
    wait_until(lambda: listed(operator)[0]["all"] == 0, "all to be gone")


def test_those_of_workers_that_have_retired_are_listed_and_obey(remembering):
    sluice, operator = remembering
    with sluice.connect(source=SLOW) as client:
        wait_until(in_lane(operator, SLOW, "slow"), "the session")
        sluice.reload()
        assert listed(operator)[0]["slow"] == 1
        operator("allow", SLOW)
        client.expect(220)
        wait_until(in_lane(operator, SLOW, "fast"), "the act")


def test_a_worker_that_hangs_is_told_of(remembering):
    sluice, operator = remembering
    hangs = sluice.worker_pids()[0]
    os.kill(hangs, signal.SIGSTOP)
    try:
        assert "1 worker did not answer in time" in operator("sessions")
    finally:
        os.kill(hangs, signal.SIGCONT)
    wait_until(lambda: "in time" not in operator("sessions"), "it to be heard again")


# ---- acts ------------------------------------------------------------------------------------------------------


def test_who_is_allowed_is_held_back_no_longer(remembering, postfix):
    """Otherwise the five replies take 21 seconds each."""
    sluice, operator = remembering
    token = new_token()
    with sluice.connect(source=SLOW) as client:
        wait_until(in_lane(operator, SLOW, "slow"), "the session")
        began = time.monotonic()
        operator("allow", SLOW, "--why", "a customer")
        client.greet()
        client.envelope()
        assert client.content(message(token)).code == 250
        client.quit()
        assert time.monotonic() - began < 20 * PATIENCE
    postfix.wait_message(token)
    record = sluice.wait_record("session", client=SLOW)
    assert record["lane"] == "fast" and "a customer" in str(record["signals"])


def test_who_is_slowed_waits_from_the_next_reply_on(remembering):
    sluice, operator = remembering
    with sluice.connect(source=OTHER) as client:
        client.greet()
        operator("block", OTHER, "--lane", "slow")
        wait_until(in_lane(operator, OTHER, "slow"), "the act")
        client.send("MAIL FROM:<sender@example.org>\r\n")
        wait_until(lambda: listed(operator)[1][OTHER]["stage"] == "mail", "the command")
        assert b"\n" not in client.received
        operator("unblock", OTHER)
        client.expect(250)
        wait_until(in_lane(operator, OTHER, "fast"), "the end of the act")


@pytest.mark.parametrize("lane, code", [("reject", 550), ("defer", 450)])
def test_who_is_refused_is_so_wherever_it_stands(remembering, postfix, lane, code):
    """At the next recipient, as a new session; and mail whose recipients were taken before goes no further."""
    sluice, operator = remembering
    token = new_token()
    with contextlib.ExitStack() as stack:
        early, ready, sending = (stack.enter_context(sluice.connect(source=OTHER)) for _ in range(3))
        early.greet()
        for client in (ready, sending):
            client.greet()
            client.envelope()
        sending.expect(354, "DATA")
        operator("block", OTHER, "--lane", lane)
        wait_until(lambda: listed(operator)[0][lane] == 3, "the act")
        early.expect(250, "MAIL FROM:<sender@example.org>")
        early.expect(code, "RCPT TO:<alice@example.test>")
        ready.expect(code, "DATA")
        sending.send(dotted(message(token)))
        reply = sending.read_reply()
        assert (reply.code, reply.enhanced[1:]) == (code, ".7.1")
        for client in (early, ready, sending):
            client.quit()
    sluice.wait_record("transaction", outcome="refused" if code == 550 else "deferred")
    assert postfix.count_messages(token) == 0


def test_an_act_on_others_changes_nothing(remembering):
    sluice, operator = remembering
    with sluice.connect(source=SLOW):
        wait_until(in_lane(operator, SLOW, "slow"), "the session")
        operator("allow", OTHER)
        sluice.wait_record("act", network=f"{OTHER}/32")
        with sluice.connect(source=OTHER) as other:
            wait_until(in_lane(operator, OTHER, "fast"), "the other")
            other.greet()
        assert in_lane(operator, SLOW, "slow")()
