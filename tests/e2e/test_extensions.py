"""The ESMTP extensions, end to end: offered where the MTA offers them, their parameters carried through untouched."""

import re

import pytest

from harness.mail import dotted, message, new_token, trace_of
from harness.scripted_mta import EVERYTHING, XCLIENT, ScriptedMta, Wait
from harness.waiting import free_port, wait_until

KEYWORDS = {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES"}


def offered(sluice):
    with sluice.connect() as client:
        keywords = client.greet()
        client.quit()
    return keywords


def test_offer_before_a_real_postfix(sluice):
    wait_until(lambda: set(offered(sluice)) == KEYWORDS, lambda: f"all extensions, not {offered(sluice)}")
    assert offered(sluice)["SIZE"] == "52428800"


@pytest.mark.parametrize("missing", sorted(KEYWORDS - {"SIZE", "PIPELINING"}))
def test_what_the_mta_does_not_offer_is_not_offered(start_sluice, missing):
    with ScriptedMta(offer=[line for line in EVERYTHING if line != missing]) as mta:
        sluice = start_sluice(mta.port)
        wait_until(lambda: set(offered(sluice)) == KEYWORDS - {missing}, lambda: f"{offered(sluice)}")


def test_what_the_operator_withholds_is_not_offered(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config={"smtp": {"offer": ["SIZE", "8BITMIME"]}})
    wait_until(lambda: set(offered(sluice)) == {"SIZE", "8BITMIME"}, lambda: f"{offered(sluice)}")


def test_the_offer_follows_the_mta(start_sluice):
    """It was upgraded while we ran."""
    with ScriptedMta(offer=["SIZE 1000000", XCLIENT]) as mta:
        sluice = start_sluice(mta.port, config={"relay": {"pool": {"age_max_s": 1, "retry_after_s": 1}}})
        wait_until(lambda: offered(sluice).get("SIZE") == "1000000", "the first offer")
        assert not set(offered(sluice)) & {"SMTPUTF8", "8BITMIME", "CHUNKING", "DSN"}
        mta.offer = EVERYTHING
        mta.reset_connections()
        wait_until(lambda: set(offered(sluice)) == KEYWORDS, lambda: f"{offered(sluice)}", timeout=15)


@pytest.mark.parametrize("mta_answers_after_s", [0, 1.5])
def test_the_first_client_is_not_offered_less(start_sluice, mta_answers_after_s):
    """A moment after a start, or a worker's restart, the MTA has not been heard yet. Mail that needs SMTPUTF8 must not
    be bounced by its sender for that: what is not offered is a permanent answer."""
    with ScriptedMta(connect=lambda *_: Wait(mta_answers_after_s)) as mta:
        sluice = start_sluice(mta.port)
        assert set(offered(sluice)) == KEYWORDS


def test_with_no_mta_to_ask_mail_is_deferred_not_bounced(start_sluice):
    sluice = start_sluice(free_port(), config={"relay": {"pool": {"connect_timeout_s": 1, "retry_after_s": 1, "outage_wait_max_s": 0}}})
    with sluice.connect() as client:
        assert "SMTPUTF8" in client.greet()
        reply = client.command("MAIL FROM:<jürgen@example.org> SMTPUTF8")
        if reply.code == 250:
            reply = client.command("RCPT TO:<jörg@example.test>")
        assert 400 <= reply.code < 500, reply


def test_a_parameter_that_was_not_offered_is_refused(start_sluice):
    """One that asks for something. BODY and AUTH=<> only tell something: see test_lenience.py."""
    with ScriptedMta(offer=[XCLIENT]) as mta:
        sluice = start_sluice(mta.port)
        with sluice.connect() as client:
            assert not set(client.greet()) & {"SMTPUTF8", "DSN", "8BITMIME"}
            for parameter in ("SMTPUTF8", "RET=HDRS", "ENVID=x", "X-UNKNOWN=1"):
                assert client.command(f"MAIL FROM:<sender@example.org> {parameter}").code in (501, 504, 555), parameter
            client.expect(250, "MAIL FROM:<sender@example.org>")
            assert client.command("RCPT TO:<alice@example.test> NOTIFY=NEVER").code in (501, 504, 555)


def test_pipelining(sluice, postfix):
    """Two whole transactions in one write; replies in order, mixed outcomes included."""
    first, second = new_token(), new_token()
    with sluice.connect() as client:
        client.greet()
        client.send(
            b"MAIL FROM:<one@example.org>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<no-such@example.test>\r\n"
            b"RCPT TO:<bob@example.test>\r\nDATA\r\n"
        )
        assert [reply.code for reply in client.read_replies(5)] == [250, 250, 550, 250, 354]
        client.send(
            dotted(message(first))
            + b"MAIL FROM:<two@example.org>\r\nRCPT TO:<alice@example.test>\r\nNOOP\r\nRSET\r\n"
            + b"MAIL FROM:<three@example.org>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"
        )
        assert [reply.code for reply in client.read_replies(8)] == [250, 250, 250, 250, 250, 250, 250, 354]
        client.send(dotted(message(second)) + b"QUIT\r\n")
        assert [reply.code for reply in client.read_replies(2)] == [250, 221]
        assert client.at_end()
    assert b"Return-Path: <one@example.org>" in postfix.wait_message(first)
    postfix.wait_message(first, "bob")
    assert b"Return-Path: <three@example.org>" in postfix.wait_message(second)


def test_pipelining_with_every_recipient_refused(sluice):
    """RFC 2920: DATA behind refused recipients is refused, and what follows is commands, not content."""
    with sluice.connect() as client:
        client.greet()
        client.send(b"MAIL FROM:<one@example.org>\r\nRCPT TO:<no-such@example.test>\r\nDATA\r\nNOOP\r\nQUIT\r\n")
        codes = [reply.code for reply in client.read_replies(5)]
    assert codes[0] == 250 and codes[1] == 550 and codes[2] in (503, 554) and codes[3:] == [250, 221]


@pytest.mark.parametrize("chunks", [[None], [10, None], [1, 1, 1, None], [500, 0, None], [None, 0]])
def test_bdat(sluice, postfix, chunks):
    """Content in chunks, the last of them possibly empty; dots at line starts are content."""
    token = new_token()
    content = message(token, b".\r\n..\r\n.leading\r\n" + b"y" * 600 + b"\r\n")
    with sluice.connect() as client:
        assert "CHUNKING" in client.greet()
        client.envelope()
        rest = content
        for number, size in enumerate(chunks):
            part, rest = (rest, b"") if size is None else (rest[:size], rest[size:])
            last = b" LAST" if number == len(chunks) - 1 else b""
            client.send(b"BDAT %d%s\r\n" % (len(part), last) + part)
            client.expect(250)
        client.quit()
    trace_of(postfix.wait_message(token), content)


def test_bdat_pipelined_and_split(sluice, postfix):
    """The chunk's octets cut anywhere, a whole transaction in one go."""
    token = new_token()
    content = message(token)
    octets = (
        b"MAIL FROM:<sender@example.org>\r\nRCPT TO:<alice@example.test>\r\n"
        + b"BDAT 20\r\n" + content[:20] + b"BDAT %d LAST\r\n" % (len(content) - 20) + content[20:] + b"QUIT\r\n"
    )  # fmt: skip
    with sluice.connect() as client:
        client.greet()
        for start in range(0, len(octets), 7):
            client.send(octets[start : start + 7])
        assert [reply.code for reply in client.read_replies(5)] == [250, 250, 250, 250, 221]
    trace_of(postfix.wait_message(token), content)


def test_bdat_without_recipients_discards_its_octets(sluice):
    """The chunk must not be taken for commands, whatever it says."""
    with sluice.connect() as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.send(b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
        assert client.read_reply().code in (503, 554)
        client.expect(250)


def test_data_and_bdat_do_not_mix(sluice):
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        client.send(b"BDAT 4\r\nab\r\n")
        client.expect(250)
        assert client.command("DATA").code == 503


def test_smtputf8(sluice, postfix):
    token = new_token()
    body = "Grüße, 世界\r\n".encode()
    headers = "X-From: jürgen\r\n".encode()
    with sluice.connect() as client:
        assert "SMTPUTF8" in client.greet()
        client.expect(250, "MAIL FROM:<jürgen@example.org> SMTPUTF8 BODY=8BITMIME")
        client.expect(250, "RCPT TO:<jörg@example.test>")
        assert client.content(message(token, body, headers)).code == 250
    delivered = postfix.wait_message(token, "jörg")
    assert delivered.endswith(body.replace(b"\r\n", b"\n"))
    assert "Return-Path: <jürgen@example.org>\n".encode() in delivered
    assert "with UTF8SMTP" in delivered.decode()


def test_utf8_addresses_need_the_parameter(sluice):
    with sluice.connect() as client:
        client.greet()
        assert client.command("MAIL FROM:<jürgen@example.org>").code in (501, 550, 553)
        client.expect(250, "MAIL FROM:<sender@example.org>")
        assert client.command("RCPT TO:<jörg@example.test>").code in (501, 550, 553)


def test_dsn_parameters_are_carried_through(start_sluice):
    """Octet for octet: xtext is not decoded and encoded again."""
    with ScriptedMta() as mta:
        sluice = start_sluice(mta.port)
        with sluice.connect() as client:
            wait_until(lambda: "DSN" in offered(sluice), "DSN")
            assert "DSN" in client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org> RET=HDRS ENVID=QQ314159+2B+3D size=1234 BODY=8BITMIME")
            client.expect(250, "RCPT TO:<alice@example.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Alice+2Bx@Example.TEST")
            client.expect(250, "RCPT TO:<bob@example.test> NOTIFY=NEVER")
            assert client.content(message(new_token())).code == 250
        taken = mta.taken[0]
        assert taken.sender == "FROM:<sender@example.org> RET=HDRS ENVID=QQ314159+2B+3D size=1234 BODY=8BITMIME"
        assert taken.recipients == [
            "TO:<alice@example.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Alice+2Bx+40Example.TEST",
            "TO:<bob@example.test> NOTIFY=NEVER",
        ]


def test_dsn_at_a_real_postfix(sluice, postfix):
    """NOTIFY=SUCCESS makes Postfix tell the sender, with the ENVID that the client gave."""
    token = new_token()
    with sluice.connect() as client:
        client.greet()
        client.expect(250, f"MAIL FROM:<carol@example.test> RET=HDRS ENVID={token}")
        client.expect(250, "RCPT TO:<alice@example.test> NOTIFY=SUCCESS ORCPT=rfc822;original@example.com")
        assert client.content(message(new_token())).code == 250
    report = wait_until(
        lambda: [m for m in postfix.messages("carol") if token.encode() in m], "the delivery report"
    )
    assert f"Original-Envelope-Id: {token}".encode() in report[0]
    assert b"Original-Recipient: rfc822;original@example.com" in report[0]


@pytest.mark.parametrize("address", ["sender@[192.0.2.1]", "sender@[IPv6:2001:db8::1]", '"quoted local"@example.org', ""])
def test_odd_addresses(start_sluice, address):
    with ScriptedMta() as mta:
        sluice = start_sluice(mta.port)
        with sluice.connect() as client:
            client.greet()
            client.expect(250, f"MAIL FROM:<{address}>")
            client.expect(250, "RCPT TO:<user@[127.0.0.1]>")
            assert client.content(message(new_token())).code == 250
        assert mta.taken[0].sender.startswith(f"FROM:<{address}>")
        assert mta.taken[0].recipients == ["TO:<user@[127.0.0.1]>"]


def test_helo_instead_of_ehlo(sluice, postfix):
    """An old client gets plain replies, no extensions, and its mail through."""
    token = new_token()
    with sluice.connect() as client:
        client.expect(220)
        assert len(client.expect(250, "HELO old.example.org").lines) == 1
        reply = client.expect(250, "MAIL FROM:<sender@example.org>")
        assert reply.enhanced == "", "RFC 2034: enhanced codes only for those who were offered them"
        client.expect(250, "RCPT TO:<alice@example.test>")
        assert client.content(message(token)).code == 250
        client.quit()
    assert re.search(r"with SMTP id", trace_of(postfix.wait_message(token), message(token)))


def test_the_small_verbs(sluice):
    with sluice.connect() as client:
        client.greet()
        client.expect(252, "VRFY alice")
        client.expect(250, "NOOP anything at all")
        client.expect(214, "HELP")
        client.expect(250, "RSET")
        assert client.command("EXPN list").code in (500, 502)
        assert client.command("NONSENSE").code == 500
        client.expect(503, "DATA")
        client.expect(503, "RCPT TO:<alice@example.test>")
        client.expect(250, "mail from:<sender@example.org>")
        client.expect(503, "MAIL FROM:<again@example.org>")
        client.quit()


def test_starttls_is_not_offered(sluice):
    with sluice.connect() as client:
        assert "STARTTLS" not in client.greet()
        assert client.command("STARTTLS").code in (500, 502)
