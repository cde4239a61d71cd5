"""A policy service of the MTA's counts differently when Sluice stands in front (docs/guide/recipients.md).

A new recipient is asked about and, when the message comes, named once more; the end of the data comes once a message.
"""

import pytest

from harness.client import send_mail
from harness.mail import message, new_token
from harness.policy_service import PolicyService
from harness.postfix import Postfix

BOB = "bob@example.test"


@pytest.fixture(scope="module")
def postfix():
    with PolicyService() as service:
        settings = f"""
smtpd_recipient_restrictions = check_policy_service {service.address}
smtpd_data_restrictions = check_policy_service {service.address}
smtpd_end_of_data_restrictions = check_policy_service {service.address}
"""
        with Postfix(settings=settings) as postfix:
            postfix.service = service
            yield postfix


def counts(postfix, sender):
    """How often the service was asked at RCPT, at DATA and at the end of the data; and in how many transactions."""
    states = [len(postfix.service.of(sender=sender, protocol_state=state)) for state in ("RCPT", "DATA", "END-OF-MESSAGE")]
    return *states, len({asked["instance"] for asked in postfix.service.of(sender=sender)})


def test_a_new_recipient_counts_twice_at_rcpt_and_once_at_the_end(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port)
    send_mail(sluice.port, message(new_token()), sender="first@example.org", recipients=(BOB,))
    assert counts(postfix, "first@example.org") == (2, 1, 1, 2)
    send_mail(sluice.port, message(new_token()), sender="second@example.org", recipients=(BOB,))
    assert counts(postfix, "second@example.org") == (1, 1, 1, 1), "it is remembered that there is a Bob"


def test_without_verification_it_counts_once(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config={"recipients": {"verify": "off"}})
    send_mail(sluice.port, message(new_token()), sender="third@example.org", recipients=(BOB,))
    assert counts(postfix, "third@example.org") == (1, 1, 1, 1)
