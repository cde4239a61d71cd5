"""The answer to one client about a recipient is no other's, where the MTA lets some do what others may not."""

import re

import pytest

from harness.mail import message, new_token
from harness.operator import Operator
from harness.postfix import Postfix

# Networks that the MTA lets relay, and that know addresses nobody else does. Sluice is told of none of them.
INSIDERS = ["127.10.1.1", "127.11.1.1"]
STRANGERS = [f"127.{n}.1.1" for n in range(20, 26)]
FOREIGN = "somebody@elsewhere.example"
INTERNAL = "user7@example.test"


@pytest.fixture(scope="module")
def postfix():
    """As many sites have it: who is in mynetworks is asked nothing more; others do not hear of some mailboxes."""
    settings = """
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = permit_mynetworks, check_recipient_access inline:{{user7@example.test=550 5.1.1 User unknown}}
relay_transport = discard:
default_transport = discard:
"""
    postfix = Postfix(settings)
    master = postfix.directory / "etc/master.cf"
    networks = "127.10.1.0/24,127.11.1.0/24,127.12.1.5/32"
    master.write_text(re.sub(r"-o mynetworks=\S+", f"-o mynetworks={networks}", master.read_text()))
    with postfix:
        yield postfix


def ask(sluice, source, recipient):
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        reply = client.command(f"RCPT TO:<{recipient}>")
        client.quit()
        return reply


# In the slow lane answers are shared at all; speed it up, for it is not what this is about.
QUICK = {"max_delay_s": 0}
SLOW = {"pace": QUICK, "policy": {"networks": {"slow": ["127.20.0.0/14", "127.24.0.0/15"]}}}


@pytest.fixture(params=["fast", "slow", "remembering"])
def sluice(start_sluice, postfix, request):
    config = {} if request.param == "fast" else SLOW
    if request.param == "remembering":
        config = config | {"store": "local", "workers": 2}
    return start_sluice(postfix.private_port, config=config)


def test_an_insiders_250_is_no_strangers(sluice):
    """A tester of open relays is refused, whoever of the house has written there before."""
    for insider in INSIDERS * 2:
        assert ask(sluice, insider, FOREIGN).code == 250
    for stranger in STRANGERS:
        reply = ask(sluice, stranger, FOREIGN)
        assert reply.code == 554 and "Relay access denied" in reply.text, reply
    assert ask(sluice, INSIDERS[0], FOREIGN).code == 250


def test_a_strangers_unknown_is_no_insiders(sluice):
    for stranger in STRANGERS * 2:
        reply = ask(sluice, stranger, INTERNAL)
        assert reply.code == 550 and reply.enhanced == "5.1.1", reply
    for insider in INSIDERS:
        assert ask(sluice, insider, INTERNAL).code == 250
    for stranger in STRANGERS:
        assert ask(sluice, stranger, INTERNAL).code == 550
    with sluice.connect(source=INSIDERS[0]) as client:
        client.greet()
        client.envelope(recipients=[INTERNAL])
        assert client.content(message(new_token())).code == 250


def test_who_the_operator_has_named_keeps_his_answers(start_sluice, postfix):
    """A machine at a hoster that may relay, and its neighbour in the same /24, who may not."""
    config = {"policy": {"networks": {"fast": ["127.12.1.5/32"]}}}
    sluice = start_sluice(postfix.private_port, config=config)
    for recipient in (FOREIGN, INTERNAL):
        assert ask(sluice, "127.12.1.5", recipient).code == 250
        assert ask(sluice, "127.12.1.6", recipient).code in (550, 554)
        assert ask(sluice, "127.12.1.5", recipient).code == 250


@pytest.mark.parametrize("lane, asked", [("slow", 2), ("fast", 6)])
def test_what_a_harvest_costs(start_sluice, postfix, lane, asked, tmp_path):
    """Suspects that guess the same from many networks: two of them are answered by the MTA, the others from memory."""
    config = SLOW if lane == "slow" else {}
    sluice = start_sluice(postfix.private_port, config=config | {"store": "local"})
    guess = f"guess-{lane}@example.test"
    for stranger in STRANGERS:
        for _ in range(3):
            assert ask(sluice, stranger, guess).code == 550
    found = sluice.wait_records("transaction", count=3 * len(STRANGERS))
    assert all(r["refused"][0]["recipient"] == guess for r in found)
    by_mta = sum(1 for r in found if r["refused"][0]["by"] == "mta")
    assert by_mta == asked
    shown = Operator(sluice)("cache", "show", guess)
    assert "550 5.1.1" in shown and ("several networks" in shown) == (lane == "slow")
