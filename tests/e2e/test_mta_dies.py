"""The MTA dies, hangs or says 421 at every stage. No client hears a 250 that the MTA did not give, nothing is lost,
and every case ends within its deadline.
"""

import time

import pytest

from harness.client import Client
from harness.mail import message, new_token
from harness.postfix import Postfix
from harness.scripted_mta import CLOSE, DIE, HANG, ScriptedMta
from harness.waiting import PATIENCE, free_port, wait_until

SHUTTING_DOWN = "421 4.3.2 scripted.example.test shutting down"
WAYS = {"resets": DIE, "closes": CLOSE, "says 421": SHUTTING_DOWN, "hangs": HANG}
STAGES = ["connect", "ehlo", "xclient", "mail", "rcpt", "data", "content", "dot"]

# Deadlines of a second, so that a hang is over soon; every case must end within one of each.
IMPATIENT = {
    "relay": {
        "pool": {
            "connect_timeout_s": 1,
            "command_timeout_s": 1,
            "content_timeout_s": 1,
            "final_timeout_s": 1,
            "waiting_time_max_s": 2,
            "retry_after_s": 1,
            "outage_wait_max_s": 0,
        }
    }
}
DEADLINE_S = 8
WITHOUT_QUESTIONS = IMPATIENT | {"recipients": {"verify": "off"}}


@pytest.fixture
def mta():
    with ScriptedMta() as mta:
        yield mta


def attempt(client, token):
    """One mail as far as it gets; the reply that decided, which came in time."""
    began = time.monotonic()
    client.expect(250, "MAIL FROM:<sender@example.org>")
    reply = client.command("RCPT TO:<alice@example.test>")
    if reply.code == 250:
        reply = client.command("DATA")
        if reply.code == 354:
            client.send(message(token) + b".\r\n")
            reply = client.read_reply()
    else:
        client.expect(250, "RSET")
    assert time.monotonic() - began < DEADLINE_S * PATIENCE
    return reply


def deliver_at_last(client, token):
    """Sends as an honest sender does, which tries again until it succeeds."""
    return wait_until(lambda: attempt(client, token).code == 250, "a retry to succeed", timeout=20)


def contents(mta):
    return [taken.content for taken in mta.taken]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stage", STAGES)
def test_while_a_message_is_delivered(start_sluice, mta, stage, way):
    """The session survives, its client hears 4xx, and the mail arrives, once, when it is sent again."""
    mta.script[stage] = WAYS[way]
    sluice = start_sluice(mta.port, config=WITHOUT_QUESTIONS)
    token = new_token()
    with sluice.connect() as client:
        client.greet()
        reply = attempt(client, token)
        assert 400 <= reply.code < 500 and reply.code != 421 and reply.enhanced.startswith("4."), reply
        assert mta.taken == []
        assert mta.reached.count(stage) >= 1
        mta.script.clear()
        deliver_at_last(client, token)
        client.quit()
    assert contents(mta) == [message(token)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stage", ["connect", "ehlo", "xclient", "mail", "rcpt"])
def test_while_a_recipient_is_verified(start_sluice, mta, stage, way):
    mta.script[stage] = WAYS[way]
    sluice = start_sluice(mta.port, config=IMPATIENT)
    token = new_token()
    with sluice.connect() as client:
        client.greet()
        reply = attempt(client, token)
        assert 400 <= reply.code < 500 and reply.code != 421, reply
        mta.script.clear()
        deliver_at_last(client, token)
        client.quit()
    assert contents(mta) == [message(token)]


@pytest.mark.parametrize("way", ["resets", "closes"])
def test_while_idle_in_the_pool(start_sluice, mta, way):
    """Nobody notices: a connection that died while nobody used it is replaced before it is used."""
    sluice = start_sluice(mta.port, config=IMPATIENT)
    with sluice.connect() as client:
        client.greet()
        for number in range(1, 4):
            token = new_token()
            assert attempt(client, token).code == 250
            assert contents(mta)[-1] == message(token) and len(mta.taken) == number
            made = mta.reached.count("ehlo")
            mta.reset_connections() if way == "resets" else mta.close_connections()
            mta.wait_reached("ehlo", made + 1)  # when all are known to be gone, another is made
        client.quit()


def test_the_idle_connection_is_told_421(start_sluice, mta):
    """As Postfix does after smtpd_timeout: 421, then close. The next mail must not take it for an answer."""
    sluice = start_sluice(mta.port, config=IMPATIENT)
    with sluice.connect() as client:
        client.greet()
        assert attempt(client, new_token()).code == 250
        made = mta.reached.count("ehlo")
        mta.say_to_all("421 4.4.2 scripted.example.test Error: timeout exceeded")
        mta.wait_reached("ehlo", made + 1)  # when all are known to be gone, another is made
        token = new_token()
        assert attempt(client, token).code == 250
        assert contents(mta)[-1] == message(token) and len(mta.taken) == 2


def test_the_idle_connection_says_421_only_when_used(start_sluice, mta):
    """The other order: the command is sent, then 421 comes. Nothing was accepted, so another connection is asked."""
    sluice = start_sluice(mta.port, config=IMPATIENT)
    with sluice.connect() as client:
        client.greet()
        assert attempt(client, new_token()).code == 250
        old = mta.connections
        mta.script["xclient"] = mta.script["mail"] = lambda session, _: SHUTTING_DOWN if session.number <= old else None
        token = new_token()
        with sluice.connect(source="127.0.20.2") as other:
            other.greet()
            reply = attempt(other, token)
            assert reply.code == 250 or 400 <= reply.code < 500, reply
            if reply.code != 250:
                deliver_at_last(other, token)
    assert contents(mta)[-1] == message(token) and len(mta.taken) == 2


def test_after_the_dot_with_the_message_taken(start_sluice, mta):
    """The MTA queued it and died before it could say so. The outcome is unknown: 4xx, and rather twice than never."""
    queued = []

    def queue_and_die(session, _):
        queued.append(session.number)
        return DIE

    mta.script["dot"] = queue_and_die
    sluice = start_sluice(mta.port, config=IMPATIENT)
    token = new_token()
    with sluice.connect() as client:
        client.greet()
        reply = attempt(client, token)
        assert 400 <= reply.code < 500, reply
        assert len(queued) == 1, "a message whose outcome is unknown must not be sent again by Sluice"
        mta.script.clear()
        deliver_at_last(client, token)
    assert contents(mta) == [message(token)]


def test_the_final_reply_is_the_mtas(start_sluice, mta):
    """Refused at the dot: permanent stays permanent, transient transient, with the MTA's enhanced code."""
    sluice = start_sluice(mta.port, config=IMPATIENT)
    with sluice.connect() as client:
        client.greet()
        for said in ("550 5.7.1 spam", "452 4.3.1 disk full", "554 5.6.0 bad content"):
            mta.script["dot"] = said
            reply = attempt(client, new_token())
            assert (reply.code, reply.enhanced) == (int(said[:3]), said.split()[1])
        assert mta.taken == []


def test_internal_names_do_not_leak(start_sluice, mta):
    mta.script["dot"] = "450 4.7.1 scripted.example.test: try mta7.internal later"
    sluice = start_sluice(mta.port, config=IMPATIENT)
    with sluice.connect() as client:
        client.greet()
        reply = attempt(client, new_token())
        assert reply.code == 450 and "scripted.example.test" not in reply.text


def test_a_recipient_that_was_promised_is_refused_at_delivery(start_sluice, mta):
    """250 at RCPT, refused when it mattered: no partial delivery is ever reported as full."""
    sluice = start_sluice(mta.port, config=IMPATIENT)
    refuse_bob = lambda _, argument: "550 5.1.1 gone" if "bob" in argument else None  # noqa: E731
    token = new_token()
    with sluice.connect() as client:
        client.greet()
        client.envelope(recipients=["alice@example.test", "bob@example.test"])
        mta.script["rcpt"] = refuse_bob
        reply = client.content(message(token))
        assert reply.code == 451, reply
        assert mta.taken == []
        # Sent again, the stale promise is gone from the cache.
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.expect(250, "RCPT TO:<alice@example.test>")
        client.expect(550, "RCPT TO:<bob@example.test>")
        assert client.content(message(token)).code == 250
    assert [taken.recipients for taken in mta.taken] == [["TO:<alice@example.test>"]]


def test_the_mta_is_not_there_at_all(start_sluice):
    """Down means 4xx, at once, and a log line; back means mail flows."""
    port = free_port()
    sluice = start_sluice(port, config=IMPATIENT)
    with sluice.connect() as client:
        client.greet()
        reply = attempt(client, new_token())
        assert 400 <= reply.code < 500 and reply.code != 421, reply
        sluice.wait_record("mta_down", who=f"127.0.0.1:{port}")
        with ScriptedMta(port=port) as mta:
            token = new_token()
            deliver_at_last(client, token)
            assert contents(mta) == [message(token)]
        sluice.wait_record("mta_up", who=f"127.0.0.1:{port}")


def test_the_other_mta_takes_over(start_sluice):
    with ScriptedMta() as first, ScriptedMta() as second:
        mtas = [{"address": f"127.0.0.1:{m.port}", "priority": n} for n, m in enumerate((first, second))]
        sluice = start_sluice(*mtas, config=IMPATIENT)
        with sluice.connect() as client:
            client.greet()
            assert attempt(client, new_token()).code == 250
            assert len(first.taken) == 1 and second.taken == []
            first.vanish()
            token = new_token()
            deliver_at_last(client, token)
            assert contents(second) == [message(token)]
            first.listen()
            wait_until(lambda: attempt(client, new_token()).code == 250 and len(first.taken) == 2, "the first again")


def test_a_real_postfix_stops_and_comes_back(start_sluice):
    with Postfix() as mta:
        config = {"relay": {"pool": {"retry_after_s": 1, "outage_wait_max_s": 1}}}
        sluice = start_sluice(mta.private_port, config=config)
        token = new_token()
        with sluice.connect() as client:
            client.greet()
            client.envelope()
            client.expect(354, "DATA")
            mta.command("stop")
            client.send(message(token) + b".\r\n")
            reply = client.read_reply()
            assert 400 <= reply.code < 500, reply
            mta.start()
            deliver_at_last(client, token)
        mta.wait_message(token)


def test_a_restart_of_postfix_goes_unnoticed(start_sluice):
    """Before RCPT and before the dot: no client is put off for a moment's outage."""
    with Postfix() as mta:
        sluice = start_sluice(mta.private_port)
        token = new_token()
        with sluice.connect() as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            mta.command("stop")
            client.send(b"RCPT TO:<alice@example.test>\r\n")
            mta.start()
            assert client.read_reply().code == 250
            client.expect(354, "DATA")
            mta.command("stop")
            client.send(message(token) + b".\r\n")
            mta.start()
            assert client.read_reply().code == 250
        mta.wait_message(token)


def test_clients_that_leave_do_not_hurt_the_pool(start_sluice, mta):
    """A client that is gone while its question is under way, or its message, spoils nothing for the next one."""
    slow_once = iter([0.3] * 3)  # so that its client can leave meanwhile
    mta.script["rcpt"] = mta.script["dot"] = lambda *_: (time.sleep(next(slow_once, 0)), None)[1]
    config = {"relay": {"pool": {"connections_max": 1}}}
    sluice = start_sluice(mta.port, config=config)
    for leave_after in (b"RCPT TO:<alice@example.test>\r\n", b"RCPT TO:<alice@example.test>\r\nDATA\r\n"):
        client = sluice.connect(source="127.0.20.3")
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.send(leave_after)
        if b"DATA" in leave_after:
            client.expect(250)
            client.expect(354)
            client.send(message("left") + b".\r\n")
        client.abort()
    with sluice.connect(source="127.0.20.4") as client:
        client.greet()
        token = new_token()
        assert attempt(client, token).code == 250
    assert message(token) in contents(mta)
    assert all(t.identity["ADDR"] == "127.0.20.4" for t in mta.taken if t.content == message(token))


def test_control(mta):
    """The scripted MTA itself: without a script it takes mail."""
    with Client(mta.port) as client:
        client.greet()
        assert attempt(client, "direct").code == 250
    assert contents(mta) == [message("direct")]
