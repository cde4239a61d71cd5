"""SMTP smuggling: what one side takes for the end of a message and the other does not.

Each sequence is hidden in a message, followed by what would be a second transaction if anybody took it for the end.
The attack is first shown to work on Postfix with Debian's defaults when nothing stands before it.
"""

import pytest

from harness.client import Client, Closed
from harness.mail import message, new_token
from harness.postfix import Postfix

SEQUENCES = {
    "LF.LF": b"\n.\n",
    "LF.CRLF": b"\n.\r\n",
    "CRLF.LF": b"\r\n.\n",
    "CR.CR": b"\r.\r",
    "CR.CRLF": b"\r.\r\n",
    "CRLF.CR": b"\r\n.\r",
    "CRLF.CRCRLF": b"\r\n.\r\r\n",
    "LF.CRCRLF": b"\n.\r\r\n",
    "CRLF.NULCRLF": b"\r\n.\0\r\n",
    "CRLFNUL.CRLF": b"\r\n\0.\r\n",
    "bare CR": b"\r",
    "bare LF": b"\n",
    "NUL": b"\0",
}

WORKS_ON_POSTFIX = ("LF.LF", "LF.CRLF", "CRLF.LF")


def attack(token, sequence):
    """Returns what follows DATA; exactly one message if only CRLF.CRLF ends it."""
    return (
        f"Subject: outer-{token}\r\n\r\nbefore".encode()
        + sequence
        + b"MAIL FROM:<smuggler@example.org>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n"
        + f"Subject: inner-{token}\r\n\r\nsmuggled\r\n.\r\n".encode()
    )


def deliver(port, octets, position=None):
    """Sends the octets as message content, in two parts if asked to; all replies to it."""
    with Client(port, source="127.0.5.1") as client:
        client.greet()
        client.envelope()
        client.expect(354, "DATA")
        client.send_split(octets, len(octets) if position is None else position, pause=0.002)
        client.send(b"QUIT\r\n")
        replies = []
        try:
            while not replies or replies[-1].code != 221:
                replies.append(client.read_reply())
        except Closed:
            pass
        return replies


def settle(postfix, port):
    """Everything that was sent before is delivered once this is."""
    token = new_token()
    with Client(port) as client:
        client.greet()
        client.envelope(recipients=["carol@example.test"])
        assert client.content(message(token)).code == 250
    postfix.wait_message(token, "carol")
    postfix.wait_quiet()


def smuggled(postfix, token):
    """Messages that arrived with the inner mail as a mail of its own."""
    return [m for m in postfix.messages("bob") if f"Subject: inner-{token}".encode() in m]


@pytest.fixture(scope="module")
def mta():
    """With Debian's defaults at both doors: mailboxes of its own, because the counts must be exact."""
    with Postfix() as mta:
        yield mta


@pytest.mark.parametrize("name", WORKS_ON_POSTFIX)
def test_the_attack_works_on_a_bare_postfix(mta, name):
    """Otherwise the tests below would prove nothing."""
    token = new_token()
    replies = deliver(mta.port, attack(token, SEQUENCES[name]))
    assert [reply.code for reply in replies] == [250, 250, 250, 354, 250, 221]
    settle(mta, mta.port)
    assert len(smuggled(mta, token)) == 1


@pytest.mark.parametrize("name", SEQUENCES)
def test_refused(start_sluice, mta, name):
    """The default: the whole message is refused, wherever TCP cuts it."""
    sluice = start_sluice(mta.private_port)
    sequence = SEQUENCES[name]
    tokens = []
    for position in positions(sequence):
        token = new_token()
        tokens.append(token)
        replies = deliver(sluice.port, attack(token, sequence), position(token))
        assert [reply.code for reply in replies] == [550, 221], f"{replies}"
        assert replies[0].enhanced == "5.6.0"
    settle(mta, sluice.port)
    for token in tokens:
        assert mta.count_messages(token, "alice") == 0
        assert smuggled(mta, token) == []


@pytest.mark.parametrize("name", SEQUENCES)
def test_normalised(start_sluice, mta, name):
    """On request: one message, in which the sequence is plain text."""
    sluice = start_sluice(mta.private_port, config={"smtp": {"bare_newlines": "normalise"}})
    sequence = SEQUENCES[name]
    tokens = []
    for position in positions(sequence):
        token = new_token()
        tokens.append(token)
        replies = deliver(sluice.port, attack(token, sequence), position(token))
        assert [reply.code for reply in replies] == [250, 221], f"{replies}"
    settle(mta, sluice.port)
    for token in tokens:
        outer = mta.wait_message(f"outer-{token}")
        assert b"MAIL FROM:<smuggler@example.org>\nRCPT TO:<bob@example.test>\nDATA\n" in outer
        assert f"Subject: inner-{token}\n\nsmuggled\n".encode() in outer
        assert b"\r" not in outer and b"\0" not in outer
        assert smuggled(mta, token) == []


def positions(sequence):
    """Yields where to cut: nowhere, and at every octet from before the sequence to after it."""
    yield lambda token: None
    for offset in range(len(sequence) + 5):
        yield lambda token, offset=offset: attack(token, sequence).index(b"before") + 4 + offset


def test_a_stuffed_dot_is_one_dot_and_no_end(sluice, postfix):
    token = new_token()
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        client.expect(354, "DATA")
        client.send(f"Subject: {token}\r\n\r\n..\r\n...\r\n..x\r\n.\r\n")
        client.expect(250)
    assert postfix.wait_message(token).endswith(b"\n\n.\n..\n.x\n")


@pytest.mark.parametrize("cut", range(1, 6))
def test_an_end_of_data_inside_bdat_is_content(sluice, postfix, cut):
    """BDAT counts octets; towards the MTA, which is given DATA, its dots must be stuffed, whatever chunk they are in."""
    token = new_token()
    content = f"Subject: outer-{token}\r\n\r\nbefore\r\n.\r\nMAIL FROM:<smuggler@example.org>\r\n".encode()
    at = content.index(b"\r\n.\r\n") + cut
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        client.send(b"BDAT %d\r\n" % at + content[:at])
        client.expect(250)
        client.send(b"BDAT %d LAST\r\n" % (len(content) - at) + content[at:])
        client.expect(250)
        client.quit()
    assert postfix.wait_message(token).endswith(b"\n\nbefore\n.\nMAIL FROM:<smuggler@example.org>\n")


@pytest.mark.parametrize("name", SEQUENCES)
def test_bdat_is_held_to_the_same_rule(sluice, name):
    content = attack(new_token(), SEQUENCES[name])
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        client.send(b"BDAT %d LAST\r\n" % len(content) + content)
        assert client.expect(550).enhanced == "5.6.0"


@pytest.mark.parametrize(
    "line",
    [
        b"MAIL FROM:<a@example.org>\nRCPT TO:<bob@example.test>",
        b"MAIL FROM:<a@example.org>\rRCPT TO:<bob@example.test>",
        b"MAIL FROM:<a@example.org\r>",
        b"MAIL FROM:<a\0@example.org>",
        b"EHLO client\nMAIL FROM:<a@example.org>",
        b"NOOP \0",
    ],
)
def test_a_bare_newline_in_a_command_is_refused(sluice, line):
    """The whole of it, up to CRLF: what stands behind the newline is no command of its own. Or the session ends there."""
    with sluice.connect() as client:
        client.greet()
        client.send(line + b"\r\n")
        assert 500 <= client.read_reply().code <= 521
        client.send(b"RCPT TO:<bob@example.test>\r\n")
        try:
            client.expect(503)
        except (Closed, ConnectionError):
            pass
