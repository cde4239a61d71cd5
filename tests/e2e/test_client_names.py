"""The MTA hears more of a client than its address: names as it would have found them itself, and ports.

A policy service (SMTPD_POLICY_README) of the test's own is asked by the real Postfix, and so tells what that knows.
"""

import contextlib

import pytest

from harness.dns import Unbound
from harness.mail import message, new_token
from harness.policy_service import PolicyService
from harness.postfix import Postfix
from harness.waiting import wait_until

NAMES = [
    'local-zone: "90.0.127.in-addr.arpa." static',
    'local-zone: "client.example." static',
    'local-data: "good.client.example. A 127.0.90.1"',
    'local-data-ptr: "127.0.90.1 good.client.example"',
    'local-data: "liar.client.example. A 192.0.2.1"',
    'local-data-ptr: "127.0.90.2 liar.client.example"',
    # Nobody answers about this one, and none of its names.
    'local-zone: "4.90.0.127.in-addr.arpa." always_deny',
    'local-data-ptr: "127.0.90.5 far.silent.example"',
    'local-zone: "silent.example." always_deny',
    'local-data-ptr: "127.0.90.6 nowhere.client.example"',
    'local-data-ptr: "127.0.90.7 -no-name.client.example"',
]  # fmt: skip

# By the address's last octet: client_name, reverse_client_name, and what two restrictions make of it, by codes that say
# whether Postfix thinks that there is no name (551, 552) or that it could not find out (450).
FOUND = {
    1: ("good.client.example", "good.client.example", 250, 250),
    2: ("unknown", "liar.client.example", 551, 250),
    3: ("unknown", "unknown", 551, 551),
    4: ("unknown", "unknown", 450, 450),
    5: ("unknown", "far.silent.example", 450, 250),
    6: ("unknown", "nowhere.client.example", 551, 250),
    7: ("unknown", "unknown", 551, 551),
}


@pytest.fixture(scope="module")
def mta():
    with PolicyService() as service:
        restricted = ", ".join(
            f"user{first + octet}@example.test=reject_unknown_{which}client_hostname"
            for first, which in ((60, ""), (70, "reverse_"))
            for octet in FOUND
        )
        settings = f"""
unknown_client_reject_code = 551
smtpd_recipient_restrictions = check_policy_service {service.address},
  check_recipient_access inline:{{{restricted}}}
"""
        with Postfix(settings=settings) as postfix:
            postfix.service = service
            yield postfix


@pytest.fixture(scope="module")
def names():
    with Unbound(NAMES) as server:
        yield server


def named(sluice, source, recipients=("carol",)):
    """The replies to each recipient in a session from there, and the client's port."""
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        codes = [client.command(f"RCPT TO:<{recipient}@example.test>").code for recipient in recipients]
        return codes, client.local_port


def test_names_are_what_the_mta_would_have_found(start_sluice, mta, names):
    config = {"dns": {"servers": [names.address]}, "policy": {"resolve_names": True, "dns_deadline_ms": 1000}}
    sluice = start_sluice(mta.private_port, config=config)
    for octet, (name, reverse_name, confirmed_code, reverse_code) in FOUND.items():
        codes, _ = named(sluice, f"127.0.90.{octet}", [f"user{first + octet}" for first in (10, 60, 70)])
        asked = mta.service.of(recipient=f"user{10 + octet}@example.test")[-1]
        assert (asked["client_name"], asked["reverse_client_name"]) == (name, reverse_name), octet
        assert codes == [250, confirmed_code, reverse_code], octet


def test_they_are_looked_up_unless_that_is_turned_off(start_sluice, mta, names):
    config = {"dns": {"servers": [names.address]}}
    sluice = start_sluice(mta.private_port, config=config)
    del sluice.config["policy"]["resolve_names"]
    sluice.reload()
    named(sluice, "127.0.90.1", ["user21"])
    assert mta.service.of(recipient="user21@example.test")[-1]["reverse_client_name"] == "good.client.example"
    sluice.reload({"policy": {"resolve_names": False}})
    named(sluice, "127.0.90.1", ["user22"])
    assert mta.service.of(recipient="user22@example.test")[-1]["reverse_client_name"] == "unknown"


def test_ports_and_the_destination(start_sluice, mta):
    """Each session has its own, also where one connection carries them all."""
    sluice = start_sluice(mta.private_port, config={"relay": {"pool": {"connections_max": 1}}})
    for n in range(30, 40):
        _, port = named(sluice, "127.0.91.1", [f"user{n}"])
        asked = mta.service.of(recipient=f"user{n}@example.test")[-1]
        assert asked["client_address"] == "127.0.91.1"
        assert asked["client_port"] == str(port)
        assert (asked["server_address"], asked["server_port"]) == ("127.0.0.1", str(sluice.port))


def test_the_destination_a_proxy_names(start_sluice, mta):
    sluice = start_sluice(mta.private_port, config={"proxy_protocol": {"networks": ["127.0.92.0/24"]}})
    token = new_token()
    with sluice.connect(source="127.0.92.1") as client:
        client.send("PROXY TCP4 203.0.113.9 198.51.100.25 40000 587\r\n")
        client.greet()
        client.envelope(recipients=["user41@example.test"])
        assert client.content(message(token)).code == 250
    asked = wait_until(lambda: mta.service.of(recipient="user41@example.test"), "the question")[-1]
    assert (asked["client_address"], asked["client_port"]) == ("203.0.113.9", "40000")
    assert (asked["server_address"], asked["server_port"]) == ("198.51.100.25", "587")


def test_one_client_asks_together_whatever_its_ports(start_sluice, mta):
    """Sessions of one client are one client to the MTA, named as one of them."""
    sluice = start_sluice(mta.private_port, config={"relay": {"pool": {"connections_max": 1}}})
    ports = {}
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(sluice.connect(source="127.0.93.1")) for _ in range(10)]
        for client in clients:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
        for n, client in enumerate(clients):
            client.send(f"RCPT TO:<user{50 + n}@example.test>\r\n")
            ports[str(client.local_port)] = n
        for client in clients:
            client.expect(250)
    asked = [mta.service.of(recipient=f"user{50 + n}@example.test")[-1] for n in range(10)]
    assert {attributes["client_address"] for attributes in asked} == {"127.0.93.1"}
    assert {attributes["client_port"] for attributes in asked} <= ports.keys()
    # In one transaction of Postfix each question has the same instance.
    assert len({attributes["instance"].split(".")[0] for attributes in asked}) == 1, "one smtpd carried them"
