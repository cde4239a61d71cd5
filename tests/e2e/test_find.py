"""`sluice find`: where somebody's mail is, from the log, in sentences."""

import gzip
import json
import os
import signal
import subprocess

import pytest

from harness.mail import message, new_token
from harness.operator import REMEMBERS, Operator
from harness.sluice import BINARY, SANITIZED, merged, run_sluice
from harness.waiting import wait_until

GREYLISTED, DELIVERED, REFUSED = "127.0.153.1", "127.0.153.2", "127.0.153.3"


def send(sluice, source, sender, recipient="alice@example.test", code=250):
    with sluice.connect(source=source) as client:
        client.greet("mail.example.org")
        client.expect(250, f"MAIL FROM:<{sender}>")
        client.expect(code, f"RCPT TO:<{recipient}>")
        if code == 250:
            assert client.content(message(new_token())).code == 250
        client.quit()
    sluice.wait_record("session", client=source)


def find(sluice, *words, stdin=None, status=0):
    done = subprocess.run(
        [BINARY, "find", "--config", sluice.config_file, *words], input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


@pytest.fixture
def sluice(start_sluice, postfix):
    policy = {"greylist": {"who": "all", "delay_s": 3600}, "networks": {"fast": [f"{DELIVERED}/32"], "reject": [f"{REFUSED}/32"]}}
    return start_sluice(postfix.private_port, config=merged(REMEMBERS, {"policy": policy}))


def test_what_became_of_a_mail(sluice, postfix):
    """When, in which lane and why, what was answered and by whom, what came of it."""
    send(sluice, GREYLISTED, "g@example.org", code=450)
    send(sluice, DELIVERED, "d@example.org")
    send(sluice, DELIVERED, "u@example.org", "no-such@example.test", code=550)
    send(sluice, REFUSED, "r@example.org", code=550)

    said = find(sluice, "g@example.org")
    assert "was put off by Sluice's greylist: 450 4.7.1 Greylisted: not seen before, try again in a while." in said
    assert "Not delivered so far: from <g@example.org> to <alice@example.test>, put off 1 time" in said
    assert "example.org" in said and GREYLISTED in said and DELIVERED not in said

    said = find(sluice, "d@example.org")
    assert f"For <alice@example.test> it was delivered: the MTA at 127.0.0.1:{postfix.private_port} answered 250 2.0.0 Ok: queued as" in said
    assert "It was in the fast lane: " in said and "Found: 1 transaction, 1 of them delivered." in said

    said = find(sluice, "no-such@example.test")
    assert "<no-such@example.test> was refused by the MTA: 550 5.1.1 <no-such@example.test>: Recipient address rejected" in said

    said = find(sluice, REFUSED)
    assert "in the reject lane" in said and "by Sluice, because of its lane: 550 5.7.1" in said

    assert find(sluice, "mail.example.org").count("(session ") >= 4
    assert find(sluice, "127.0.153.0/24", "--since", "1h").count("(session ") >= 4
    assert find(sluice, "127.0.153.0/24", "--since", "2099-01-01") == "Nothing is found.\n"


def test_who_was_asked_to_come_again_and_went_is_greylisted(sluice):
    send(sluice, GREYLISTED, "g@example.org", code=450)
    session = sluice.wait_record("session", client=GREYLISTED)
    assert session["outcome"] == "greylisted"
    transaction = sluice.wait_record("transaction", client=GREYLISTED)
    assert transaction["outcome"] == "greylisted"
    (refused,) = transaction["refused"]
    assert refused["by"] == "greylist" and refused["reply"].startswith("4.7.1 Greylisted")
    operator = Operator(sluice)
    series = 'sluice_sessions_total{lane="fast",outcome="greylisted"}'
    wait_until(lambda: operator.metrics()[series] == 1, "it to be counted")
    wait_until(lambda: "waiting" in operator("greylist", "list"), "its record")
    (line,) = [line for line in operator("greylist", "list").splitlines() if " waiting " in line]
    assert line.split()[:3] == ["127.0.153.0", "example.org", "waiting"]
    assert line.endswith(f"  {GREYLISTED}  <g@example.org> for <alice@example.test>")


def test_rotated_and_compressed_files_come_first(sluice):
    send(sluice, DELIVERED, "first@example.org")
    log = sluice.directory / "log"
    old = log.rename(sluice.directory / "log.1")
    sluice.process.send_signal(signal.SIGUSR1)
    wait_until(log.exists, "the new file")
    with gzip.open(sluice.directory / "log.2.gz", "wt") as packed:
        packed.write(old.read_text().replace("first@", "older@"))
    os.utime(sluice.directory / "log.2.gz", (1, 1))
    send(sluice, DELIVERED, "last@example.org")
    said = find(sluice, "@example.org")
    assert said.index("older@") < said.index("first@") < said.index("last@")
    assert "older@" not in find(sluice, "@example.org", "--since", "1h"), "that file was last written to before"
    assert "Found: 1 transaction" in find(sluice, "older@example.org", "--log-file", str(sluice.directory / "log.2.gz"))
    assert "Found: 1 transaction" in find(sluice, "--log-file", "-", "@example.org", stdin=log.read_text())


def test_what_it_cannot_do_it_says(sluice, tmp_path):
    assert "find: /no/such" not in find(sluice, "x@example.org", "--log-file", "/no/such", status=1)
    packed = tmp_path / "log.1.xz"
    packed.write_bytes(b"\xfd7zXZ\0rest")
    assert "`xz -dc`" in find(sluice, "x@example.org", "--log-file", str(packed), status=1)
    assert "192.0.2.1/24 is no mail address" in find(sluice, "192.0.2.1/24", status=2)
    assert "yesterday is neither" in find(sluice, "192.0.2.1", "--since", "yesterday", status=2)
    assert "name the log with --log-file" in run_sluice("find", "192.0.2.1").stderr


@pytest.mark.skipif(SANITIZED, reason="such a build keeps what was freed")
def test_however_long_the_log_is(tmp_path):
    """It streams: 200 MB of lines, of which a fifth is told, in a few MB of memory."""
    lines = []
    for n in range(5000):
        lines.append(json.dumps({
            "time": "2026-11-30T12:00:00.000Z", "event": "transaction", "session": f"s.{n}", "client": f"192.0.2.{n % 5}",
            "helo": "h" * 100, "lane": "slow", "sender": f"s{n}@example.org", "recipients": [f"r{n}@example.test"] * 5,
            "outcome": "deferred", "code": 451, "reply": "4.3.0 x", "signals": [],
        }, separators=(",", ":")) + "\n")  # fmt: skip
    block = "".join(lines).encode()
    log = tmp_path / "log.gz"
    with gzip.open(log, "wb", compresslevel=1) as packed:
        for _ in range(200_000_000 // len(block)):
            packed.write(block)
    # What it may allocate is bounded: the resident set that the kernel reports is also that of the process that forked it.
    bounded = ["prlimit", f"--data={48 << 20}", BINARY, "find", "192.0.2.1", "--log-file", log]
    with open(tmp_path / "out", "wb") as out:
        subprocess.run(bounded, stdout=out, check=True)
    assert (tmp_path / "out").stat().st_size > 1_000_000
