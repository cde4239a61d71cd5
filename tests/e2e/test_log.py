"""One JSON line a session and a transaction, which nobody can forge or stop."""

import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from harness.client import Client
from harness.mail import dotted, message, new_token
from harness.sluice import BINARY
from harness.waiting import PATIENCE, free_port, wait_for_port, wait_until


def whole_session(sluice, source, sender="sender@example.org"):
    token = new_token()
    with sluice.connect(source=source) as client:
        client.greet("teller.example.org")
        client.expect(250, f"MAIL FROM:<{sender}>")
        client.expect(250, "RCPT TO:<alice@example.test>")
        client.expect(550, "RCPT TO:<no-such@example.test>")
        assert client.content(message(token)).code == 250
        port = client.local_port
        client.quit()
    return token, port


def test_a_session_and_its_transaction(sluice, postfix):
    token, port = whole_session(sluice, "127.0.90.1")
    session = sluice.wait_record("session", client="127.0.90.1")
    assert session["port"] == port and session["helo"] == "teller.example.org"
    assert (session["lane"], session["outcome"], session["stage"]) == ("fast", "quit", "message")
    assert (session["transactions"], session["messages"]) == (1, 1)
    assert (session["recipients_accepted"], session["recipients_refused"]) == (1, 1)
    sent = len(b"EHLO teller.example.org\r\nMAIL FROM:<sender@example.org>\r\nRCPT TO:<alice@example.test>\r\n")
    sent += len(b"RCPT TO:<no-such@example.test>\r\nDATA\r\nQUIT\r\n") + len(dotted(message(token)))
    assert session["octets_in"] == sent
    assert session["octets_out"] > 100 and session["held_s"] == 0 and session["signals"] == []
    stages = ["greeting", "helo", "mail", "rcpt", "data", "message"]
    times = [session["reached_ms"][stage] for stage in stages]
    assert times == sorted(times) and times[-1] <= session["seconds"] * 1000 + 1

    transaction = sluice.wait_record("transaction", client="127.0.90.1")
    assert transaction["session"] == session["session"]
    assert transaction["sender"] == "sender@example.org" and transaction["recipients"] == ["alice@example.test"]
    assert transaction["recipients_refused"] == 1
    (refused,) = transaction["refused"]
    assert (refused["recipient"], refused["code"], refused["by"]) == ("no-such@example.test", 550, "mta")
    assert refused["reply"].startswith("5.1.1 <no-such@example.test>: Recipient address rejected"), refused
    assert transaction["octets"] == len(message(token))
    assert transaction["outcome"] == "delivered" and transaction["code"] == 250
    assert transaction["mta"] == f"127.0.0.1:{postfix.private_port}"
    assert set(transaction["seconds"]) == {"envelope", "content", "delivery"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", transaction["time"])


def test_every_way_a_transaction_ends(sluice):
    """Delivered, refused by the MTA, reset, abandoned: each has its line."""
    with sluice.connect(source="127.0.90.2") as client:
        client.greet()
        client.envelope()
        client.expect(250, "RSET")
        client.envelope()
        client.expect(250, "EHLO again.example.org")
        client.envelope()
        client.expect(354, "DATA")
        client.send(b"bare\nnewline\r\n.\r\n")
        client.expect(550)
        client.envelope()
        client.quit()
    records = sluice.records_after_stop("transaction", client="127.0.90.2")
    assert [record["outcome"] for record in records] == ["rset", "helo", "bare_newline", "quit"]


@pytest.mark.parametrize(
    "helo",
    [
        'x","event":"session","client":"192.0.2.66',
        "x\\",
        "x{}[]",
        "gr\u00fc\u00dfe",
        "\x1b[2J\x07",
        b"\xff\xfe",
    ],
)
def test_a_peer_cannot_forge_a_line(sluice, helo):
    """A peer's words are a value, or are refused; the log stays one object a line (Sluice.stop() parses all)."""
    with sluice.connect(source="127.0.90.3") as client:
        client.expect(220)
        client.command(b"EHLO " + (helo if isinstance(helo, bytes) else helo.encode()))
        client.command(b"MAIL FROM:<" + (helo if isinstance(helo, bytes) else helo.encode()) + b"@example.org>")
        client.quit()
    (record,) = sluice.records_after_stop("session")
    assert record["client"] == "127.0.90.3"
    assert "\x1b" not in sluice.log_after_stop()


def test_pretty(start_sluice, postfix):
    """For people: no JSON, one line each, the same facts."""
    sluice = start_sluice(postfix.private_port, arguments=["--log", "pretty"], json_log=False)
    whole_session(sluice, "127.0.90.4")

    def session_lines():
        return [line for line in sluice.log_text().splitlines() if " session " in line and "127.0.90.4" in line]

    line = wait_until(session_lines, "the session's line")[0]
    assert not line.startswith("{")
    assert "teller.example.org" in line and "lane=fast" in line and "outcome=quit" in line


def files_of(sluice):
    """Those that the supervisor and its workers have open."""
    pids = [sluice.process.pid, *sluice.worker_pids()]
    return {os.readlink(link) for pid in pids for link in pathlib.Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_the_file_is_opened_anew(sluice, number):
    """As logrotate wants it: nothing is lost, and nothing more goes into the old file."""
    whole_session(sluice, "127.0.90.5")
    sluice.wait_record("session", client="127.0.90.5")
    log = sluice.directory / "log"
    old = log.rename(sluice.directory / "log.1")
    sluice.process.send_signal(number)
    wait_until(log.exists, "the new file")
    wait_until(lambda: str(old) not in files_of(sluice), "each process to have let go of the old one")
    size = old.stat().st_size
    whole_session(sluice, "127.0.90.6")
    sluice.wait_record("session", client="127.0.90.6")
    assert old.stat().st_size == size and "127.0.90.5" in old.read_text()


def test_a_log_that_nobody_reads_stops_no_mail(postfix, tmp_path):
    """Standard output is a pipe that is full: lines are dropped and counted, mail flows on."""
    port = free_port()
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [BINARY, "run", "--listen", f"127.0.0.1:{port}", "--relay", f"127.0.0.1:{postfix.private_port}", "--workers", "1"],
        stdout=writer,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        wait_for_port(port, process)
        # A quarter of a megabyte of transaction lines, and then enough to fill the buffer of 4 MB behind the pipe.
        lines = 0
        while lines < 45_000:
            with Client(port) as client:
                client.greet()
                batch = b"MAIL FROM:<" + b"x" * 200 + b"@example.org>\r\nRSET\r\n"
                client.send(batch * 90)
                client.read_replies(180)
                lines += 90
        token = new_token()
        with Client(port) as client:
            client.greet()
            client.envelope()
            assert client.content(message(token)).code == 250
        postfix.wait_message(token)

        text = drain(reader, process)
        records = [json.loads(line) for line in text.splitlines()]
        assert [r for r in records if r["event"] == "log_lines_dropped"], "the log says how many lines are missing"
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def drain(reader, process):
    """Reads the pipe to its end while the process stops."""
    process.terminate()
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read().decode()
    process.wait(20 * PATIENCE)
    return text
