"""An MTA does not take mail, and says why: who hears it, how often it is asked, and what is learnt from it."""

import re
import smtplib

import pytest

from harness.mail import message, new_token
from harness.postfix import DOMAIN, Postfix
from harness.scripted_mta import ScriptedMta
from harness.waiting import free_port, wait_until

ONE_CONNECTION = {"relay": {"pool": {"connections_max": 1}}}
WITHOUT_QUESTIONS = {"recipients": {"verify": "off"}}


def mail_from(sluice, source, token, sender="sender@example.org", mailbox="alice"):
    """One mail; the reply to RCPT if that was not 250, or to the final dot."""
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, f"MAIL FROM:<{sender}>")
        reply = client.command(f"RCPT TO:<{mailbox}@{DOMAIN}>")
        return client.content(message(token)) if reply.code == 250 else reply


# ---- a transaction that stays open -------------------------------------------------------------------------------


def test_a_refusal_at_the_end_of_the_data_spoils_nothing(start_sluice):
    """Postfix then keeps the transaction open, and has only 503 for whoever comes next on that connection."""
    settings = "smtpd_end_of_data_restrictions = check_sender_access inline:{ {bad@example.org=REJECT not this} }\n"
    with Postfix(settings=settings) as mta:
        before = mta.connections()
        sluice = start_sluice(mta.private_port, config=ONE_CONNECTION)
        for n in range(1, 4):
            reply = mail_from(sluice, f"127.0.70.{n}", new_token(), sender="bad@example.org")
            assert reply.code == 554 and "not this" in reply.text
            token = new_token()
            assert mail_from(sluice, f"127.0.71.{n}", token).code == 250
            assert f"[127.0.71.{n}]" in mta.wait_message(token).decode()
        assert mta.connections() - before == 1
        assert "nested" not in mta.log()
    assert sluice.wait_record("transaction", outcome="refused", code=554)["mta"]


@pytest.mark.parametrize("verify", ["mta", "off"])
def test_bad_sequence_is_never_a_clients_answer(start_sluice, verify):
    """An MTA with a transaction in mind that Sluice knows nothing of: its connection is closed, another one asked."""
    with ScriptedMta() as mta:
        sluice = start_sluice(mta.port, config=ONE_CONNECTION | {"recipients": {"verify": verify}})
        assert mail_from(sluice, "127.0.70.1", new_token()).code == 250
        old = mta.connections
        nested = "503 5.5.1 Error: nested MAIL command"
        mta.script["mail"] = lambda session, _: nested if session.number <= old else None
        assert mail_from(sluice, "127.0.70.2", new_token()).code == 250
        assert mta.connections == old + 1
        # One that always says so is not asked for ever, and the log has its words.
        mta.script["mail"] = nested
        reply = mail_from(sluice, "127.0.70.3", new_token(), mailbox="bob")
        assert reply.code == 451 and "nested" not in reply.text, reply
        where = " (in reply to MAIL FROM)"
        if verify == "off":
            assert sluice.wait_record("transaction", code=451)["mta_reply"] == nested + where
        else:
            refused = sluice.wait_record("transaction", outcome="left", client="127.0.70.3")["refused"]
            assert [r["mta_reply"] for r in refused] == [nested + where]
        assert mta.connections == old + 3


# ---- how many recipients -----------------------------------------------------------------------------------------


def send_until_done(sluice, source, recipients, token):
    """As a real client does, it tries again with those that were refused for now. The codes it heard on the way."""
    heard = []
    left = recipients
    with smtplib.SMTP("127.0.0.1", sluice.port, "client.example.org", 60, (source, 0)) as client:
        while left:
            assert len(heard) < 20, heard
            try:
                refused = client.sendmail("sender@example.org", left, message(token))
            except smtplib.SMTPDataError as error:
                heard.append(error.smtp_code)
                assert "4.5.3" in error.smtp_error.decode()
                continue
            assert {code for code, _ in refused.values()} <= {452}, refused
            assert len(refused) < len(left)
            heard.append(250)
            left = list(refused)
    return heard


@pytest.mark.parametrize("overshoot", [1000, 3])
def test_an_mta_that_takes_few_recipients(start_sluice, overshoot):
    """Its limit is learnt from its first refusal, told to clients at RCPT, and believed for all when two have met it."""
    settings = f"smtpd_recipient_limit = 5\nsmtpd_recipient_overshoot_limit = {overshoot}\n"
    recipients = [f"user{n}@{DOMAIN}" for n in range(20)]
    with Postfix(settings=settings) as mta:
        sluice = start_sluice(mta.private_port)
        tokens = []
        # The first two networks pay for it with one 451 each, the third with none.
        for source, paid in (("127.0.72.1", [451]), ("127.0.72.2", []), ("127.0.73.1", [451]), ("127.0.74.1", [])):
            tokens.append(new_token())
            assert send_until_done(sluice, source, recipients, tokens[-1]) == paid + [250] * 4
        mta.wait_quiet()
        for token in tokens:
            assert [mta.count_messages(token, f"user{n}") for n in range(20)] == [1] * 20
        deferred = sluice.wait_record("transaction", outcome="deferred", client="127.0.72.1")
        assert deferred["mta_reply"] == (
            f"452 4.5.3 Error: too many recipients (in reply to RCPT TO:<user5@{DOMAIN}>)"
        )
        told = sluice.records_after_stop("recipient_limit_learned")
        assert len(told) == 1 and "5 recipients" in told[0]["why"]


def test_several_questions_at_once_do_not_pass_the_limit(start_sluice):
    """The questions of one client's connections go to the MTA in one transaction, which has the same limit."""
    with Postfix(settings="smtpd_recipient_limit = 2\n") as mta:
        sluice = start_sluice(mta.private_port)
        clients = [sluice.connect(source="127.0.75.1") for _ in range(12)]
        for n, client in enumerate(clients):
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
        for n, client in enumerate(clients):
            client.send(f"RCPT TO:<user{n}@{DOMAIN}>\r\n")
        assert [client.read_reply().code for client in clients] == [250] * 12
        for client in clients:
            client.close()


# ---- clients that the MTA refuses as such ------------------------------------------------------------------------

AT_THE_GREETING = """
smtpd_delay_reject = no
smtpd_client_restrictions = check_client_access inline:{
 {127.0.76.1=REJECT go away} {127.0.76.2=421 4.7.1 busy} {127.0.76.3=450 4.7.2 later} {127.0.76.4=521 5.3.2 never}
 {127.0.76.5=550 5.7.1 not you} }
smtpd_helo_restrictions = check_helo_access inline:{ {bad.example=REJECT bad name} }
"""
GREETED = [
    ("127.0.76.1", 554, "5.7.1", "go away"),
    ("127.0.76.2", 451, "4.7.1", "busy"),
    ("127.0.76.3", 450, "4.7.2", "later"),
    ("127.0.76.4", 521, "5.3.2", "never"),
    ("127.0.76.5", 550, "5.7.1", "not you"),
]


@pytest.fixture(scope="module")
def strict():
    """A Postfix that refuses clients before they have said a word; its second private listener expects PROXY."""
    port = free_port()
    listener = f"""127.0.0.1:{port} inet n - n - - smtpd
  -o syslog_name=postfix/proxied -o smtpd_upstream_proxy_protocol=haproxy
"""
    with Postfix(settings=AT_THE_GREETING, listeners=listener) as mta:
        mta.proxied_port = port
        yield mta


def times_refused(mta, source):
    """How often Postfix has refused this client at its greeting."""
    mta.connections()  # the lines are there
    return len(re.findall(rf"reject: (?:CONNECT|XCLIENT) from \S+\[{re.escape(source)}\]", mta.log()))


@pytest.mark.parametrize("identity", ["xclient", "proxy_v2"])
@pytest.mark.parametrize("source,code,enhanced,text", GREETED)
def test_a_client_that_is_not_greeted_hears_why_and_is_asked_about_once(
    start_sluice, strict, identity, source, code, enhanced, text
):
    port = strict.private_port if identity == "xclient" else strict.proxied_port
    sluice = start_sluice({"address": f"127.0.0.1:{port}", "identity": identity})
    before = times_refused(strict, source)
    with sluice.connect(source=source) as client:
        client.greet()
        for attempt in range(2):
            client.expect(250, "MAIL FROM:<sender@example.org>")
            for n in range(4):
                reply = client.expect(code, f"RCPT TO:<user{n + 4 * attempt}@{DOMAIN}>")
                assert reply.enhanced == enhanced and text in reply.text
                assert strict.hostname not in reply.text
            client.expect(250, "RSET")
        token = new_token()
        assert mail_from(sluice, "127.0.77.1", token).code == 250
        # Postfix may mind the name, so another name is another question.
        client.expect(250, "EHLO another.example")
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.expect(code, f"RCPT TO:<user9@{DOMAIN}>")
        client.quit()
    strict.wait_message(token)
    # Once for each of its names, or of its transactions where it may come again. (421 may have been about the silence
    # before, so it is asked once more.)
    asked = 2 if code >= 500 else 3
    assert asked <= times_refused(strict, source) - before <= (2 * asked if code == 451 else asked)
    line = sluice.wait_record("transaction", client=source)
    assert not sluice.records_after_stop("identity_refused") and not sluice.records_after_stop("mta_down")
    assert [(r["code"], r["by"]) for r in line["refused"]] == [(code, "mta")] * 4


@pytest.mark.parametrize("source,code,enhanced,text", GREETED)
def test_so_does_its_message(start_sluice, strict, source, code, enhanced, text):
    sluice = start_sluice(strict.private_port, config=WITHOUT_QUESTIONS)
    reply = mail_from(sluice, source, new_token())
    assert (reply.code, reply.enhanced) == (code, enhanced) and text in reply.text
    assert mail_from(sluice, "127.0.77.2", new_token()).code == 250


@pytest.mark.parametrize("identity", ["xclient", "proxy_v2"])
def test_a_helo_name_that_is_refused(start_sluice, strict, identity):
    port = strict.private_port if identity == "xclient" else strict.proxied_port
    sluice = start_sluice({"address": f"127.0.0.1:{port}", "identity": identity})
    with sluice.connect(source="127.0.77.3") as client:
        client.greet("bad.example")
        client.expect(250, "MAIL FROM:<sender@example.org>")
        for n in range(3):
            reply = client.command(f"RCPT TO:<user{n}@{DOMAIN}>")
            assert reply.code == 554 and "bad name" in reply.text, reply
        client.expect(250, "EHLO good.example")
        client.envelope()
    assert not sluice.records_after_stop("mta_down")


def test_a_syntax_error_in_what_we_said_is_our_fault(start_sluice):
    """The client hears 451, the operator once a session what the MTA said, and the log line has it."""
    with ScriptedMta(xclient=lambda *_: "501 5.5.4 Bad HELO syntax: x") as mta:
        sluice = start_sluice(mta.port)
        with sluice.connect(source="127.0.78.1") as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            for n in range(3):
                reply = client.expect(451, f"RCPT TO:<user{n}@{DOMAIN}>")
                assert "HELO syntax" not in reply.text
            client.quit()
        line = sluice.wait_record("transaction", client="127.0.78.1")
        said = "501 5.5.4 Bad HELO syntax: x (in reply to XCLIENT)"
        assert [r["mta_reply"] for r in line["refused"]] == [said] * 3
        assert len(sluice.records_after_stop("identity_refused")) == 1


# ---- 421 ---------------------------------------------------------------------------------------------------------

BUSY = """
smtpd_delay_reject = no
smtpd_sender_restrictions = check_sender_access inline:{ {mail@example.org=421 4.7.9 busy at mail} }
smtpd_recipient_restrictions = check_sender_access inline:{ {rcpt@example.org=421 4.7.9 busy at rcpt} }
smtpd_data_restrictions = check_sender_access inline:{ {data@example.org=421 4.7.9 busy at data} }
smtpd_end_of_data_restrictions = check_sender_access inline:{ {dot@example.org=421 4.7.9 busy at dot} }
"""


@pytest.fixture(scope="module")
def busy():
    with Postfix(settings=BUSY) as mta:
        yield mta


@pytest.mark.parametrize("verify", ["mta", "off"])
@pytest.mark.parametrize("at", ["mail", "rcpt", "data", "dot"])
def test_421_is_passed_on_in_the_mtas_words(start_sluice, busy, at, verify):
    """It ends the MTA's connection with Sluice and not the client's, who hears it as 451."""
    sluice = start_sluice(busy.private_port, config=ONE_CONNECTION | {"recipients": {"verify": verify}})
    reply = mail_from(sluice, "127.0.79.1", new_token(), sender=f"{at}@example.org")
    assert reply.code == 451 and reply.enhanced == "4.7.9" and f"busy at {at}" in reply.text, reply
    assert mail_from(sluice, "127.0.79.2", new_token()).code == 250
    assert not sluice.records_after_stop("mta_down")


# ---- words for the log -------------------------------------------------------------------------------------------


def test_an_outage_has_the_mtas_words(start_sluice):
    with ScriptedMta() as mta:
        mta.script["connect"] = "554 5.3.2 closed for repairs"
        sluice = start_sluice(mta.port, config={"relay": {"pool": {"outage_wait_max_s": 0}}} | WITHOUT_QUESTIONS)
        sluice.wait_record("mta_down")
        reply = mail_from(sluice, "127.0.80.1", new_token())
        assert reply.code == 451 and "repairs" not in reply.text
        said = sluice.wait_record("transaction", outcome="deferred")["mta_reply"]
        assert said == f"127.0.0.1:{mta.port}: 554 5.3.2 closed for repairs (in reply to the connection)"


def test_an_mta_that_cannot_carry_a_message_is_told_of_with_its_offer(start_sluice):
    """It stops offering what it was known to offer."""
    with ScriptedMta() as mta:
        sluice = start_sluice(mta.port, config=WITHOUT_QUESTIONS)
        sluice.wait_record("mta_up")
        with sluice.connect(source="127.0.80.2") as client:
            offered = client.greet()
            assert "SMTPUTF8" in offered
            plain = "250-scripted.example.test\r\n250-XCLIENT NAME ADDR PROTO HELO\r\n250 SIZE 1000"
            mta.script["ehlo"] = plain
            client.expect(250, "MAIL FROM:<jörg@example.org> SMTPUTF8")
            client.expect(250, f"RCPT TO:<alice@{DOMAIN}>")
            assert client.content(message(new_token())).code == 451
        said = sluice.wait_record("transaction", outcome="deferred")["mta_reply"]
        assert said == "250 scripted.example.test SIZE 1000 (in reply to EHLO)"


def test_what_it_says_instead_of_smtp_is_told(start_sluice):
    with ScriptedMta() as mta:
        sluice = start_sluice(mta.port, config=WITHOUT_QUESTIONS)
        sluice.wait_record("mta_up")
        mta.script["mail"] = 'segfault at 0x0 "quoted"'
        assert mail_from(sluice, "127.0.80.3", new_token()).code == 451
        said = sluice.wait_record("transaction", outcome="deferred")["mta_reply"]
        assert said == 'segfault at 0x0 "quoted" (in reply to MAIL FROM)'
        mta.script.clear()
        wait_until(lambda: mail_from(sluice, "127.0.80.3", new_token()).code == 250, "the MTA to be asked again")
