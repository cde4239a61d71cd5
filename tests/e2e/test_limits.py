"""Every bound of the client side, on both sides of it, with the code that says it was passed."""

import time

import pytest

from harness.client import Closed
from harness.mail import message, new_token
from harness.scripted_mta import ScriptedMta
from harness.waiting import PATIENCE, wait_until


@pytest.fixture
def mta():
    with ScriptedMta() as mta:
        yield mta


@pytest.fixture
def limited(start_sluice, mta):
    """Sluice with these limits before an MTA that takes everything."""

    def start(**limits):
        config = {"limits": limits, "policy": {"unknown_recipients": {"slow_after": 0}}}
        return start_sluice(mta.port, config=config)

    return start


def address_of(local, domain="example.test"):
    return "a" * local + "@" + domain


def test_command_line(limited):
    sluice = limited(command_line_octets_max=600)
    with sluice.connect() as client:
        client.greet()
        assert client.command("NOOP " + "x" * (600 - 7)).code == 250
        reply = client.command("NOOP " + "x" * (600 - 6))
        assert (reply.code, reply.enhanced) == (500, "5.5.2")
        assert client.command("NOOP " + "x" * 100_000).code == 500
        assert client.command("NOOP").code == 250, "the rest of the long line was swallowed"


def test_local_part(limited):
    sluice = limited(local_part_octets_max=64)
    with sluice.connect() as client:
        client.greet()
        reply = client.command(f"MAIL FROM:<{address_of(65)}>")
        assert (reply.code, reply.enhanced) == (501, "5.1.7")
        client.expect(250, f"MAIL FROM:<{address_of(64)}>")
        reply = client.command(f"RCPT TO:<{address_of(65)}>")
        assert (reply.code, reply.enhanced) == (501, "5.1.3")
        client.expect(250, f"RCPT TO:<{address_of(64)}>")


def domain_of(octets):
    labels = "b" * 60 + "."
    return (labels * 5)[: octets - 2] + ".c" if (labels * 5)[octets - 3] != "." else (labels * 5)[: octets - 3] + "d.c"


def test_domain(limited):
    sluice = limited(domain_octets_max=255, path_octets_max=1000)
    assert len(domain_of(255)) == 255 and len(domain_of(256)) == 256
    with sluice.connect() as client:
        client.greet()
        reply = client.command(f"MAIL FROM:<a@{domain_of(256)}>")
        assert (reply.code, reply.enhanced) == (501, "5.1.7")
        client.expect(250, f"MAIL FROM:<a@{domain_of(255)}>")
        assert client.command(f"RCPT TO:<a@{domain_of(256)}>").enhanced == "5.1.3"
        client.expect(250, f"RCPT TO:<a@{domain_of(255)}>")


def test_path(limited):
    sluice = limited(path_octets_max=254, local_part_octets_max=200)
    fits = "a" * 150 + "@" + "b" * 50 + "." + "c" * 52
    assert len(fits) == 254
    with sluice.connect() as client:
        client.greet()
        reply = client.command(f"MAIL FROM:<a{fits}>")
        assert (reply.code, reply.enhanced) == (501, "5.1.7")
        client.expect(250, f"MAIL FROM:<{fits}>")
        assert client.command(f"RCPT TO:<a{fits}>").enhanced == "5.1.3"
        client.expect(250, f"RCPT TO:<{fits}>")


def test_recipients(limited, mta):
    sluice = limited(recipients_max=100)
    with sluice.connect() as client:
        client.greet()
        client.envelope(recipients=[f"user{n}@example.test" for n in range(100)])
        reply = client.command("RCPT TO:<user100@example.test>")
        assert (reply.code, reply.enhanced) == (452, "4.5.3")
        assert client.content(message(new_token())).code == 250
    assert len(mta.taken[0].recipients) == 100


@pytest.mark.parametrize("verb", ["DATA", "BDAT"])
def test_message_size(limited, mta, verb):
    """Declared and counted; counted as sent, not as stuffed."""
    limit = 65_536
    sluice = limited(message_octets_max=limit)

    def send(size):
        head = message(new_token(), b"")
        lines, odd = divmod(size - len(head), 64)
        content = head + b"." * odd + (b"." * 62 + b"\r\n") * lines
        assert len(content) == size
        if verb == "DATA":
            return client.content(content)
        client.send(b"BDAT %d LAST\r\n" % size + content)
        return client.read_reply()

    with sluice.connect() as client:
        assert client.greet()["SIZE"] == str(limit)
        reply = client.command(f"MAIL FROM:<a@example.org> SIZE={limit + 1}")
        assert (reply.code, reply.enhanced) == (552, "5.3.4")
        client.expect(250, f"MAIL FROM:<a@example.org> SIZE={limit}")
        client.expect(250, "RCPT TO:<alice@example.test>")
        assert send(limit).code == 250
        client.envelope()
        reply = send(limit + 1)
        assert (reply.code, reply.enhanced) == (552, "5.3.4")
        client.expect(250, "NOOP")
    assert len(mta.taken) == 1


def test_the_mtas_own_size_limit_counts_too(start_sluice):
    with ScriptedMta(offer=["SIZE 70000", "PIPELINING", "XCLIENT ADDR"]) as mta:
        sluice = start_sluice(mta.port)
        sluice.wait_record("mta_up")
        with sluice.connect() as client:
            client.greet()
            assert client.command("MAIL FROM:<a@example.org> SIZE=70001").code == 552
            client.expect(250, "MAIL FROM:<a@example.org> SIZE=70000")


def test_text_line(limited):
    sluice = limited(text_line_octets_max=1000)
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        assert client.content(message(new_token(), b"x" * 998 + b"\r\n")).code == 250
        client.envelope()
        reply = client.content(message(new_token(), b"x" * 999 + b"\r\n"))
        assert (reply.code, reply.enhanced) == (500, "5.6.0")


def commands_until_421(client, command, most):
    """How many such commands are answered before 421 ends the session."""
    for count in range(most):
        reply = client.command(command)
        if reply.code == 421:
            assert reply.enhanced == "4.7.0"
            assert client.at_end()
            return count
    return most


@pytest.mark.parametrize(
    "limit, command", [("errors_max", "NONSENSE"), ("junk_commands_max", "NOOP"), ("junk_commands_max", "RSET")]
)
def test_commands_that_lead_nowhere(limited, limit, command):
    sluice = limited(**{limit: 7})
    with sluice.connect(source="127.0.71.1") as client:
        client.greet()
        assert commands_until_421(client, command, 20) in (6, 7)
    assert sluice.wait_record("session", client="127.0.71.1")["outcome"] == "refused"


def test_mail_in_between_forgives_junk(limited):
    sluice = limited(junk_commands_max=5)
    with sluice.connect() as client:
        client.greet()
        for _ in range(4):
            for _ in range(3):
                client.expect(250, "NOOP")
            client.envelope()
            assert client.content(message(new_token())).code == 250


def test_transactions(limited, mta):
    sluice = limited(transactions_max=3)
    with sluice.connect() as client:
        client.greet()
        for _ in range(3):
            client.envelope()
            assert client.content(message(new_token())).code == 250
        reply = client.command("MAIL FROM:<a@example.org>")
        assert (reply.code, reply.enhanced) == (421, "4.7.0")
        assert client.at_end()
    assert len(mta.taken) == 3


def test_sessions_of_one_client(limited):
    sluice = limited(sessions_per_client_max=2)
    held = [sluice.connect(source="127.0.71.2") for _ in range(2)]
    for client in held:
        client.greet()
    with sluice.connect(source="127.0.71.2") as third:
        third.expect(421)
        assert third.at_end()
    with sluice.connect(source="127.0.71.3") as other:
        other.greet()
    held[0].quit()

    def let_in():
        with sluice.connect(source="127.0.71.2") as again:
            return again.read_reply().code == 220

    wait_until(let_in, "the place of the one that left to be free")
    held[1].close()


def test_sessions_of_a_worker(limited):
    """One more waits in the accept queue, and is served when there is room."""
    sluice = limited(sessions_max=3)
    held = [sluice.connect() for _ in range(3)]
    for client in held:
        client.greet()
    with sluice.connect() as waiting:
        waiting.timeout = 0.7  # it is not served meanwhile
        with pytest.raises(TimeoutError):
            waiting.read_reply()
        held[0].quit()
        waiting.timeout = 10 * PATIENCE
        waiting.greet()
    for client in held[1:]:
        client.close()


def test_silence_between_commands(limited):
    timeout_s = round(2 * PATIENCE)
    sluice = limited(command_timeout_s=timeout_s)
    with sluice.connect(source="127.0.71.4") as client:
        client.greet()
        time.sleep(0.6 * timeout_s)
        client.expect(250, "NOOP")
        time.sleep(0.6 * timeout_s)
        client.expect(250, "NOOP")
        reply = client.read_reply()
        assert (reply.code, reply.enhanced) == (421, "4.4.2")
        assert client.at_end()
    assert sluice.wait_record("session", client="127.0.71.4")["outcome"] == "timed_out"


def test_silence_within_a_message(limited, mta):
    timeout_s = round(2 * PATIENCE)
    sluice = limited(content_timeout_s=timeout_s)
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        client.expect(354, "DATA")
        for _ in range(3):
            client.send(b"line\r\n")
            time.sleep(0.5 * timeout_s)
        reply = client.read_reply()
        assert (reply.code, reply.enhanced) == (421, "4.4.2")
        assert client.at_end()
    assert mta.taken == []


@pytest.mark.soak
def test_a_session_ends_however_busy_it_is(limited):
    """600 s is the least that can be set: the slow lane may hold a session back for as long."""
    sluice = limited(session_time_max_s=600, junk_commands_max=100_000)
    with sluice.connect() as client:
        client.greet()
        while (reply := client.command("NOOP")).code == 250:
            assert time.monotonic() - client.connected_at < 610
            time.sleep(1)
        assert (reply.code, reply.enhanced) == (421, "4.4.2")
        assert time.monotonic() - client.connected_at > 595
        assert client.at_end()


def test_a_client_that_does_not_read_is_dropped(limited):
    """It fills our replies' way back and stays silent: the time-out frees what it holds."""
    sluice = limited(command_timeout_s=2, junk_commands_max=1_000_000)
    client = sluice.connect(source="127.0.71.5", receive_buffer=2048)
    client.socket.settimeout(1)
    with pytest.raises((TimeoutError, ConnectionError)):
        for _ in range(10_000):
            client.send(b"HELP\r\n" * 1000)
    record = sluice.wait_record("session", client="127.0.71.5", timeout=20)
    assert record["outcome"] in ("timed_out", "left")
    client.abort()


def test_a_client_that_is_not_speaking_smtp(limited):
    """An HTTP request, TLS, and noise: refused, closed, and nobody else notices."""
    sluice = limited(errors_max=5)
    for noise in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 5, b"\x16\x03\x01\x02\x00\x01" * 500, bytes(range(256)) * 100):
        with sluice.connect() as client:
            client.send(noise)
            client.send(b"\r\n" * 10)
            with pytest.raises((Closed, ConnectionError)):
                while True:
                    assert client.read_reply().code in (220, 421, 500, 501, 502, 503, 521, 554)
    with sluice.connect() as client:
        client.greet()
