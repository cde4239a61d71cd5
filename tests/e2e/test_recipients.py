"""RCPT is answered by the MTA, in real time, and asked only once."""

import concurrent.futures
import time

import pytest

from harness.mail import message, new_token
from harness.scripted_mta import ScriptedMta, Wait
from harness.waiting import wait_until


@pytest.fixture
def mta():
    with ScriptedMta(rcpt=by_name) as mta:
        yield mta


def by_name(_, argument):
    """Recipients say themselves what becomes of them."""
    for word, reply in {
        "unknown": "550 5.1.1 <x>: Recipient address rejected: User unknown",
        "moved": "551 5.1.6 moved",
        "nodomain": "550 5.1.2 no such domain",
        "policy": "554 5.7.1 <client[127.0.0.1]>: Client host rejected: Access denied",
        "plain550": "550 no",
        "later": "450 4.2.0 greylisted",
        "full": "452 4.2.2 mailbox full",
    }.items():
        if word in argument:
            return reply
    return None


def ask(client, recipient):
    """The reply to one RCPT, in a transaction of its own."""
    client.expect(250, "MAIL FROM:<sender@example.org>")
    reply = client.command(f"RCPT TO:<{recipient}>")
    client.expect(250, "RSET")
    return reply


def asked(mta, recipient):
    return sum(recipient in line for line in mta.commands("RCPT"))


@pytest.mark.parametrize(
    "recipient, code, enhanced, cached",
    [
        ("fine@example.test", 250, "2.1.5", True),
        ("unknown@example.test", 550, "5.1.1", True),
        ("policy@example.test", 554, "5.7.1", False),
        ("later@example.test", 450, "4.2.0", False),
        ("full@example.test", 452, "4.2.2", False),
        ("plain550@example.test", 550, "", False),
    ],
)
def test_what_is_remembered(start_sluice, mta, recipient, code, enhanced, cached):
    """250 and a definite "no such user" only: what depends on the client or the moment is asked anew."""
    sluice = start_sluice(mta.port)
    for source in ("127.0.21.1", "127.0.21.2"):
        with sluice.connect(source=source) as client:
            client.greet()
            for _ in range(2):
                reply = ask(client, recipient)
                assert reply.code == code
                if enhanced and enhanced[0] != "2":
                    assert reply.enhanced == enhanced
    assert asked(mta, recipient) == (1 if cached else 4)


def test_the_client_hears_what_the_mta_said(sluice, postfix):
    """Code, enhanced code and text of the real MTA."""
    with sluice.connect(source="127.0.21.3") as client:
        client.greet()
        assert ask(client, "alice@example.test").code == 250
        reply = ask(client, "nobody-at-all@example.test")
        assert reply.code == 550
        assert reply.text.startswith("5.1.1 <nobody-at-all@example.test>: Recipient address rejected")
        reply = ask(client, "someone@elsewhere.example")
        assert reply.code in (454, 554) and reply.enhanced in ("4.7.1", "5.7.1") and "Relay access denied" in reply.text


def test_memory_ends(start_sluice, mta):
    sluice = start_sluice(mta.port, config={"recipients": {"positive_ttl_s": 1, "negative_ttl_s": 1}})
    with sluice.connect() as client:
        client.greet()
        for recipient in ("fine@example.test", "unknown@example.test"):
            ask(client, recipient)
            ask(client, recipient)
            assert asked(mta, recipient) == 1
            time.sleep(1.2)  # longer than it is remembered
            ask(client, recipient)
            assert asked(mta, recipient) == 2


def test_no_memory(start_sluice, mta):
    sluice = start_sluice(mta.port, config={"recipients": {"positive_ttl_s": 0, "negative_ttl_s": 0}})
    with sluice.connect() as client:
        client.greet()
        for recipient in ("fine@example.test", "unknown@example.test"):
            for _ in range(3):
                ask(client, recipient)
            assert asked(mta, recipient) == 3


@pytest.mark.parametrize("asked_again, cache_max", [(1, 3), (2, 2)])
def test_the_memory_is_bounded(start_sluice, mta, asked_again, cache_max):
    sluice = start_sluice(mta.port, config={"recipients": {"cache_max": cache_max}})
    with sluice.connect() as client:
        client.greet()
        for name in ("one", "two", "three", "one"):
            ask(client, f"{name}@example.test")
    assert asked(mta, "one@example.test") == asked_again


def test_the_same_question_under_way_is_asked_once(start_sluice, mta):
    """Twenty clients want to know the same at once; the MTA hears it once."""
    mta.script["rcpt"] = lambda *_: Wait(1)
    sluice = start_sluice(mta.port)

    def client_asks(n):
        with sluice.connect(source=f"127.0.22.{n}") as client:
            client.greet()
            return ask(client, "popular@example.test").code

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert list(pool.map(client_asks, range(1, 21))) == [250] * 20
    assert asked(mta, "popular@example.test") == 1


def test_a_flood_of_guesses_costs_the_mta_nothing_once_known(start_sluice, mta):
    """1,000 guesses from a list of 50 names, by 10 clients: the MTA hears 50."""
    sluice = start_sluice(mta.port, config={"policy": {"unknown_recipients": {"slow_after": 0}}})

    def flood(n):
        with sluice.connect(source=f"127.0.23.{n}") as client:
            client.greet()
            client.expect(250, "MAIL FROM:<spammer@example.org>")
            for guess in range(100):
                client.send(f"RCPT TO:<unknown{(guess + n) % 50}@example.test>\r\n")
            return [reply.code for reply in client.read_replies(100)]

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        for codes in pool.map(flood, range(1, 11)):
            assert codes == [550] * 100
    assert len(mta.commands("RCPT")) == 50


def test_verify_off_lets_the_mta_decide_at_delivery(start_sluice, mta):
    sluice = start_sluice(mta.port, config={"recipients": {"verify": "off"}})
    with sluice.connect() as client:
        client.greet()
        client.envelope(recipients=["unknown-too@example.test"])
        assert mta.commands("RCPT") == []
        reply = client.content(message(new_token()))
        assert reply.code == 550 and reply.enhanced == "5.1.1"
        client.envelope(recipients=["fine@example.test", "unknown@example.test"])
        assert client.content(message(new_token())).code == 451, "not all of them: not reported as delivered"
        assert mta.taken == []


def test_verify_off_and_the_retry_reaches_who_is_known(start_sluice, mta):
    """Once a recipient has been refused at delivery it is refused by itself, and no longer holds up the others."""
    sluice = start_sluice(mta.port, config={"recipients": {"verify": "off"}})
    with sluice.connect() as client:
        client.greet()
        client.envelope(recipients=["fine@example.test", "unknown@example.test"])
        assert client.content(message(new_token())).code == 451
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.expect(250, "RCPT TO:<fine@example.test>")
        client.expect(550, "RCPT TO:<unknown@example.test>")
        assert client.content(message(new_token())).code == 250
    assert len(mta.taken) == 1


def test_verify_list(start_sluice, mta, tmp_path):
    listed = tmp_path / "recipients"
    listed.write_text("# who is here\nalice@example.test\n@wild.example.test\n\n")
    sluice = start_sluice(mta.port, config={"recipients": {"verify": "list", "list_file": str(listed)}})
    with sluice.connect() as client:
        client.greet()
        assert ask(client, "alice@example.test").code == 250
        assert ask(client, "Alice@EXAMPLE.test").code == 250
        assert ask(client, "anybody@wild.example.test").code == 250
        reply = ask(client, "bob@example.test")
        assert reply.code == 550 and reply.enhanced == "5.1.1"
        assert ask(client, "anybody@example.test").code == 550
    assert mta.commands("RCPT") == []


def test_the_list_reloads_when_it_changes(start_sluice, mta, tmp_path):
    listed = tmp_path / "recipients"
    listed.write_text("alice@example.test\n")
    config = {
        "recipients": {"verify": "list", "list_file": str(listed)},
        "policy": {"unknown_recipients": {"slow_after": 0}},
        "limits": {"junk_commands_max": 10_000},  # one client asks until the list has changed
    }
    sluice = start_sluice(mta.port, config=config)
    with sluice.connect() as client:
        client.greet()
        assert ask(client, "bob@example.test").code == 550

        fresh = tmp_path / "fresh"
        fresh.write_text("bob@example.test\n")
        fresh.rename(listed)
        wait_until(lambda: ask(client, "bob@example.test").code == 250, "the renamed list", timeout=5)
        assert ask(client, "alice@example.test").code == 550

        with open(listed, "a") as file:
            file.write("carol@example.test\n")
        wait_until(lambda: ask(client, "carol@example.test").code == 250, "the appended list", timeout=5)

        listed.unlink()
        sluice.wait_record("list_unreadable")
        assert ask(client, "bob@example.test").code == 250, "a list that cannot be read leaves the last one in force"
    sluice.wait_records("list_reloaded", 2)


def test_guessing_leads_to_the_slow_lane(start_sluice, mta):
    """The threshold from both sides: one unknown recipient fewer, and the client stays fast."""
    config = {
        "policy": {"unknown_recipients": {"slow_after": 5}},
        "pace": {"max_delay_s": 0},
    }
    sluice = start_sluice(mta.port, config=config)

    def guess(source, count):
        with sluice.connect(source=source) as client:
            client.greet()
            client.expect(250, "MAIL FROM:<guesser@example.org>")
            for n in range(count):
                client.expect(550, f"RCPT TO:<unknown{n}@example.test>")
            client.quit()
        return sluice.wait_record("session", client=source)

    assert guess("127.0.24.1", 4)["lane"] == "fast"
    promoted = guess("127.0.24.2", 5)
    assert promoted["lane"] == "slow" and promoted["recipients_refused"] == 5
    signal = next(s for s in promoted["signals"] if s["signal"] == "unknown_recipients")
    assert signal["value"] == "5" and signal["weight"] == 10

    # The next session of the same client begins where this one ended; another client is not touched.
    with sluice.connect(source="127.0.24.2") as client:
        client.expect(220)
        client.close()
    with sluice.connect(source="127.0.24.3") as client:
        client.greet()
        client.quit()
    assert sluice.wait_records("session", 2, client="127.0.24.2")[1]["lane"] == "slow"
    assert sluice.wait_record("session", client="127.0.24.3")["lane"] == "fast"


def test_null_sender_and_postmaster(sluice, postfix):
    token = new_token()
    with sluice.connect() as client:
        client.greet()
        client.expect(250, "MAIL FROM:<>")
        client.expect(250, "RCPT TO:<postmaster>")
        client.expect(250, "RCPT TO:<Postmaster@example.test>")
        assert client.content(message(token)).code == 250
    found = wait_until(
        lambda: [m for m in postfix.messages("postmaster") if token.encode() in m], "postmaster's mail"
    )
    assert b"Return-Path: <>\n" in found[0]
