"""A client that leaves between its dot and the answer: nothing is delivered, or the letter is not delivered twice."""

import socket

import pytest

from harness.client import send_mail
from harness.mail import dotted, message, new_token
from harness.operator import REMEMBERS, Operator
from harness.policy_service import PolicyService
from harness.postfix import Postfix
from harness.scripted_mta import HANG, ScriptedMta, Wait
from harness.waiting import PATIENCE, wait_until

CONFIG = REMEMBERS | {"workers": 2, "recipients": {"verify": "off"}, "pace": {"max_delay_s": 0}}
SLOW = Wait(3 * PATIENCE)


@pytest.fixture
def mta():
    with ScriptedMta() as mta:
        yield mta


def say_all(sluice, content):
    """A client that has said its dot, and waits."""
    client = sluice.connect()
    client.greet()
    client.envelope()
    client.expect(354, "DATA")
    client.send(dotted(content))
    return client


def leave_untold(sluice, mta, content, way):
    """The MTA has the dot and takes its time; meanwhile the client goes. The line of what was delivered."""
    dots = mta.reached.count("dot")
    mta.script["dot"] = SLOW
    client = say_all(sluice, content)
    wait_until(lambda: mta.reached.count("dot") > dots, "the dot to reach the MTA")
    del mta.script["dot"]
    getattr(client, way)()
    return sluice.wait_record("transaction", timeout=20, untold=True)


def worker_of(record):
    return record["session"].split(".")[0]


@pytest.mark.parametrize("way", ["close", "abort"])
def test_the_same_letter_is_delivered_once_whoever_gets_it(start_sluice, mta, way):
    sluice = start_sluice(mta.port, config=CONFIG)
    content = message(new_token())
    first = leave_untold(sluice, mta, content, way)
    assert first["outcome"] == "delivered" and first["code"] == 250

    def both_workers_have_answered():
        assert send_mail(sluice.port, content).lines == [first["reply"]]
        again = sluice.wait_records("transaction", 1, outcome="delivered_before")
        return len({worker_of(record) for record in again}) == 2

    wait_until(both_workers_have_answered, "each worker to get a copy", 30)
    assert len(mta.taken) == 1
    assert Operator(sluice).metrics()['sluice_untold_total{what="delivered"}'] == 1


def test_another_letter_and_one_without_a_name_are_delivered(start_sluice, mta):
    sluice = start_sluice(mta.port, config=CONFIG)
    content = message("one")
    leave_untold(sluice, mta, content, "close")
    assert send_mail(sluice.port, content.replace(b"<one@", b"<two@")).code == 250
    assert len(mta.taken) == 2
    nameless = content.replace(b"Message-ID", b"X-Not-An-ID")
    leave_untold(sluice, mta, nameless, "close")
    wait_until(lambda: len(mta.taken) == 3, "the third")
    assert send_mail(sluice.port, nameless).code == 250
    assert len(mta.taken) == 4


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_without_the_dot_nothing_is_delivered(start_sluice, mta, stage):
    sluice = start_sluice(mta.port, config=CONFIG)
    content = message(new_token())
    mta.script[stage] = HANG
    client = say_all(sluice, content)
    wait_until(lambda: stage in mta.reached, f"the MTA to hang at {stage}")
    client.abort()
    assert sluice.wait_record("transaction")["outcome"] == "left"
    sluice.wait_record("session")
    del mta.script[stage]
    assert not mta.taken
    assert send_mail(sluice.port, content).code == 250
    assert len(mta.taken) == 1


def test_who_says_all_and_half_closes_hears_all(start_sluice, mta):
    """As a script does whose input has ended: nothing tells it from a client that has gone, but a reset would."""
    sluice = start_sluice(mta.port, config=CONFIG)
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        client.expect(354, "DATA")
        client.send(dotted(message(new_token())) + b"QUIT\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert [client.read_reply().code for _ in range(2)] == [250, 221]
    assert len(mta.taken) == 1


def test_who_closes_without_waiting_is_delivered_once(start_sluice, mta):
    """As cameras and printers do that never come again; and who does come again hears what came of it."""
    sluice = start_sluice(mta.port, config=CONFIG)
    content = message(new_token())
    mta.script["mail"] = SLOW
    client = say_all(sluice, content)
    wait_until(lambda: "mail" in mta.reached, "the MTA to take its time")
    del mta.script["mail"]
    client.close()
    first = sluice.wait_record("transaction", timeout=20, untold=True)
    assert send_mail(sluice.port, content).lines == [first["reply"]]
    assert len(mta.taken) == 1


def test_a_real_postfix_that_takes_its_time_at_the_dot(start_sluice):
    """Its policy service holds the end of the data up, as a filter does; the client does not wait for that."""
    with PolicyService(held="alice") as policy:
        settings = f"""
smtpd_end_of_data_restrictions = check_policy_service inet:127.0.0.1:{policy.port}
smtpd_policy_service_timeout = 100s
"""
        with Postfix(settings) as postfix:
            sluice = start_sluice(postfix.private_port, config=CONFIG)
            token = new_token()
            client = say_all(sluice, message(token))
            policy.wait_held(1)
            client.close()
            wait_until(lambda: "under way" in Operator(sluice)("state", "dump"), "the letter to be known")
            early = send_mail(sluice.port, message(token))
            assert early.code == 451, "the first copy is still under way"
            policy.release()
            first = sluice.wait_record("transaction", untold=True)
            assert first["reply"].startswith("2.0.0 Ok: queued as ")
            for _ in range(4):
                assert send_mail(sluice.port, message(token)).lines == [first["reply"]]
            postfix.wait_message(token)
            postfix.wait_quiet()
            assert postfix.count_messages(token) == 1


@pytest.mark.parametrize("way", ["close", "abort"])
def test_without_quit_what_was_heard_is_known_to_be(start_sluice, mta, way):
    """The kernel of who closes has acknowledged the 250, and the same letter is a new one. After a reset nobody knows."""
    sluice = start_sluice(mta.port, config=CONFIG)
    content = message(new_token())
    client = say_all(sluice, content)
    assert client.read_reply().code == 250
    getattr(client, way)()
    session = sluice.wait_record("session", outcome="left")
    assert ("untold" in session) == (way == "abort")
    assert send_mail(sluice.port, content).code == 250
    assert len(mta.taken) == (2 if way == "close" else 1)
