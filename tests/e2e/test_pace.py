"""The slow lane on the wire: each reply takes its time and is never silent, and nothing else is held back."""

import concurrent.futures
import re
import subprocess
import time

import pytest

from harness.client import Client, Closed
from harness.mail import message, new_token
from harness.postfix import Postfix, SendingPostfix
from harness.sluice import Sluice
from harness.waiting import PATIENCE

SLOW = {"policy": {"networks": {"slow": ["127.0.60.0/24"]}}}
ENVELOPE = ["EHLO bot.example.org", "MAIL FROM:<bot@example.org>", "RCPT TO:<alice@example.test>", "DATA"]
LINES = 100 * (b"0123456789" * 9 + b"01234567\r\n")  # 10 kB


def slow(**pace):
    return SLOW | {"pace": pace}


class Watched:
    """A client that notes of each reply how long it took, and the longest silence in it."""

    def __init__(self, client):
        self.client = client
        self.waits = []  # (command, seconds to the first octet, to the last, longest silence)

    def command(self, line):
        client = self.client
        asked = 0.0 if line is None else time.monotonic() - client.connected_at
        if line is not None:
            client.send(line + "\r\n")
        reply = client.read_reply()
        times = [asked] + [at for at, _ in client.octet_times if at > asked]
        silence = max(after - before for before, after in zip(times, times[1:]))
        self.waits.append((line or "greeting", times[1] - asked, times[-1] - asked, silence))
        return reply

    def content(self, octets):
        """The content and its dot; the reply, which no pace holds back."""
        self.client.send(octets + b".\r\n")
        return self.command("")


def held_sender(sluice, source, token):
    """A whole session at the default pace, with 100 kB of mail."""
    with sluice.connect(source=source) as client:
        watched = Watched(client)
        assert watched.command(None).code == 220
        offered = watched.command(ENVELOPE[0]).lines
        for line in ENVELOPE[1:]:
            assert watched.command(line).code in (250, 354)
        ready = time.monotonic() - client.connected_at
        client.send(message(token, 10 * LINES) + b".\r\n")
        assert client.read_reply().code == 250
        took = time.monotonic() - client.connected_at - ready
        quit_at = time.monotonic()
        client.expect(221, "QUIT")
        return watched.waits, offered, ready, took, time.monotonic() - quit_at


def bot(sluice, source, patience, burst=b""):
    """Says all it has to say as soon as it may (or at once, as a burst), and leaves when its time is up."""
    client = sluice.connect(source=source, quits_after=patience)
    try:
        if burst:
            client.send(burst)
            while True:
                client.read_reply()
        client.expect(220)
        for line in ENVELOPE:
            client.command(line)
        client.send(message(source, LINES) + b".\r\n")
        client.read_reply()
    except TimeoutError:
        return time.monotonic() - client.connected_at
    except Closed:
        return None
    finally:
        client.close()
    return None


def burst(final):
    return "".join(line + "\r\n" for line in ENVELOPE[:3]).encode() + final


@pytest.fixture(scope="module")
def default_pace(tmp_path_factory):
    """Everything that has to be seen at the default pace, in one run of two minutes: a sender, and bots."""
    with Postfix() as mta:
        sluice = Sluice(tmp_path_factory.mktemp("pace"), [mta.private_port], SLOW | {"store": "local"}).start()
        token = new_token()
        data = b"DATA\r\n" + message("burst", LINES) + b".\r\nQUIT\r\n"
        chunk = b"BDAT %d LAST\r\n" % len(LINES) + LINES + b"QUIT\r\n"
        bots = {
            f"127.0.60.{n}": (patience, octets)
            for n, (patience, octets) in enumerate(
                [(seconds, octets) for seconds in (21, 30, 60, 100) for octets in (b"", burst(data), burst(chunk))], 10
            )
        }
        with concurrent.futures.ThreadPoolExecutor(len(bots) + 1) as threads:
            sender = threads.submit(held_sender, sluice, "127.0.60.1", token)
            left = {source: threads.submit(bot, sluice, source, *given) for source, given in bots.items()}
            seen = {"sender": sender.result(), "bots": {source: job.result() for source, job in left.items()}}
        mta.wait_message(token)
        sluice.stop()
        yield seen | {"sluice": sluice, "mta": mta, "asked": bots}


def test_each_reply_takes_its_time_and_is_never_silent(default_pace):
    """Within what 22 real senders bear: docs/guide/senders.md."""
    waits = default_pace["sender"][0]
    assert [command for command, *_ in waits] == ["greeting", *ENVELOPE]
    for command, first, whole, silence in waits:
        assert first <= 2.0 + 0.5 * PATIENCE, (command, first)
        assert 20.5 <= whole <= 25.0, (command, whole)
        assert silence <= 4.5, (command, silence)


def test_content_is_asked_for_after_105_seconds_and_read_at_once(default_pace):
    _, _, ready, took, quit_took = default_pace["sender"]
    assert ready >= 105
    assert took < 5 * PATIENCE, "100 kB, and the MTA's answer"
    assert quit_took < 2 * PATIENCE


def test_a_slow_session_is_offered_no_way_to_burst(default_pace):
    offered = {line.split(" ")[0] for line in default_pace["sender"][1]}
    assert "SIZE" in offered and not offered & {"PIPELINING", "CHUNKING"}


def test_bots_leave_before_their_content_is_taken(default_pace):
    """21, 30, 60 and 100 s, one command after the other, and in bursts with DATA or BDAT."""
    for source, left_after in default_pace["bots"].items():
        patience, octets = default_pace["asked"][source]
        if left_after is None:
            assert octets, "only a burst that was never asked for may be cut off"
        else:
            assert abs(left_after - patience) < 2 * PATIENCE
        (record,) = default_pace["sluice"].records_after_stop("session", client=source)
        assert record["messages"] == 0 and record["lane"] == "slow", record
    assert len(default_pace["mta"].messages()) == 1, "the sender's"


def test_what_is_left_of_a_session_at_a_quicker_pace(start_sluice, postfix):
    """pace.reply_s and pace.silence_max_s are what they say; recipients are held one by one."""
    sluice = start_sluice(postfix.private_port, config=slow(reply_s=5, silence_max_s=1))
    with sluice.connect(source="127.0.60.2") as client:
        watched = Watched(client)
        for line in (None, *ENVELOPE[:3], "RCPT TO:<bob@example.test>"):
            watched.command(line)
        client.quit()
    for command, first, whole, silence in watched.waits:
        assert first <= 1.5 + PATIENCE and 4.5 <= whole <= 7 + PATIENCE and silence <= 1.5 + PATIENCE, (command, whole)


def test_what_a_slow_client_pipelines_waits_in_the_kernel(start_sluice, postfix):
    """The client pushes 300 kB of commands; each is read when its turn has come."""
    sluice = start_sluice(postfix.private_port, config=slow(reply_s=1))
    with sluice.connect(source="127.0.60.3") as client:
        client.expect(220)
        client.socket.setblocking(False)
        noise = b"NOOP " + b"x" * 100 + b"\r\n"
        client.socket.send(noise * 3000)
        time.sleep(6)  # the time in which it must not be read
        client.abort()
    record = sluice.wait_record("session", client="127.0.60.3")
    assert record["octets_in"] <= len(noise) * 10, record


def test_content_of_the_worst_is_read_slowly_where_that_is_wanted(start_sluice, postfix):
    """pace.content = "slow": of two slow clients, the one whose score has reached the threshold."""
    policy = {"default_lane": "slow", "signals": {"helo_bare": 5}, "thresholds": {"slow": 50, "content_slow": 5}}
    pace = {"reply_s": 1, "content": "slow", "content_in_bytes_per_s": 2000}
    sluice = start_sluice(postfix.private_port, config={"policy": policy, "pace": pace})
    took = {}
    for helo in ("client.example.org", "bare"):
        token = new_token()
        with sluice.connect(source="127.0.60.4") as client:
            client.greet(helo)
            client.envelope()
            client.expect(354, "DATA")
            began = time.monotonic()
            client.send(message(token, 3 * LINES) + b".\r\n")
            client.expect(250)
            took[helo] = time.monotonic() - began
        postfix.wait_message(token)
    assert took["client.example.org"] < 3 * PATIENCE
    assert took["bare"] > (30_000 - 16_384) / 2000, "all but the window, at 2,000 octets a second"


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
    """Sent to the slow lane by its guesses: what it had pipelined until then is answered one by one."""
    config = {"policy": {"unknown_recipients": {"slow_after": 3}}, "pace": {"reply_s": 3, "silence_max_s": 1}}
    sluice = start_sluice(postfix.private_port, config=config)
    with sluice.connect(source="127.0.61.1") as client:
        assert "PIPELINING" in client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        for _ in range(3):
            client.send(f"RCPT TO:<guess-{new_token()}@example.test>\r\n")
        for _ in range(3):
            client.expect(550)
        began = time.monotonic()
        client.send(b"NOOP\r\nNOOP\r\n")
        client.expect(250)
        first = time.monotonic() - began
        client.expect(250)
        second = time.monotonic() - began
    assert 2.9 <= first <= 4.5 + PATIENCE and 5.8 <= second <= 9 + PATIENCE, (first, second)


def test_good_mail_is_not_held_up_by_slow_sessions(start_sluice, postfix):
    """500 slow sessions in the one worker, and a fast client's mail takes less than a second."""
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
    assert sorted(times)[5] < 1.0, times
    for client in held:
        client.abort()


@pytest.mark.parametrize("stage", ["connect", "greeting", "helo", "mail", "rcpt", "data"])
def test_a_client_that_leaves_is_recorded(start_sluice, postfix, stage):
    """The stage in the log line is the one it had come to."""
    sluice = start_sluice(postfix.private_port, config=slow(max_delay_s=0))
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
    """A real MTA with its own timers in the slow lane; `./dev soak patient` runs it with the default pace."""
    config = {"policy": {"default_lane": "slow"}, "pace": {"reply_s": 4, "silence_max_s": 2}}
    sluice = start_sluice(postfix.private_port, config=config)
    deliver_100_kb(sluice, postfix, timeout=60)
    record = sluice.wait_record("session", lane="slow")
    assert 19 <= record["held_s"] <= 26 and record["messages"] == 1


@pytest.mark.soak
def test_patient_a_postfix_delivers_100_kb_at_the_default_pace(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config={"policy": {"default_lane": "slow"}})
    deliver_100_kb(sluice, postfix, timeout=200)
    record = sluice.wait_record("session", lane="slow")
    assert 104 <= record["held_s"] <= 112 and record["messages"] == 1


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
    sluice.wait_record("session", lane="slow", messages=1)
    return time.monotonic() - began


def test_control(postfix):
    """Without Sluice the same client hears everything at once: the waiting is not the test's own."""
    with Client(postfix.port) as client:
        watched = Watched(client)
        for line in (None, *ENVELOPE):
            watched.command(line)
    assert all(whole < 1 for _, _, whole, _ in watched.waits), watched.waits
