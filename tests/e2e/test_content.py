"""Message content: dots, long lines, 8-bit, empty messages and large ones arrive as they were sent."""

import hashlib
import time

import pytest

from harness import corpus
from harness.feeders import smtplib_session
from harness.mail import dotted, message, new_token, trace_of
from harness.waiting import PATIENCE

BODIES = {
    "dots": b".\r\n..\r\n...\r\n.a\r\n. \r\nx.\r\n.\r\n",
    "starts with a dot": b".",
    "empty lines": b"\r\n\r\n\r\n",
    "every octet but CR, LF and NUL": bytes(n for n in range(1, 256) if n not in (10, 13)) + b"\r\n",
    "8-bit": bytes(range(128, 256)) * 50 + b"\r\n",
    "lines of 998": (b"x" * 998 + b"\r\n") * 20,
    "a line of 10,000": b"y" * 10_000 + b"\r\n",
    "a line of 300,000": b"z" * 300_000 + b"\r\n",
    "white space at line ends": b"a \t\r\nb\t \r\n   \r\n",
    "looks like SMTP": b"QUIT\r\nRSET\r\nMAIL FROM:<x@example.org>\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("verb", ["DATA", "BDAT"])
def test_arrives_unchanged(sluice, postfix, name, verb):
    token = new_token()
    body = BODIES[name]
    sent = message(token, body if not body or body.endswith(b"\r\n") else body + b"\r\n")
    with sluice.connect() as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org> BODY=8BITMIME")
        client.expect(250, "RCPT TO:<alice@example.test>")
        if verb == "DATA":
            assert client.content(sent).code == 250
        else:
            client.send(b"BDAT %d LAST\r\n" % len(sent) + sent)
            client.expect(250)
        client.quit()
    trace_of(postfix.wait_message(token), sent)


def test_arrives_unchanged_octet_by_octet(sluice, postfix):
    """The same content in segments of one octet."""
    token = new_token()
    sent = message(token, b".\r\n..\r\n.\xe9\r\n\r\n.\r\n")
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        client.expect(354, "DATA")
        for octet in dotted(sent):
            client.send(bytes([octet]))
        client.expect(250)
        client.quit()
    trace_of(postfix.wait_message(token), sent)


def test_bdat_content_without_a_final_newline(sluice, postfix):
    """DATA cannot carry it: the line is ended for it."""
    token = new_token()
    sent = message(token, b"no newline")
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        client.send(b"BDAT %d LAST\r\n" % len(sent) + sent)
        client.expect(250)
    trace_of(postfix.wait_message(token), sent + b"\r\n")


def test_an_empty_message(sluice, postfix):
    """No header, no body: DATA and its end."""
    with sluice.connect(source="127.0.70.1") as client:
        client.greet(f"{(token := new_token())}.example.org")
        client.envelope()
        client.expect(354, "DATA")
        client.send(b".\r\n")
        client.expect(250)
    assert token in postfix.wait_message(token).decode()


def test_nul_and_bare_newlines_normalised(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config={"smtp": {"bare_newlines": "normalise"}})
    token = new_token()
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        client.expect(354, "DATA")
        client.send(f"Subject: {token}\r\n\r\none\ntwo\rthree\0\0four\r\r\nfive\n.six\r\n.\r\n")
        client.expect(250)
    assert postfix.wait_message(token).endswith(b"\n\none\ntwo\nthreefour\n\nfive\n.six\n")


def test_the_corpus_mails_with_bare_newlines(start_sluice, postfix):
    """Real mails that contain what smuggling is made of: refused by default, normalised on request."""
    broken = [
        (name, content)
        for group in corpus.GROUPS
        for name, content in corpus.all_mails(group)
        if corpus.has_bare_newline(content)
    ]
    assert broken, "the corpus has such mails"
    for policy in ("refuse", "normalise"):
        sluice = start_sluice(postfix.private_port, config={"smtp": {"bare_newlines": policy}})
        with sluice.connect() as client:
            client.greet()
            for name, content in broken:
                token = new_token()
                client.envelope()
                reply = client.content(b"X-Test: " + token.encode() + b"\r\n" + content)
                assert reply.code == {"refuse": 550, "normalise": 250}[policy], name
                if policy == "normalise":
                    assert b"\r" not in postfix.wait_message(token)
                else:
                    assert reply.enhanced == "5.6.0" and postfix.count_messages(token) == 0


@pytest.mark.parametrize("octets", [64 * 1024 - 400, 64 * 1024 + 400, 1_000_000])
@pytest.mark.parametrize("shared", [0, 256 * 1024, 64 << 20])
def test_memory_and_file(start_sluice, postfix, octets, shared):
    """On both sides of spool.memory_octets_max, where a message leaves its own memory, and of spool.shared_octets_max,
    where it goes on in an unlinked file."""
    sluice = start_sluice(postfix.private_port, config={"spool": {"shared_octets_max": shared}})
    token = new_token()
    sent = message(token, lines_of(octets))
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        assert client.content(sent).code == 250
    trace_of(postfix.wait_message(token), sent)
    assert list((sluice.directory / "state" / "spool").iterdir()) == []


@pytest.mark.parametrize("shared", [0, 4 << 20, 64 << 20])
def test_25_mb(start_sluice, postfix, shared):
    """By Python's smtplib, which stuffs dots and asks for SIZE by itself. In a file, in both, and in memory."""
    sluice = start_sluice(postfix.private_port, config={"spool": {"shared_octets_max": shared}})
    token = new_token()
    sent = message(token, lines_of(25 * 1024 * 1024))
    began = time.monotonic()
    with smtplib_session(sluice.port) as session:
        session.sendmail("sender@example.org", ["user42@example.test"], sent)
    assert time.monotonic() - began < 60 * PATIENCE
    delivered = postfix.wait_message(token, "user42", timeout=60)
    original = sent.replace(b"\r\n", b"\n")
    assert hashlib.sha256(delivered[-len(original) :]).digest() == hashlib.sha256(original).digest()
    record = sluice.wait_record("transaction", outcome="delivered")
    assert record["octets"] == len(sent)


@pytest.mark.parametrize("shared", [0, 128 * 1024])
def test_the_disk_is_full(start_sluice, postfix, tmp_path, shared):
    """A message that cannot be kept is refused for now; the session, and small mail, go on."""
    spool = tmp_path / "spool"
    spool.mkdir()
    sluice = start_sluice(postfix.private_port, config={"spool": {"directory": str(spool), "shared_octets_max": shared}})
    spool.rmdir()
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        reply = client.content(message(new_token(), lines_of(300_000)))
        assert reply.code == 452 and reply.enhanced == "4.3.1", reply
        token = new_token()
        client.envelope()
        assert client.content(message(token)).code == 250
    postfix.wait_message(token)


def lines_of(octets):
    """So many octets of text in lines, some of which begin with a dot."""
    line = b".0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 ABCDEFGHIJKLMNOPQR\r\n"
    return (line * (octets // len(line) + 1))[: octets - 2].rstrip(b"\r\n") + b"\r\n"
