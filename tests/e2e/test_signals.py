"""Signals that need no memory: each is shown over a socket, and lane and log line agree.

With `thresholds.slow = 1` a single signal makes a client slow, so that the lane tells whether it was noticed.
"""

import contextlib
import time

import pytest

from harness.certificates import make_certificate
from harness.client import Client, Closed
from harness.dns import Rbldnsd, SilentServer, Unbound
from harness.mail import message, new_token
from harness.operator import Operator
from harness.waiting import PATIENCE, free_port, wait_until

ALONE = {"thresholds": {"slow": 1}}
QUICK = {"max_delay_s": 0}  # slow clients are judged as ever, and not held
NETWORK = "127.0.110"


def config(policy=None, **more):
    return {"pace": QUICK, "policy": ALONE | (policy or {})} | more


def shown(record):
    """Its signals that weigh something."""
    return {s["signal"]: s["weight"] for s in record["signals"] if s["weight"]}


def judged(sluice, source, name, weight, lane="slow"):
    """The session's line, in which `name` is the only signal."""
    record = sluice.wait_record("session", client=source)
    assert shown(record) == ({name: weight} if name else {}), record
    assert record["lane"] == (lane if name else "fast")
    assert record["score"] == (weight if name else 0)
    return record


# ---- names in DNS --------------------------------------------------------------------------------------------

DNS = [
    'local-zone: "client.example." static',
    'local-data: "good.client.example. A 127.0.110.1"',
    'local-data-ptr: "127.0.110.1 good.client.example"',
    'local-data: "second.client.example. A 127.0.110.2"',
    'local-data-ptr: "127.0.110.2 first.client.example"',
    'local-data-ptr: "127.0.110.2 second.client.example"',
    'local-data: "liar.client.example. A 192.0.2.1"',
    'local-data-ptr: "127.0.110.3 liar.client.example"',
    'local-data: "110-4.dyn.client.example. A 127.0.110.4"',
    'local-data-ptr: "127.0.110.4 110-4.dyn.client.example"',
    'local-data: "mail-110-5.dyn.client.example. A 127.0.110.5"',
    'local-data-ptr: "127.0.110.5 mail-110-5.dyn.client.example"',
    'local-data: "v6only.client.example. AAAA 2001:db8::1"',
    'local-data: "domain.client.example. MX 10 mx.elsewhere.example."',
    'local-data: "null.client.example. MX 0 ."',
    'local-data: "text.client.example. TXT nothing"',
]
NAMES = {"no_ptr": 2, "ptr_unconfirmed": 2, "dynamic_name": 3, "helo_unresolvable": 2}


@pytest.fixture(scope="module")
def names():
    with Unbound(DNS) as server:
        yield server


def with_names(server, **policy):
    return config({"signals": NAMES} | policy, dns={"servers": [server.address]})


def visit(sluice, source, helo="good.client.example"):
    with sluice.connect(source=source) as client:
        client.greet(helo)
        client.envelope()
        client.quit()


@pytest.mark.parametrize("host, signal", [
    (1, None), (2, None), (3, "ptr_unconfirmed"), (4, "dynamic_name"), (5, None), (6, "no_ptr"),
])  # fmt: skip
def test_the_names_of_an_address(start_sluice, postfix, names, host, signal):
    sluice = start_sluice(postfix.private_port, config=with_names(names))
    source = f"{NETWORK}.{host}"
    visit(sluice, source)
    record = judged(sluice, source, signal, NAMES.get(signal))
    confirmed = {1: "good", 2: "second", 4: "110-4.dyn", 5: "mail-110-5.dyn"}.get(host)
    assert record.get("name") == (confirmed and f"{confirmed}.client.example")


@pytest.mark.parametrize("helo, signal", [
    ("good.client.example", None), ("good.client.example.", None), ("v6only.client.example", None),
    ("domain.client.example", None), ("null.client.example", None),
    ("nobody.client.example", "helo_unresolvable"), ("text.client.example", "helo_unresolvable"),
])  # fmt: skip
def test_the_helo_name(start_sluice, postfix, names, helo, signal):
    sluice = start_sluice(postfix.private_port, config=with_names(names))
    visit(sluice, f"{NETWORK}.1", helo)
    judged(sluice, f"{NETWORK}.1", signal, 2)


def test_silence_of_dns_is_no_sign(start_sluice, postfix):
    """Neither of the name, nor of HELO; EHLO is answered at once, and a recipient waits for the deadline only."""
    deadline_s = min(PATIENCE, 2)  # the resolver itself gives up after 6
    with SilentServer() as silent:
        sluice = start_sluice(postfix.private_port, config=with_names(silent, dns_deadline_ms=round(1000 * deadline_s)))
        with sluice.connect(source=f"{NETWORK}.7") as client:
            client.expect(220)
            began = time.monotonic()
            client.expect(250, "EHLO nobody.client.example")
            client.expect(250, "MAIL FROM:<sender@example.org>")
            assert time.monotonic() - began < 0.5 * deadline_s
            client.expect(250, "RCPT TO:<alice@example.test>")
            assert 0.8 * deadline_s < time.monotonic() - began < 3 * deadline_s
            client.quit()
        record = judged(sluice, f"{NETWORK}.7", None, 0)
        errors = {(s["what"], s["value"]) for s in record["signals"] if s["signal"] == "dns_error"}
        assert errors == {("ptr", "timed_out"), ("helo", "timed_out")}


def test_who_is_in_a_network_is_not_asked_about(start_sluice, postfix):
    with SilentServer() as silent:
        policy = {"networks": {"fast": [f"{NETWORK}.0/24"]}}
        sluice = start_sluice(postfix.private_port, config=with_names(silent, **policy))
        began = time.monotonic()
        visit(sluice, f"{NETWORK}.6", "nobody.client.example")
        assert time.monotonic() - began < PATIENCE
        assert shown(sluice.wait_record("session", client=f"{NETWORK}.6")) == {}


def test_without_dns_signals_nobody_is_asked(start_sluice, postfix):
    with SilentServer() as silent:
        sluice = start_sluice(postfix.private_port, config=config(dns={"servers": [silent.address]}))
        began = time.monotonic()
        visit(sluice, f"{NETWORK}.6")
        assert time.monotonic() - began < PATIENCE
        judged(sluice, f"{NETWORK}.6", None, 0)


# ---- HELO ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("helo, signal, weight", [
    ("client.example.org", None, 0), ("my_host.example.org", None, 0),
    ("localhost", "helo_bare", 2), ("client,example", "helo_syntax", 4), ("127.0.111.1", "helo_syntax", 4),
    ("[127.0.111.1]", "helo_literal", 1), ("[192.0.2.1]", "helo_wrong_literal", 3),
    ("[127.0.0.1]", "helo_loopback_literal", 1), ("[IPv6:::1]", "helo_loopback_literal", 1),
    ("mx.example.test", None, 0),  # from this host
])  # fmt: skip
def test_what_a_client_calls_itself(start_sluice, postfix, helo, signal, weight):
    sluice = start_sluice(postfix.private_port, config=config())
    visit(sluice, "127.0.111.1", helo)
    judged(sluice, "127.0.111.1", signal, weight)


def test_our_own_name(start_sluice, postfix):
    """By somebody else, who comes through a load balancer here; it is slow by default."""
    behind = {"proxy_protocol": {"networks": ["127.0.111.0/24"]}, "pace": QUICK}
    sluice = start_sluice(postfix.private_port, config=behind)
    for source, helo in (("192.0.2.1", "mx.example.test"), ("192.0.2.2", "MX.Example.Test."), ("192.0.2.3", "example.test")):
        with sluice.connect(source="127.0.111.1") as client:
            client.send(f"PROXY TCP4 {source} 192.0.2.25 40000 25\r\n")
            client.greet(helo)
            client.quit()
    judged(sluice, "192.0.2.1", "helo_ours", 10)
    judged(sluice, "192.0.2.2", "helo_ours", 10)
    judged(sluice, "192.0.2.3", None, 0)


def test_the_last_helo_counts(start_sluice, postfix):
    """A session is demoted and promoted on its way."""
    sluice = start_sluice(postfix.private_port, config=config())
    for source, helos, signal in (
        ("127.0.111.2", ("localhost", "client.example.org"), None),
        ("127.0.111.3", ("client.example.org", "localhost"), "helo_bare"),
    ):
        with sluice.connect(source=source) as client:
            client.expect(220)
            for helo in helos:
                client.expect(250, f"EHLO {helo}")
            client.envelope()
            client.quit()
        judged(sluice, source, signal, 2)


# ---- the way it speaks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("said, signal, weight", [
    (["EHLO c.example.org\r\nMAIL FROM:<s@example.org>\r\n"], "early_pipelining", 6),
    (["HELO c.example.org\r\n", "MAIL FROM:<s@example.org>\r\nRSET\r\n"], "early_pipelining", 6),
    (["EHLO c.example.org\r\n", "MAIL FROM:<s@example.org>\r\nRSET\r\nNOOP\r\n"], None, 0),
    (["GET / HTTP/1.1\r\n"], "non_smtp", 10),
    (["EHLO c.example.org\r\n", "Subject: cheap\r\n"], "non_smtp", 10),
    ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n"], "non_smtp", 10),
    (["EHLO c.example.org\r\n", "XFOO bar\r\n"], None, 0),
    (["EHLO c.example.org\n"], "bare_newline", 3),
])  # fmt: skip
def test_commands(start_sluice, postfix, said, signal, weight):
    sluice = start_sluice(postfix.private_port, config=config())
    with sluice.connect(source="127.0.112.1") as client:
        client.expect(220)
        for octets in said:
            client.send(octets)
            count = octets.count(b"\n" if isinstance(octets, bytes) else "\n")
            with contextlib.suppress(Closed):
                client.read_replies(count)
    judged(sluice, "127.0.112.1", signal, weight)


def test_a_bare_newline_in_a_message(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config=config({"observe_signals": []}))
    with sluice.connect(source="127.0.112.2") as client:
        client.greet()
        client.envelope()
        client.expect(354, "DATA")
        client.send("x\ny\r\n.\r\n")
        client.expect(550)
        client.quit()
    judged(sluice, "127.0.112.2", "bare_newline", 3)


# ---- recipients ----------------------------------------------------------------------------------------------


def name_recipients(sluice, source, sender, recipients):
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, f"MAIL FROM:<{sender}>")
        replies = [client.command(f"RCPT TO:<{recipient}>") for recipient in recipients]
        client.quit()
    return replies


@pytest.mark.parametrize("sender, count, signal", [
    ("", 2, None), ("", 3, "null_sender_fanout"), ("s@example.org", 4, None),
])  # fmt: skip
def test_a_bounce_to_many(start_sluice, postfix, sender, count, signal):
    sluice = start_sluice(postfix.private_port, config=config())
    name_recipients(sluice, "127.0.113.1", sender, ["alice@example.test"] * count)
    judged(sluice, "127.0.113.1", signal, 5)


def test_refused_recipients_of_a_bounce_count_too(start_sluice, postfix):
    policy = {"null_sender_recipients": 2, "unknown_recipients": {"slow_after": 0}}
    sluice = start_sluice(postfix.private_port, config=config(policy))
    name_recipients(sluice, "127.0.113.2", "", ["nobody@example.test", "alice@example.test"])
    record = judged(sluice, "127.0.113.2", "null_sender_fanout", 5)
    assert [s["value"] for s in record["signals"]] == ["2"]


def test_traps(start_sluice, postfix):
    """The reply is the MTA's, and says nothing."""
    policy = {"trap_recipients": ["Bob@example.test", "@trap.example"], "thresholds": {}}
    sluice = start_sluice(postfix.private_port, config=config(policy))
    replies = name_recipients(sluice, "127.0.113.3", "s@example.org", ["bob@EXAMPLE.test"])
    assert replies[0].code == 250
    judged(sluice, "127.0.113.3", "trap_recipient", 10)
    replies = name_recipients(sluice, "127.0.113.4", "s@example.org", ["any@trap.example"])
    assert "Relay access denied" in replies[0].text
    judged(sluice, "127.0.113.4", "trap_recipient", 10)
    name_recipients(sluice, "127.0.113.5", "s@example.org", ["alice@example.test"])
    judged(sluice, "127.0.113.5", None, 0)


def test_a_dictionary(start_sluice, postfix):
    policy = {"unknown_recipients": {"slow_after": 3}, "thresholds": {}}
    sluice = start_sluice(postfix.private_port, config=config(policy))
    for source, count, signal in (("127.0.113.6", 2, None), ("127.0.113.7", 3, "unknown_recipients")):
        name_recipients(sluice, source, "s@example.org", [f"guess{n}@example.test" for n in range(count)])
        judged(sluice, source, signal, 10)


def test_a_list_with_one_subscriber_who_is_gone(start_sluice, postfix):
    """It names him with every message: that is no dictionary."""
    policy = {"unknown_recipients": {"slow_after": 3}, "thresholds": {}}
    sluice = start_sluice(postfix.private_port, config=config(policy))
    name_recipients(sluice, "127.0.113.8", "list@example.org", ["gone@example.test", "alice@example.test"] * 5)
    judged(sluice, "127.0.113.8", None, 0)


# ---- before the greeting -------------------------------------------------------------------------------------

PAUSE_S = min(PATIENCE, 3)
PREGREET = {"pregreet": {"wait_ms": round(1000 * PAUSE_S)}, "thresholds": {}, "greylist": {"who": "nobody"}}
MEMORY = {"store": "local"}  # without one, everybody would be unknown, and nobody waits


def test_who_waits_for_the_greeting(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config=config(PREGREET, **MEMORY))
    with sluice.connect(source="127.0.114.1") as client:
        greeting = client.expect(220)
        assert greeting.lines == ["mx.example.test ESMTP", "mx.example.test ESMTP"]
        (first, _), *_, (last, _) = client.octet_times
        assert first < 0.5 * PAUSE_S and 0.9 * PAUSE_S < last < 2.5 * PAUSE_S, client.octet_times
        client.expect(250, "EHLO client.example.org")
        client.envelope()
        assert client.content(message(new_token())).code == 250
        client.quit()
    record = judged(sluice, "127.0.114.1", None, 0)
    assert record["reached_ms"]["greeting"] >= 900 * PAUSE_S


@pytest.mark.parametrize("after", [0, 0.3])
def test_who_speaks_before_the_greeting_is_over(start_sluice, postfix, after):
    """It is slow, and served all the same."""
    sluice = start_sluice(postfix.private_port, config=config(PREGREET, **MEMORY))
    with sluice.connect(source="127.0.114.2") as client:
        time.sleep(after)  # in the middle of the pause, or at once
        client.send("EHLO client.example.org\r\n")
        client.expect(220)
        assert client.read_reply().code == 250
        client.envelope()
        assert client.content(message(new_token())).code == 250
        client.quit()
    judged(sluice, "127.0.114.2", "pregreet", 10)


def test_who_leaves_before_the_greeting_is_over(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config=config(PREGREET, **MEMORY))
    with sluice.connect(source="127.0.114.3") as client:
        time.sleep(0.2)  # in the middle of the pause
        client.close()
    record = judged(sluice, "127.0.114.3", None, 0)
    assert record["outcome"] == "left" and record["stage"] == "connect" and record["seconds"] < 0.9 * PAUSE_S


def test_who_is_known_does_not_wait(start_sluice, postfix):
    """A network list, a DNS allowlist, or the signal turned off."""
    with Rbldnsd({"wl.example.net": {"127.0.114.5": "127.0.1.1"}}) as lists:
        policy = PREGREET | {"networks": {"fast": ["127.0.114.4"]}, "dnswl": [{"zone": "wl.example.net"}]}
        sluice = start_sluice(postfix.private_port, config=config(policy, dns={"servers": [lists.address]}, **MEMORY))
        for source, waits in (("127.0.114.4", False), ("127.0.114.5", False), ("127.0.114.6", True)):
            with sluice.connect(source=source) as client:
                assert len(client.expect(220).lines) == (2 if waits else 1)
                client.quit()
    off = PREGREET | {"signals": {"pregreet": 0}}
    sluice = start_sluice(postfix.private_port, config=config(off, **MEMORY))
    with sluice.connect(source="127.0.114.6") as client:
        assert len(client.expect(220).lines) == 1
        client.quit()


def test_tls_from_the_first_octet_comes_before_any_greeting(start_sluice, postfix, tmp_path):
    """The client has to speak first there: its greeting is one line. After STARTTLS there is none."""
    port = free_port()
    chain = make_certificate(tmp_path, "mx", "DNS:mx.example.test").chain
    tls = {"chain_files": [chain], "listen": [f"127.0.0.1:{port}"]}
    sluice = start_sluice(postfix.private_port, config=config(PREGREET, tls=tls, **MEMORY))
    with Client(port, source="127.0.114.8") as client:
        client.wrap("mx.example.test")
        assert len(client.expect(220).lines) == 1
        client.quit()
    judged(sluice, "127.0.114.8", None, 0)
    with sluice.connect(source="127.0.114.9") as client:
        assert len(client.expect(220).lines) == 2
        client.expect(250, "EHLO localhost")
        client.expect(220, "STARTTLS")
        client.wrap("mx.example.test")
        client.expect(250, "EHLO client.example.org")
        client.quit()
    judged(sluice, "127.0.114.9", None, 0)


def test_a_stop_in_the_middle_of_the_greeting(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config=config(PREGREET, **MEMORY))
    with sluice.connect(source="127.0.114.7") as client:
        time.sleep(0.2)  # in the middle of the pause
        sluice.stop()
        assert client.expect(220).code == 220
        assert client.read_reply().code == 421


# ---- what is made of signals ---------------------------------------------------------------------------------


def test_weak_signs_add_up(start_sluice, postfix):
    """With the default weights: a bare word is nothing; with a bounce to many and early commands it is."""
    sluice = start_sluice(postfix.private_port, config={"pace": QUICK})
    visit(sluice, "127.0.115.1", "localhost")
    record = sluice.wait_record("session", client="127.0.115.1")
    assert record["lane"] == "fast" and shown(record) == {"helo_bare": 2}
    with sluice.connect(source="127.0.115.2") as client:
        client.expect(220)
        client.send("EHLO localhost\r\nMAIL FROM:<>\r\n" + "RCPT TO:<alice@example.test>\r\n" * 3)
        client.read_replies(5)
        client.quit()
    record = sluice.wait_record("session", client="127.0.115.2")
    assert shown(record) == {"helo_bare": 2, "early_pipelining": 6, "null_sender_fanout": 5}
    assert record["lane"] == "slow" and record["score"] == 13


def test_weights_are_configured(start_sluice, postfix):
    policy = {"signals": {"helo_bare": 0, "helo_literal": 12}, "thresholds": {}}
    sluice = start_sluice(postfix.private_port, config=config(policy))
    for source, helo, signal in (("127.0.115.3", "localhost", None), ("127.0.115.4", "[127.0.115.4]", "helo_literal")):
        visit(sluice, source, helo)
        judged(sluice, source, signal, 12)


def test_a_signal_that_is_only_observed(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config=config({"observe_signals": ["helo_bare"]}))
    visit(sluice, "127.0.115.5", "localhost")
    record = sluice.wait_record("session", client="127.0.115.5")
    assert record["signals"] == [{"signal": "helo_bare", "weight": 2, "observed": True}]
    assert record["lane"] == "fast" and record["score"] == 0 and "would_be" not in record


def test_observing_enforces_nothing(start_sluice, postfix):
    """Neither a score nor a network list; the log says what would be."""
    policy = {"mode": "observe", "networks": {"reject": ["127.0.115.8"], "slow": ["127.0.115.9"]}}
    sluice = start_sluice(postfix.private_port, config=config(policy))
    for source, helo, lane in (
        ("127.0.115.6", "client.example.org", "fast"),
        ("127.0.115.7", "localhost", "slow"),
        ("127.0.115.8", "client.example.org", "reject"),
        ("127.0.115.9", "client.example.org", "slow"),
    ):
        visit(sluice, source, helo)  # every recipient is taken
        record = sluice.wait_record("session", client=source)
        assert record["lane"] == "fast" and record["would_be"] == lane and record["held_s"] == 0


def test_a_dns_list_that_is_only_observed(start_sluice, postfix):
    with Rbldnsd({"bl.example.net": {"127.0.115.10": "127.0.0.2"}}) as lists:
        policy = {"dnsbl": [{"zone": "bl.example.net"}], "observe_signals": ["dnsbl"]}
        sluice = start_sluice(postfix.private_port, config=config(policy, dns={"servers": [lists.address]}))
        visit(sluice, "127.0.115.10")
        record = sluice.wait_record("session", client="127.0.115.10")
        assert record["lane"] == "fast" and record["score"] == 0
        assert [(s["weight"], s.get("observed")) for s in record["signals"]] == [(10, True)]


# ---- bots ----------------------------------------------------------------------------------------------------


def test_bots_are_known_by_when_they_leave(start_sluice, postfix):
    policy = {
        "bots": [{"name": "hasty", "after_s": 1, "tolerance_s": 0}, {"name": "threesome", "after_s": 3}],
        "networks": {"slow": ["127.0.116.0/24"]},
    }
    sluice = start_sluice(postfix.private_port, config={"policy": policy})
    for source, seconds, bot in (
        ("127.0.116.1", 3, "threesome"),
        ("127.0.116.2", 1.5, None),
        ("127.0.117.1", 3, None),  # not held
    ):
        with sluice.connect(source=source):
            time.sleep(seconds)  # it leaves then
        record = sluice.wait_record("session", client=source)
        assert record["outcome"] == "left" and record.get("bot") == bot, record


def test_a_bot_is_named_and_not_judged(start_sluice, postfix):
    """It may be an honest program with a timer as long: what is remembered is that it left early, no more."""
    policy = {"bots": [{"name": "rustock", "after_s": 3, "tolerance_s": 3}], "pregreet": {"wait_ms": 0},
              "thresholds": {"slow": 1, "fast": 0}, "greylist": {"who": "nobody"}}  # fmt: skip
    sluice = start_sluice(postfix.private_port, config={"store": "local", "policy": policy})
    operator = Operator(sluice)
    source = "127.0.116.3"
    for _ in range(2):
        with sluice.connect(source=source) as client:
            client.expect(220)
            client.send("EHLO localhost\r\n")  # slow by helo_bare: its answer is not there when it leaves
            time.sleep(2)
        sluice.wait_record("session", client=source, bot="rustock")
    sluice.wait_records("session", 2, client=source)

    def evidence():
        return [e for e in operator.explain(source)["evidence"] if e["of"] == source and e["bad"] > 1.9]

    wait_until(evidence, lambda: f"what is remembered: {operator.explain(source)}")
    explained = operator.explain(source)
    assert [s["signal"] for s in explained["signals"] if s["signal"] == "blocklist"] == []
    assert explained["evidence"][0]["bad"] < 2.1, explained
    assert "block/" not in operator("state", "dump")
