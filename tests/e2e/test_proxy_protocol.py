"""PROXY protocol headers from a load balancer in front: whose they are believed, and what breaks them."""

import ipaddress
import struct
import time

import pytest

from harness.client import Closed
from harness.mail import message, new_token, trace_of
from harness.waiting import PATIENCE, wait_until

TRUSTED = "127.0.98.1"
STRANGER = "127.0.99.1"
CONFIG = {"proxy_protocol": {"networks": ["127.0.98.0/24"]}}
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v1(source, port=40000):
    family = "TCP6" if ":" in source else "TCP4"
    target = "2001:db8::25" if ":" in source else "192.0.2.25"
    return f"PROXY {family} {source} {target} {port} 25\r\n".encode()


def v2(source=None, port=40000, tlvs=b"", command=0x21):
    if source is None:
        family, addresses = 0x00, b""
    else:
        address = ipaddress.ip_address(source)
        target = ipaddress.ip_address("192.0.2.25" if address.version == 4 else "2001:db8::25")
        family = 0x11 if address.version == 4 else 0x21
        addresses = address.packed + target.packed + struct.pack("!HH", port, 25)
    body = addresses + tlvs
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(body)) + body


@pytest.fixture
def sluice(start_sluice, postfix):
    return start_sluice(postfix.private_port, config=CONFIG)


def session_of(sluice, address):
    (record,) = sluice.records_after_stop("session", client=address)
    return record


@pytest.mark.parametrize("header, address", [
    (v1("192.0.2.77"), "192.0.2.77"), (v1("2001:db8::77"), "2001:db8::77"),
    (v2("192.0.2.78"), "192.0.2.78"), (v2("2001:db8::78"), "2001:db8::78"),
    (v2("192.0.2.79", tlvs=b"\x04\x00\x03abc" + b"\x20\x01\x00" + b"x" * 256), "192.0.2.79"),
])  # fmt: skip
def test_the_header_names_the_client(sluice, postfix, header, address):
    token = new_token()
    with sluice.connect(source=TRUSTED) as client:
        client.send(header)
        client.greet()
        client.envelope()
        assert client.content(message(token)).code == 250
    received = trace_of(postfix.wait_message(token), message(token))
    assert f"[{'IPv6:' if ':' in address else ''}{address}]" in received
    assert session_of(sluice, address)["port"] == 40000


@pytest.mark.parametrize("header", [v1("192.0.2.81"), v2("192.0.2.81")])
def test_the_header_may_come_in_any_pieces(sluice, header):
    for position in range(1, len(header)):
        with sluice.connect(source=TRUSTED) as client:
            client.send_split(header, position)
            client.expect(220)
    assert len(sluice.records_after_stop("session", client="192.0.2.81")) == len(header) - 1


def test_the_lane_is_that_of_the_client(start_sluice, postfix):
    lists = {"policy": {"networks": {"reject": ["192.0.2.82/32"], "slow": ["127.0.98.0/24"]}}}
    sluice = start_sluice(postfix.private_port, config=CONFIG | lists)
    with sluice.connect(source=TRUSTED) as client:
        client.send(v1("192.0.2.82"))
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.expect(550, "RCPT TO:<alice@example.test>")


def test_sessions_are_counted_for_the_client(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config=CONFIG | {"limits": {"sessions_per_client_max": 1}})
    clients = [sluice.connect(source=TRUSTED) for _ in range(3)]
    for client, address in zip(clients, ["192.0.2.83", "192.0.2.83", "192.0.2.84"]):
        client.send(v1(address))
    assert [client.read_reply().code for client in clients] == [220, 421, 220]
    for client in clients:
        client.close()

    def let_in():
        with sluice.connect(source=TRUSTED) as client:
            client.send(v1("192.0.2.83"))
            return client.read_reply().code == 220

    wait_until(let_in, "the first one's place to be free")


def test_a_strangers_header_is_an_error_and_no_identity(sluice):
    with sluice.connect(source=STRANGER) as client:
        client.expect(220)
        assert client.command(v1("192.0.2.85").strip()).code == 554
        assert client.at_end()
    with sluice.connect(source=STRANGER) as client:
        client.expect(220)
        client.send(v2("192.0.2.85") + b"EHLO client.example.org\r\n")
        replies = []
        with pytest.raises((Closed, AssertionError)):
            while True:
                replies.append(client.read_reply().code)
        assert all(code >= 500 for code in replies), replies
    assert sluice.records_after_stop("session", client="192.0.2.85") == []
    assert len(sluice.records_after_stop("session", client=STRANGER)) == 2


@pytest.mark.parametrize("bad", [
    b"EHLO client.example.org\r\n", b"PROXY TCP4 192.0.2.1\r\n", b"PROXY " + b"x" * 200,
    v2("192.0.2.86", tlvs=b"\x04\xff\xff"), SIGNATURE + b"\x31\x11\x00\x0c" + b"\0" * 12, SIGNATURE + b"\x21\x11\xff\xff",
])  # fmt: skip
def test_what_is_not_a_header_ends_the_connection(sluice, bad):
    with sluice.connect(source=TRUSTED) as client:
        client.send(bad)
        client.expect(421)
        assert client.at_end()
    record = session_of(sluice, TRUSTED)
    assert record["outcome"] == "refused" and record["signals"][0]["signal"] == "proxy_header"


def test_the_header_has_so_long(start_sluice, postfix):
    config = {"proxy_protocol": CONFIG["proxy_protocol"] | {"header_timeout_s": 1}}
    sluice = start_sluice(postfix.private_port, config=config)
    with sluice.connect(source=TRUSTED) as client:
        client.send(v1("192.0.2.87")[:-1])
        began = time.monotonic()
        assert client.at_end()
        assert 0.9 < time.monotonic() - began < 5 * PATIENCE
    assert session_of(sluice, TRUSTED)["outcome"] == "timed_out"
