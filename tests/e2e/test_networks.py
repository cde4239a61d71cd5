"""[policy.networks]: which lane an address is put into, and what each lane does."""

import pytest

from harness.mail import message, new_token

LISTS = {
    "slow": ["127.0.40.0/24"],
    "fast": ["127.0.40.128/25", "127.0.41.0/24"],
    "defer": ["127.0.40.200/32", "127.0.42.0/24"],
    "reject": ["127.0.43.0/24", "127.0.41.7/32"],
}
BRISK = {"reply_s": 1, "silence_max_s": 1}


@pytest.fixture
def sluice(start_sluice, postfix):
    return start_sluice(postfix.private_port, config={"policy": {"networks": LISTS}, "pace": BRISK})


@pytest.mark.parametrize(
    "source, lane, network",
    [
        ("127.0.40.1", "slow", "127.0.40.0/24"),
        ("127.0.40.127", "slow", "127.0.40.0/24"),
        ("127.0.40.128", "fast", "127.0.40.128/25"),
        ("127.0.40.200", "defer", "127.0.40.200/32"),
        ("127.0.40.201", "fast", "127.0.40.128/25"),
        ("127.0.41.6", "fast", "127.0.41.0/24"),
        ("127.0.41.7", "reject", "127.0.41.7/32"),
        ("127.0.42.1", "defer", "127.0.42.0/24"),
        ("127.0.43.255", "reject", "127.0.43.0/24"),
        ("127.0.44.1", "fast", None),
    ],
)
def test_the_longest_prefix_wins(sluice, source, lane, network):
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        reply = client.command("RCPT TO:<alice@example.test>")
        client.quit()
    expected = {"fast": (250, "2.1.5"), "slow": (250, "2.1.5"), "defer": (450, "4.7.1"), "reject": (550, "5.7.1")}
    assert (reply.code, reply.enhanced) == expected[lane]
    record = sluice.wait_record("session", client=source)
    assert record["lane"] == lane
    signals = [s["what"] for s in record["signals"] if s["signal"] == "network"]
    assert signals == ([network] if network else [])


def test_refused_lanes_cost_the_mta_nothing(sluice, postfix):
    before = postfix.log()
    for source in ("127.0.42.2", "127.0.43.2"):
        with sluice.connect(source=source) as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            client.command("RCPT TO:<alice@example.test>")
            assert client.command("DATA").code in (503, 554)
            client.quit()
    assert "127.0.42.2" not in postfix.log()[len(before) :] and "127.0.43.2" not in postfix.log()[len(before) :]


@pytest.mark.parametrize("network, lane", [("::1/128", "reject"), ("::/64", "defer"), ("2001:db8::/32", "fast")])
def test_ipv6(start_sluice, postfix, network, lane):
    config = {"policy": {"networks": {lane: [network]}}}
    sluice = start_sluice(postfix.private_port, address="::1", config=config)
    with sluice.connect() as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        expected = {"reject": 550, "defer": 450, "fast": 250}[lane]
        client.expect(expected, "RCPT TO:<alice@example.test>")
        client.quit()
    assert sluice.wait_record("session", client="::1")["lane"] == lane


def test_the_default_lane(start_sluice, postfix):
    config = {"policy": {"default_lane": "defer", "networks": {"fast": ["127.0.45.0/24"]}}}
    sluice = start_sluice(postfix.private_port, config=config)
    for source, code in (("127.0.45.1", 250), ("127.0.46.1", 450)):
        with sluice.connect(source=source) as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            client.expect(code, "RCPT TO:<alice@example.test>")
            client.quit()


def test_a_slow_client_still_delivers(sluice, postfix):
    token = new_token()
    with sluice.connect(source="127.0.40.3") as client:
        client.greet()
        client.envelope()
        assert client.content(message(token)).code == 250
    postfix.wait_message(token)
