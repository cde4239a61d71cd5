"""Nobody waits for an MTA connection because one client has them all (a real Postfix whose check is slow)."""

import concurrent.futures
import time

import pytest

from harness.mail import message, new_token
from harness.policy_service import PolicyService
from harness.postfix import Postfix
from harness.waiting import PATIENCE


@pytest.fixture
def policy():
    with PolicyService() as service:
        yield service


@pytest.fixture
def slow_postfix(policy):
    """Its answer about `user…` takes as long as the test wants."""
    policy.held = "user"
    settings = f"""
smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{policy.port}
smtpd_policy_service_timeout = 100s
"""
    with Postfix(settings) as postfix:
        yield postfix


def ask_slowly(sluice, number):
    """A session that waits for an answer, and gives it up only with the test."""
    client = sluice.connect(source=f"127.0.80.{1 + number % 5}")
    client.greet(f"client{number}.example.org")
    client.expect(250, f"MAIL FROM:<sender{number}@example.org>")
    client.send(f"RCPT TO:<user{number}@example.test>\r\n")
    return client


@pytest.mark.parametrize("connections_max, share", [(20, 5), (4, 1)])
def test_slow_questions_of_one_client(start_sluice, slow_postfix, policy, connections_max, share):
    """25 of them at once have a quarter of the connections; a good client's recipient is answered as ever."""
    sluice = start_sluice(
        slow_postfix.private_port, config={"relay": {"pool": {"connections_max": connections_max}}}
    )
    with concurrent.futures.ThreadPoolExecutor(25) as threads:
        slow = list(threads.map(lambda n: ask_slowly(sluice, n), range(25)))
    policy.wait_held(share)
    for number in range(10):
        with sluice.connect(source=f"127.0.81.{1 + number}") as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            began = time.monotonic()
            client.expect(250, "RCPT TO:<alice@example.test>")
            assert time.monotonic() - began < 1 * PATIENCE
            token = new_token()
            assert client.content(message(token)).code == 250
    assert len(policy.waiting) == share, policy.waiting
    policy.release()
    for client in slow:
        assert client.read_reply().code == 250
        client.close()


def test_control_slow_questions_of_many_clients(start_sluice, slow_postfix, policy):
    """The share is each network's own: four times a quarter is all of them."""
    sluice = start_sluice(slow_postfix.private_port, config={"relay": {"pool": {"connections_max": 4}}})
    slow = []
    for network in range(82, 86):
        client = sluice.connect(source=f"127.0.{network}.1")
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.send(f"RCPT TO:<user{network}@example.test>\r\n")
        slow.append(client)
    policy.wait_held(4)
    policy.release()
    for client in slow:
        assert client.read_reply().code == 250
        client.close()
