"""DNS lists are asked before the greeting, within a deadline; what is not a clear answer is no opinion."""

import time

import pytest

from harness.dns import Rbldnsd, SilentServer, Unbound
from harness.mail import message, new_token, trace_of
from harness.waiting import PATIENCE, wait_until

BLACK, GREY, WHITE = "bl.example.net", "grey.example.net", "wl.example.net"
ZONES = {
    BLACK: {
        "127.0.80.2": "127.0.0.2",
        "127.0.80.4": "127.0.0.4",
        "127.0.80.11": "127.0.0.11",
        "127.0.80.20": "127.0.0.2",
        "127.0.80.30": "127.0.0.2",
        "127.0.80.254": "127.255.255.254",  # "you query through a public resolver"
        "127.0.80.253": "192.0.2.1",  # the name has a new owner
        "::1": "127.0.0.2",
    },
    GREY: {"127.0.80.20": "127.0.0.2", "127.0.80.21": "127.0.0.2"},
    WHITE: {"127.0.80.30": "127.0.1.1", "127.0.80.31": "127.0.1.1"},
}


@pytest.fixture(scope="module")
def lists():
    with Rbldnsd(ZONES) as server:
        yield server


def policy(server, **changes):
    return {
        "dns": {"servers": [server.address]},
        "policy": {
            "dnsbl": [
                {"zone": BLACK, "weight": 3, "accept": ["127.0.0.2-10"]},
                {"zone": GREY, "weight": 2},
            ],
            "dnswl": [{"zone": WHITE, "weight": 3}],
            "thresholds": {"slow": 2, "defer": 3, "reject": 5},
        }
        | changes,
    }


def session_of(sluice, source):
    """A whole session of this client; its log line."""
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        reply = client.command("RCPT TO:<alice@example.test>")
        client.quit()
    return reply, sluice.wait_record("session", client=source)


@pytest.mark.parametrize(
    "source, lane, listed",
    [
        ("127.0.80.1", "fast", {}),
        ("127.0.80.2", "defer", {("dnsbl", BLACK): ("127.0.0.2", 3)}),
        ("127.0.80.4", "defer", {("dnsbl", BLACK): ("127.0.0.4", 3)}),
        ("127.0.80.11", "fast", {}),  # a return code that was not accepted
        ("127.0.80.20", "reject", {("dnsbl", BLACK): ("127.0.0.2", 3), ("dnsbl", GREY): ("127.0.0.2", 2)}),
        ("127.0.80.30", "fast", {("dnsbl", BLACK): ("127.0.0.2", 3), ("dnswl", WHITE): ("127.0.1.1", -3)}),
        ("127.0.80.31", "fast", {("dnswl", WHITE): ("127.0.1.1", -3)}),
    ],
)
def test_listings_add_up(start_sluice, postfix, lists, source, lane, listed):
    reply, record = session_of(start_sluice(postfix.private_port, config=policy(lists)), source)
    assert reply.code == {"fast": 250, "defer": 450, "reject": 550}[lane], reply
    assert record["lane"] == lane
    signals = {(s["signal"], s["what"]): (s.get("value"), s["weight"]) for s in record["signals"] if s["weight"]}
    assert signals == listed
    assert record["score"] == sum(weight for _, weight in listed.values())
    if lane != "fast":
        assert BLACK in reply.text, "an honest sender must learn where to ask"


def test_a_listed_client_is_slow(start_sluice, postfix, lists):
    config = policy(lists) | {"pace": {"max_delay_s": 0}}
    reply, record = session_of(start_sluice(postfix.private_port, config=config), "127.0.80.21")
    assert reply.code == 250 and record["lane"] == "slow"


@pytest.mark.parametrize("source", ["127.0.80.254", "127.0.80.253"])
def test_errors_of_a_list_are_no_listings(start_sluice, postfix, lists, source):
    """127.255.255.0/24 and anything outside 127/8; the log says that the list is broken."""
    config = policy(lists, dnsbl=[{"zone": BLACK, "weight": 3}])
    reply, record = session_of(start_sluice(postfix.private_port, config=config), source)
    assert reply.code == 250 and record["lane"] == "fast" and record["score"] == 0
    assert [(s["what"], s["weight"]) for s in record["signals"] if s["what"] == BLACK] == [(BLACK, 0)], record


def test_an_ipv6_client(start_sluice, postfix, lists):
    sluice = start_sluice(postfix.private_port, address="::1", config=policy(lists))
    reply, record = session_of(sluice, "::1")
    assert reply.code == 450 and record["lane"] == "defer"


def test_known_networks_are_not_asked_about(start_sluice, postfix, lists):
    config = policy(lists, networks={"fast": ["127.0.80.20/32"]})
    reply, record = session_of(start_sluice(postfix.private_port, config=config), "127.0.80.20")
    assert reply.code == 250 and record["lane"] == "fast"


def test_no_answer_is_no_opinion(start_sluice, postfix):
    """The name server is silent: the greeting waits for the deadline and no longer, and the client is fast."""
    with SilentServer() as silent:
        sluice = start_sluice(postfix.private_port, config=policy(silent, dns_deadline_ms=1000))
        with sluice.connect(source="127.0.80.2") as client:
            began = time.monotonic()
            client.expect(220)
            assert 0.8 < time.monotonic() - began < 2 * PATIENCE
            client.quit()
        record = sluice.wait_record("session", client="127.0.80.2")
        assert record["lane"] == "fast" and record["score"] == 0
        assert {s["what"] for s in record["signals"]} == {BLACK, GREY, WHITE}, "the log says who did not answer"


def test_no_name_server_is_no_opinion(start_sluice, postfix, lists):
    """It is gone altogether; and when it is back its lists count again."""
    with Rbldnsd(ZONES) as server:
        server.stop()
        sluice = start_sluice(postfix.private_port, config=policy(server, dns_deadline_ms=1000))
        reply, record = session_of(sluice, "127.0.80.2")
        assert reply.code == 250 and record["lane"] == "fast"
        server.start()

        def deferred():
            with sluice.connect(source="127.0.80.4") as client:
                client.greet()
                client.expect(250, "MAIL FROM:<sender@example.org>")
                return client.command("RCPT TO:<alice@example.test>").code == 450

        wait_until(deferred, "the list to count again", timeout=30)


def test_a_broken_list_does_not_hold_up_the_others(start_sluice, postfix, lists):
    """One zone's servers fail; the other list's opinion counts."""
    config = policy(lists, dnsbl=[{"zone": "refused.example.net", "weight": 9}, {"zone": BLACK, "weight": 3}])
    reply, record = session_of(start_sluice(postfix.private_port, config=config), "127.0.80.2")
    assert record["lane"] == "defer" and record["score"] == 3


def test_the_name_of_the_client(start_sluice, postfix):
    """Forward-confirmed, it is told to the MTA; a name that does not lead back is not."""
    names = [
        'local-data: "good.client.example. A 127.0.81.1"',
        'local-data-ptr: "127.0.81.1 good.client.example"',
        'local-data: "liar.client.example. A 192.0.2.1"',
        'local-data-ptr: "127.0.81.2 liar.client.example"',
    ]
    with Unbound(names) as server:
        config = {"dns": {"servers": [server.address]}, "policy": {"resolve_names": True}}
        sluice = start_sluice(postfix.private_port, config=config)
        for source, name in (("127.0.81.1", "good.client.example"), ("127.0.81.2", "unknown"), ("127.0.81.3", "unknown")):
            token = new_token()
            with sluice.connect(source=source) as client:
                client.greet()
                client.envelope()
                assert client.content(message(token)).code == 250
                client.quit()
            assert f"({name} [{source}])" in trace_of(postfix.wait_message(token), message(token))
            record = sluice.wait_record("session", client=source)
            assert record.get("name", "unknown") == name


def test_control(lists):
    """The lists themselves say what the tests believe."""
    answer = lists.answer(f"2.80.0.127.{BLACK}")
    assert "127.0.0.2" in answer.to_text()
    assert "127.255.255.254" in lists.answer(f"254.80.0.127.{BLACK}").to_text()
    assert "192.0.2.1" in lists.answer(f"253.80.0.127.{BLACK}").to_text()
    assert lists.answer(f"1.80.0.127.{BLACK}").rcode() == 3
    nibbles = "1." + "0." * 31
    assert "127.0.0.2" in lists.answer(nibbles + BLACK).to_text()
