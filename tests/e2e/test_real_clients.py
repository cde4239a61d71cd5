"""Mail from clients that nobody wrote for this test arrives, once, unchanged, and names its true client."""

import subprocess

import pytest

from harness.feeders import smtp_source, smtplib_session, swaks
from harness.mail import message, new_token, trace_of
from harness.postfix import SendingPostfix
from harness.waiting import wait_until


@pytest.fixture
def sender(sluice):
    with SendingPostfix(sluice.port) as mta:
        yield mta


def test_swaks(sluice, postfix):
    token = new_token()
    swaks(
        sluice.port, "--local-interface", "127.0.3.1", "--from", "you@example.org", "--to", "alice@example.test",
        "--header", f"Subject: {token}", "--pipeline",
    )  # fmt: skip
    assert "from swaks.example.org (unknown [127.0.3.1])" in postfix.wait_message(token).decode().replace("\n\t", " ")


def test_swaks_to_many_recipients(sluice, postfix):
    token = new_token()
    swaks(sluice.port, "--from", "you@example.org", "--to", "alice@example.test,bob@example.test,carol@example.test",
          "--header", f"Subject: {token}")  # fmt: skip
    for mailbox in ("alice", "bob", "carol"):
        postfix.wait_message(token, mailbox)


def test_smtplib_names_the_true_client(sluice, postfix):
    token = new_token()
    sent = message(token, b"dots\r\n.\r\n..two\r\n" + b"x" * 900 + b"\r\n")
    with smtplib_session(sluice.port, "127.0.3.2") as session:
        assert session.sendmail("sender@example.org", ["alice@example.test"], sent) == {}
    trace = trace_of(postfix.wait_message(token), sent)
    assert trace.count("Received: ") == 1, trace
    assert "Received: from smtplib.example.org (unknown [127.0.3.2])" in trace


def test_smtplib_with_good_and_bad_recipients(sluice, postfix):
    token = new_token()
    with smtplib_session(sluice.port) as session:
        refused = session.sendmail(
            "sender@example.org",
            ["alice@example.test", "nobody-here@example.test", "bob@example.test"],
            message(token),
        )
        assert list(refused) == ["nobody-here@example.test"]
        code, text = refused["nobody-here@example.test"]
        assert code == 550 and text.startswith(b"5.1.1")
    postfix.wait_message(token, "alice")
    postfix.wait_message(token, "bob")


def test_many_mails_in_one_smtplib_session(sluice, postfix):
    tokens = [new_token() for _ in range(20)]
    with smtplib_session(sluice.port) as session:
        for token in tokens:
            session.sendmail("sender@example.org", ["alice@example.test"], message(token))
    for token in tokens:
        postfix.wait_message(token)


def test_smtp_source(sluice, postfix):
    """200 mails over 10 sessions at once, each with two recipients (it puts their number before the address)."""
    subject = new_token()
    smtp_source(sluice.port, "-s", 10, "-m", 200, "-l", 4096, "-r", 2, "-S", subject,
                "-f", "source@example.org", "-t", "source@example.test")  # fmt: skip
    for mailbox in ("source", "2source"):
        wait_until(lambda: postfix.count_messages(subject, mailbox) == 200, f"200 mails for {mailbox}")


def test_a_sending_postfix(sluice, postfix, sender):
    """An MTA as a client: multi-recipient, with a mixed outcome that it bounces itself."""
    token = new_token()
    subprocess.run(
        ["sendmail", "-C", sender.directory / "etc", "-f", "origin@sender.example.org", "-i",
         "alice@example.test", "bob@example.test", "not-there@example.test"],
        input=message(token), check=True, timeout=30,
    )  # fmt: skip
    for mailbox in ("alice", "bob"):
        assert "sender.example.org" in postfix.wait_message(token, mailbox).decode()
    sender.wait_log(r"to=<not-there@example\.test>.*dsn=5\.1\.1, status=bounced \(host 127\.0\.0\.1.* said: 550 5\.1\.1")


def test_a_sending_postfix_speaks_every_extension(sluice, postfix, sender):
    token = new_token()
    body = "grüße\r\n".encode() * 1000
    subprocess.run(
        ["sendmail", "-C", sender.directory / "etc", "-f", "origin@sender.example.org", "-i", "-O", "SMTPUTF8",
         "-N", "success,delay,failure", "-V", "envid-17", "alice@example.test"],
        input=message(token, body, b"Content-Type: text/plain; charset=utf-8\r\n"), check=True, timeout=30,
    )  # fmt: skip
    assert postfix.wait_message(token).endswith(body.replace(b"\r\n", b"\n"))
