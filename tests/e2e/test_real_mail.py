"""300 real mails, spam and ham, come through byte for byte."""

import pytest

from harness import corpus
from harness.mail import new_token, trace_of
from harness.waiting import wait_until

PER_GROUP = 60


@pytest.fixture(scope="module")
def mails():
    chosen = [mail for group in corpus.GROUPS for mail in corpus.mails(group, PER_GROUP)]
    assert len(chosen) == 300
    return chosen


def tagged(content):
    """The mail with a header that tells it apart from all others."""
    token = new_token()
    return token, b"X-Test: " + token.encode() + b"\r\n" + content


def test_300_mails_are_byte_identical(sluice, postfix, mails):
    expected, refused = {}, []
    with sluice.connect(source="127.0.4.1") as client:
        client.greet()
        for name, content in mails:
            token, sent = tagged(content)
            client.expect(250, "MAIL FROM:<sender@example.org> BODY=8BITMIME")
            client.expect(250, "RCPT TO:<user7@example.test>")
            reply = client.content(sent)
            if corpus.has_bare_newline(content):
                assert reply.code == 550 and reply.enhanced == "5.6.0", f"{name}: {reply}"
                refused.append(token)
            else:
                assert reply.code == 250, f"{name}: {reply}"
                expected[token] = (name, sent)
        client.quit()
    assert len(expected) >= 290

    delivered = wait_until(
        lambda: messages if len(messages := delivered_by_token(postfix)) >= len(expected) else None,
        f"{len(expected)} mails",
        timeout=60,
    )
    for token, (name, sent) in expected.items():
        trace = trace_of(delivered[token], sent)
        assert "[127.0.4.1]" in trace, f"{name}: {trace}"
    assert not set(refused) & set(delivered)


def delivered_by_token(postfix):
    """The messages of user7, by the token in their X-Test header."""
    messages = {}
    for message in postfix.messages("user7"):
        token = message.partition(b"\nX-Test: ")[2].partition(b"\n")[0].decode()
        assert token not in messages, f"two copies of {token}"
        messages[token] = message
    return messages
