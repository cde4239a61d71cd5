"""We take what Postfix takes from senders that are not quite right: said to a bare Postfix, and through Sluice.

A refusal for good of what the MTA behind would have taken is mail that bounces because of us.
"""

import pytest

from harness.client import Client
from harness.mail import message, new_token, trace_of
from harness.postfix import Postfix

MAIL = "MAIL FROM:<sender@example.org>"
RCPT = "RCPT TO:<alice@example.test>"
OURS = "127.0.97.1"  # in policy.networks.fast
STRANGER = "127.0.98.1"
EHLO = "EHLO client.example.org"

# What is said before "DATA", to whom all is 250.
TAKEN = {
    "a dot behind a sender's domain": ["MAIL FROM:<sender@example.org.>", RCPT],
    "a dot behind a recipient's domain": [MAIL, "RCPT TO:<alice@example.test.>"],
    "a bare equals sign in ENVID": [f"{MAIL} ENVID=a=b", RCPT],
    "a bare equals sign in ORCPT": [MAIL, f"{RCPT} ORCPT=rfc822;a=b@example.org"],
    "ENVID of 100 octets": [f"{MAIL} ENVID={'e' * 100}", RCPT],
    "ENVID of 101 octets": [f"{MAIL} ENVID={'e' * 101}", RCPT],
    "ENVID that fills the line": [f"{MAIL} ENVID={'e' * 1900}", RCPT],
    "ORCPT of 500 octets": [MAIL, f"{RCPT} ORCPT=rfc822;{'o' * 493}"],
    "ORCPT of 501 octets": [MAIL, f"{RCPT} ORCPT=rfc822;{'o' * 494}"],
    "ORCPT that fills the line": [MAIL, f"{RCPT} ORCPT=rfc822;{'o' * 1900}"],
    "ORCPT without an address": [MAIL, f"{RCPT} ORCPT=rfc822;"],
    "UTF-8 in EHLO": ["EHLO jürgen.example.org", MAIL, RCPT],
    "UTF-8 in HELO": ["HELO jürgen.example.org", MAIL, RCPT],
    "UTF-8 in EHLO, and in addresses": ["EHLO jürgen", "MAIL FROM:<jürgen@example.org> SMTPUTF8", RCPT],
    "a tab after EHLO": ["EHLO\tclient.example.org", MAIL, RCPT],
    "a tab within EHLO": ["EHLO client.example.org\tx", MAIL, RCPT],
    "a tab after HELO": ["HELO\tclient.example.org", MAIL, RCPT],
    "a tab after the colon": ["MAIL FROM:\t<sender@example.org>", "RCPT TO:\t<alice@example.test>"],
    "a tab after the verb": ["MAIL\tFROM:<sender@example.org>", "RCPT\tTO:<alice@example.test>"],
    "a tab before parameters": [f"{MAIL}\tSIZE=10 \t RET=HDRS", f"{RCPT}\tNOTIFY=NEVER"],
    "SIZE, BODY and AUTH after HELO": ["HELO c.example.org", f"{MAIL} SIZE=10 BODY=8BITMIME AUTH=<>", RCPT],
    "AUTH that is not offered": [f"{MAIL} AUTH=<>", RCPT],
    "AUTH of somebody": [f"{MAIL} AUTH=boss@example.test", RCPT],
    "AUTH that is no xtext": [f"{MAIL} AUTH=a+b", RCPT],
}

# What both refuse, with this code, at the last line.
REFUSED = {
    "two dots behind a domain": (501, [MAIL, "RCPT TO:<alice@example.test..>"]),
    "nobody, with a dot": (550, [MAIL, "RCPT TO:<nobody@example.test.>"]),
    "a plus sign that begins nothing in ENVID": (501, [f"{MAIL} ENVID=a+b"]),
    "a plus sign that begins nothing in ORCPT": (501, [MAIL, f"{RCPT} ORCPT=rfc822;a+b"]),
    "BINARYMIME": (555, [f"{MAIL} BODY=BINARYMIME"]),
    "octets that are no UTF-8 in EHLO": (500, [b"EHLO j\xfcrgen.example.org"]),
    "a message that is too large by SIZE": (552, ["HELO c.example.org", f"{MAIL} SIZE=70000000"]),
    "an unknown parameter": (555, [f"{MAIL} X-UNKNOWN=1"]),
}
OUR_CODES = {"BINARYMIME": 501}  # a known parameter with a bad value

# What ours only may say: the client's source, and the code of the last line.
LOCAL_NAMES = {
    "a recipient": [MAIL, "RCPT TO:<alice>"],
    "a recipient without brackets": [MAIL, "RCPT TO:alice"],
    "a sender": ["MAIL FROM:<root>", RCPT],
    "a sender without brackets": ["MAIL FROM:root", RCPT],
}


@pytest.fixture
def lenient(start_sluice, postfix):
    return start_sluice(postfix.private_port, config={"policy": {"networks": {"fast": ["127.0.97.0/24"]}}})


def say(port, lines, source=STRANGER, content=None):
    """The last reply, behind EHLO if `lines` have none."""
    if not (lines[0][:4] in ("EHLO", "HELO", b"EHLO")):
        lines = [EHLO, *lines]
    with Client(port, source=source) as client:
        client.expect(220)
        replies = [client.command(line) for line in lines]
        if content:
            replies.append(client.content(content))
        client.quit()
    for line, reply in zip(lines[:-1], replies):
        assert reply.code == 250, f"{line!r} got {reply}"
    return replies[-1]


@pytest.mark.parametrize("name", TAKEN)
def test_what_postfix_takes_comes_through(lenient, postfix, name):
    for port in (postfix.port, lenient.port):
        sent = message(new_token())
        token = sent.split(b"Subject: ")[1].split(b"\r\n")[0]
        reply = say(port, TAKEN[name], content=sent)
        assert reply.code == 250, f"{'Postfix' if port == postfix.port else 'Sluice'}: {reply}"
        trace_of(postfix.wait_message(token), sent)
    (session,) = lenient.records_after_stop("session")
    assert "non_smtp" not in str(session), session


@pytest.mark.parametrize("name", REFUSED)
def test_what_postfix_refuses_is_refused(lenient, postfix, name):
    code, lines = REFUSED[name]
    assert say(postfix.port, lines).code == code
    assert say(lenient.port, lines).code == OUR_CODES.get(name, code)


@pytest.mark.parametrize("name", LOCAL_NAMES)
def test_ours_may_leave_out_the_domain(lenient, postfix, name):
    lines = LOCAL_NAMES[name]
    for port in (postfix.port, lenient.port):
        sent = message(new_token())
        token = sent.split(b"Subject: ")[1].split(b"\r\n")[0]
        assert say(port, lines, OURS, sent).code == 250
        trace_of(postfix.wait_message(token), sent)
    assert say(lenient.port, [lines[0]] if "root" in lines[0] else lines).code == 501


@pytest.mark.parametrize("by", ["mta", "list", "off"])
def test_a_list_knows_nothing_of_local_names(start_sluice, postfix, tmp_path, by):
    """The MTA completes them, and is asked."""
    (tmp_path / "list").write_text("bob@example.test\n")
    recipients = {"verify": by} | ({"list_file": str(tmp_path / "list")} if by == "list" else {})
    sluice = start_sluice(
        postfix.private_port,
        config={"policy": {"networks": {"fast": ["127.0.97.0/24"]}}, "recipients": recipients},
    )
    assert say(sluice.port, [MAIL, "RCPT TO:<alice>"], OURS).code == 250
    assert say(sluice.port, [MAIL, "RCPT TO:<nobody>"], OURS).code == (250 if by == "off" else 550)
    assert say(sluice.port, [MAIL, "RCPT TO:<alice@example.test>"], OURS).code == (550 if by == "list" else 250)


def test_postmaster_needs_no_domain(lenient, postfix):
    for port in (postfix.port, lenient.port):
        assert say(port, [MAIL, "RCPT TO:<postmaster>"]).code == 250


def test_one_recipient_has_one_spelling(lenient, postfix):
    """With a dot or without: one answer in the cache, one name in the log."""
    assert say(lenient.port, [MAIL, "RCPT TO:<carol@example.test>"]).code == 250
    assert say(lenient.port, [MAIL, "RCPT TO:<carol@Example.Test.>"]).code == 250
    with lenient.connect(source=STRANGER) as client:
        client.greet()
        client.expect(250, MAIL)
        client.expect(550, "RCPT TO:<nobody@example.test.>")
        client.expect(250, "RCPT TO:<alice@example.test.>")
        client.expect(250, "RSET")
        client.quit()
    lenient.wait_record("transaction", recipients=["alice@example.test"])


@pytest.mark.parametrize("discarded", ["8bitmime", "8bitmime, auth, size"])
def test_what_the_mta_does_not_offer_is_not_said_to_it(start_sluice, discarded):
    """It would take it, as the bare one shows; others would not."""
    with Postfix(settings=f"smtpd_discard_ehlo_keywords = {discarded}\n") as mta:
        sluice = start_sluice(mta.private_port)
        for port in (mta.port, sluice.port):
            sent = message(new_token(), b"gr\xc3\xbc\xc3\x9fe\r\n")
            token = sent.split(b"Subject: ")[1].split(b"\r\n")[0]
            reply = say(port, [f"{MAIL} BODY=8BITMIME AUTH=<> SIZE=300", RCPT], content=sent)
            assert reply.code == 250
            trace_of(mta.wait_message(token), sent)
