"""The slow lane on the wire: its pace in both directions, and the caps that let patient senders through."""

import re
import socket
import struct
import subprocess
import time

import pytest

from harness.client import Client
from harness.mail import dotted, message, new_token
from harness.postfix import SendingPostfix
from harness.sluice import HOSTNAME
from harness.waiting import PATIENCE

SLOW = {"policy": {"networks": {"slow": ["127.0.60.0/24"]}}}


def slow(**pace):
    return SLOW | {"pace": pace}


def acknowledged(client):
    """Octets of ours that the other kernel has taken (struct tcp_info, tcpi_bytes_acked)."""
    info = client.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232)
    return struct.unpack_from("Q", info, 120)[0] - 1  # the SYN counts as one


def read_for(client, seconds):
    """(second, octets received by then) for each piece that arrives."""
    client.socket.settimeout(0.2)
    until = time.monotonic() + seconds
    total, arrivals = 0, []
    while time.monotonic() < until:
        try:
            octets = client.socket.recv(4096)
        except TimeoutError:
            continue
        assert octets
        total += len(octets)
        arrivals.append((time.monotonic() - client.connected_at, total))
    return arrivals


def test_replies_trickle_at_the_default_pace(start_sluice, postfix):
    """5 octets a second, in drops ten seconds apart at most, although the client asks for everything at once."""
    sluice = start_sluice(postfix.private_port, config=SLOW)
    with sluice.connect(source="127.0.60.1") as client:
        client.send(b"EHLO bot.example.org\r\n")
        arrivals = read_for(client, 27)
    for second, total in arrivals:
        assert total <= 5 * (second + 0.2 * PATIENCE), arrivals
    pieces = [b[1] - a[1] for a, b in zip([(0, 0), *arrivals], arrivals)]
    assert max(pieces) <= 75, "the trickle came in lumps"
    # The greeting takes five seconds; then 22 octets of command are read, which takes as long; then their answer comes.
    greeting = len(f"220 {HOSTNAME} ESMTP\r\n")
    ends = next(second for second, total in arrivals if total >= greeting)
    assert ends == pytest.approx(greeting / 5, abs=PATIENCE), arrivals
    assert arrivals[-1][1] == greeting + 50, arrivals


def test_another_pace_is_kept_as_well(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config=slow(out_bytes_per_s=40, in_bytes_per_s=1000, interval_ms=250))
    with sluice.connect(source="127.0.60.2") as client:
        client.send(b"EHLO bot.example.org\r\n")
        arrivals = read_for(client, 4)
    second, total = arrivals[-1]
    assert 40 * (second - 1.5 * PATIENCE) <= total <= 40 * (second + 0.5 * PATIENCE), arrivals


def test_commands_are_read_at_the_pace(start_sluice, postfix):
    """The client pushes 300 kB of commands. What leaves its kernel is the clamped window, then a trickle."""
    sluice = start_sluice(postfix.private_port, config=slow(out_bytes_per_s=1000, in_bytes_per_s=20, interval_ms=1000))
    with sluice.connect(source="127.0.60.3") as client:
        client.expect(220)
        client.socket.setblocking(False)
        noise = b"NOOP " + b"x" * 100 + b"\r\n"
        pushed = client.socket.send(noise * 3000)
        began = time.monotonic()
        samples = []
        while (elapsed := time.monotonic() - began) < 6:
            samples.append((elapsed, acknowledged(client)))
            time.sleep(0.25)  # between two samples
        client.abort()
    first = samples[2][1]
    assert first < 20_000, f"{first} octets vanished into a buffer at once; {pushed} were pushed"
    assert samples[-1][1] - first < 20 * 6 + 4096, samples
    record = sluice.wait_record("session", client="127.0.60.3")
    assert record["octets_in"] <= 20 * (record["seconds"] + 2), record


def test_content_is_read_at_its_own_pace(start_sluice, postfix):
    """30 kB at 4,000 octets a second: the window at once, then the pace, on the wire; and all of it arrives."""
    pace = slow(out_bytes_per_s=10_000, in_bytes_per_s=10_000, content_in_bytes_per_s=4000, interval_ms=250)
    sluice = start_sluice(postfix.private_port, config=pace)
    token = new_token()
    body = (b"0123456789" * 7 + b"\r\n") * 420
    with sluice.connect(source="127.0.60.4") as client:
        client.greet()
        client.envelope()
        client.expect(354, "DATA")
        before = acknowledged(client)
        octets = dotted(message(token, body))
        client.socket.setblocking(False)
        assert client.socket.send(octets) == len(octets)
        began = time.monotonic()
        samples = []
        while (taken := acknowledged(client) - before) < len(octets):
            samples.append((time.monotonic() - began, taken))
            assert samples[-1][0] < 30 * PATIENCE, samples
            time.sleep(0.1)  # between two samples
        client.expect(250)
    for second, taken in samples:
        assert taken <= 4000 * (second + 0.5) + 16_384, samples
    assert samples[-1][0] > (len(octets) - 16_384) / 4000 - 1, samples
    postfix.wait_message(token)


def test_an_exchange_is_held_back_only_so_long(start_sluice, postfix):
    """At 5 octets a second the EHLO reply would take half a minute; after exchange_max_s the rest of it comes at once."""
    sluice = start_sluice(postfix.private_port, config=slow(exchange_max_s=2))
    with sluice.connect(source="127.0.60.5") as client:
        for line in (None, "EHLO client.example.org", "NOOP"):
            began = time.monotonic()
            client.expect({None: 220, "NOOP": 250}.get(line, 250), line)
            assert 0.5 < time.monotonic() - began < 4 * PATIENCE


@pytest.mark.parametrize("cap", [2, 5])
def test_a_session_is_held_back_only_so_long(start_sluice, postfix, cap):
    """After max_delay_s in all, full speed: for what is under way and all that follows."""
    sluice = start_sluice(postfix.private_port, config=slow(max_delay_s=cap))
    token = new_token()
    with sluice.connect(source="127.0.60.6") as client:
        client.greet()
        client.envelope()
        assert client.content(message(token, b"x" * 70 + b"\r\n")).code == 250
        took = time.monotonic() - client.connected_at
        client.quit()
    assert cap - 1 < took < cap + 3 * PATIENCE
    record = sluice.wait_record("session", client="127.0.60.6")
    assert cap - 1 <= record["held_s"] <= cap + 1
    postfix.wait_message(token)


def test_a_client_that_becomes_slow_midway(start_sluice, postfix):
    """Promoted to the slow lane by its guesses: from then on the trickle."""
    config = {"policy": {"unknown_recipients": {"slow_after": 3}}}
    sluice = start_sluice(postfix.private_port, config=config)
    with sluice.connect(source="127.0.61.1") as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        for n in range(3):
            client.send(f"RCPT TO:<guess{n}-{new_token()}@example.test>\r\n")
        assert read_for(client, 3)
        client.send(b"NOOP\r\n")
        more = read_for(client, 5)
    assert not more or more[-1][1] <= 5 * 8 + 75, more


def test_good_mail_is_not_held_up_by_slow_sessions(start_sluice, postfix):
    """500 slow sessions in the one worker, and a fast client's mail takes less than a second, if the machine allows."""
    sluice = start_sluice(postfix.private_port, config=SLOW)
    held = [sluice.connect(source=f"127.0.60.{n % 250 + 1}") for n in range(500)]
    for client in held:
        client.send(b"EHLO bot.example.org\r\n")
    times = []
    for _ in range(10):
        began = time.monotonic()
        with sluice.connect(source="127.0.61.2") as client:
            client.greet()
            client.envelope()
            assert client.content(message(new_token())).code == 250
        times.append(time.monotonic() - began)
    assert sorted(times)[5] < PATIENCE, times
    for client in held:
        client.abort()


def test_an_impatient_bot_leaves_nothing(start_sluice, postfix):
    """It gives each reply its time, and quits after 30 s. The MTA never heard of it; the log says how far it came."""
    sluice = start_sluice(postfix.private_port, config=SLOW)
    patience = 30
    bot = sluice.connect(source="127.0.60.77", quits_after=patience)
    sent = b""
    try:
        bot.expect(220)
        for command in (b"EHLO bot.example.org\r\n", b"MAIL FROM:<bot@example.org>\r\n"):
            bot.send(command)
            sent += command
            bot.read_reply()
    except TimeoutError:
        pass
    took = time.monotonic() - bot.connected_at
    assert abs(took - patience) < 2 * PATIENCE
    received = sum(octets for _, octets in bot.octet_times)
    bot.close()
    record = sluice.wait_record("session", client="127.0.60.77", timeout=15)
    assert record["outcome"] == "left" and record["stage"] in ("helo", "mail")
    assert record["lane"] == "slow"
    assert [(s["signal"], s["what"]) for s in record["signals"]] == [("network", "127.0.60.0/24")]
    assert abs(record["seconds"] - took) < 2 * PATIENCE and record["held_s"] > took / 2
    assert received <= record["octets_out"] <= received + 75  # a drop that fell after it had gone
    assert record["octets_in"] <= len(sent)
    assert "127.0.60.77" not in postfix.log()


@pytest.mark.parametrize("stage", ["connect", "greeting", "helo", "mail", "rcpt", "data"])
def test_a_client_that_leaves_is_recorded(start_sluice, postfix, stage):
    """The stage in the log line is the one it had come to."""
    sluice = start_sluice(postfix.private_port, config=slow(out_bytes_per_s=2000, in_bytes_per_s=2000, interval_ms=50))
    client = sluice.connect(source="127.0.60.80")
    steps = {
        "greeting": lambda: client.expect(220),
        "helo": lambda: client.expect(250, "EHLO bot.example.org"),
        "mail": lambda: client.expect(250, "MAIL FROM:<bot@example.org>"),
        "rcpt": lambda: client.expect(250, "RCPT TO:<alice@example.test>"),
        "data": lambda: (client.expect(354, "DATA"), client.send(b"Subject: x\r\n")),
    }
    names = ["connect", *steps]
    for name in names[1 : names.index(stage) + 1]:
        steps[name]()
    client.close()
    record = sluice.wait_record("session", client="127.0.60.80")
    assert record["outcome"] == "left"
    assert record["stage"] in ({"connect", "greeting"} if stage in ("connect", "greeting") else {stage}), record
    assert set(names[1 : names.index(stage) + 1]) <= set(record["reached_ms"])
    if stage in ("mail", "rcpt", "data"):
        assert sluice.wait_record("transaction", client="127.0.60.80")["outcome"] == "left"


def test_a_patient_postfix_delivers_100_kb(start_sluice, postfix):
    """A real MTA with its own timers in the slow lane; `./dev soak patient` runs it with the default caps."""
    pace = {"max_delay_s": 20, "content_in_bytes_per_s": 1000}
    sluice = start_sluice(postfix.private_port, config={"policy": {"default_lane": "slow"}, "pace": pace})
    deliver_100_kb(sluice, postfix, timeout=60)
    record = sluice.wait_record("session", lane="slow", messages=1)
    assert 18 <= record["held_s"] <= 21


@pytest.mark.soak
def test_patient_a_postfix_delivers_100_kb_under_the_default_caps(start_sluice, postfix):
    """5 octets a second, 110 in DATA, 600 s in all."""
    sluice = start_sluice(postfix.private_port, config={"policy": {"default_lane": "slow"}})
    deliver_100_kb(sluice, postfix, timeout=700)
    record = sluice.wait_record("session", lane="slow", messages=1)
    assert 590 <= record["held_s"] <= 605


def deliver_100_kb(sluice, postfix, timeout):
    token = new_token()
    body = (b"0123456789" * 7 + b"\r\n") * 1400
    with SendingPostfix(sluice.port) as sender:
        began = time.monotonic()
        subprocess.run(
            ["sendmail", "-C", sender.directory / "etc", "-f", "patient@sender.example.org", "-i", "alice@example.test"],
            input=message(token, body), check=True, timeout=30,
        )  # fmt: skip
        delivered = postfix.wait_message(token, timeout=timeout)
        assert delivered.endswith(body.replace(b"\r\n", b"\n"))
        status = sender.wait_log(r"to=<alice@example\.test>.*delay=([\d.]+),.*status=(\w+)")
        assert status.group(2) == "sent"
        assert len(re.findall(r"status=deferred", sender.log())) == 0
    return time.monotonic() - began


def test_control(postfix):
    """Without Sluice the same reader sees everything at once: the trickle is not the test's own."""
    with Client(postfix.port) as client:
        client.send(b"EHLO client.example.org\r\n")
        arrivals = read_for(client, PATIENCE)
    assert arrivals[-1][0] < 0.9 * PATIENCE and arrivals[-1][1] > 100
