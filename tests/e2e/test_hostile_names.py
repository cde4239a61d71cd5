"""No octet that a client says changes how the MTA reads what names the client, or what stands behind it on a line.

Postfix splits a command into words by quotes and angle brackets before it decodes xtext: an unpaired one in a name once
swallowed the attributes behind it, and the client was taken for the one before it. All of this is held against what
the real Postfix writes into its own log and headers.
"""

import contextlib
import random
import re
import subprocess

import pytest

from harness.client import Client
from harness.mail import message, new_token, trace_of
from harness.postfix import Postfix
from harness.scripted_mta import EVERYTHING, ScriptedMta
from harness.sluice import BINARY
from harness.waiting import free_port, wait_for_port, wait_until

ONE_CONNECTION = {"relay": {"pool": {"connections_max": 1, "uses_max": 1_000_000, "age_max_s": 86400, "idle_max_s": 3600}}}
LINE_ENDS = b"\r\n"
OCTETS = [octet for octet in range(1, 256) if octet not in LINE_ENDS]
MARKS = ['"', "<", ">", "\\", "(", ")"]
MORE_NAMES = ['"a b"', "<a b>", "a\\ b", '"<', '<"', '\\"', '"\\', "<<>", '""', "+", "+2", "+22", "=", "a=b", "x ADDR=192.0.2.66"]
MORE_NAMES += ['x" ADDR=192.0.2.66', "[", "]", "[UNAVAILABLE]", "to:", "from:x", "@", ";", ",", '"' * 255, "<" * 84, "\\" * 86]


def as_shown(name):
    """As Postfix keeps a client's name for its log and headers; "from:" and "to:" it takes for words of their own."""
    return re.sub(r'[ <>()\\";@]', "?", re.sub(r"^(from:|to:)(?=.)", r"\1 ", name.strip(" ")))


def hostile_names():
    """Every octet alone, and at the beginning, in the midst and at the end of a name; and some words of them."""
    for octet in OCTETS:
        for name in (b"%c", b"%cstart.example.org", b"mid%cdle.example.org", b"end.example.org%c"):
            yield name % octet
    yield from (name.encode() for name in MORE_NAMES)


class Told:
    """The lines that are to be in Postfix's log: each recipient of these does not exist."""

    def __init__(self, postfix):
        self.postfix = postfix
        self.tag = new_token()
        self.expected = {}

    def recipient(self, address, helo):
        number = len(self.expected)
        self.expected[number] = (address, as_shown(helo))
        return f"none-{self.tag}-{number}@example.test"

    def found(self):
        lines = re.findall(
            rf"reject: RCPT from \S+\[(\S+)\]: 550 .*<none-{self.tag}-(\d+)@example.test>: .* proto=ESMTP helo=<(.*)>\n",
            self.postfix.log(),
        )
        return {int(number): (address, helo) for address, number, helo in lines}

    def check(self):
        found = wait_until(
            lambda: (found := self.found()) and len(found) == len(self.expected) and found,
            lambda: f"{len(self.expected)} lines in Postfix's log, of which {len(self.found())} are there",
            timeout=30,
        )
        wrong = {n: (self.expected[n], found[n]) for n in self.expected if self.expected[n] != found[n]}
        assert not wrong, f"expected, and logged: {wrong}"


def name_a_stranger(client, told, address, helo):
    """A session up to a recipient that does not exist; False when the name was refused."""
    client.expect(220)
    reply = client.command(b"EHLO " + (helo if isinstance(helo, bytes) else helo.encode()))
    if reply.code != 250:
        assert reply.code in (500, 501), reply
        return False
    # A tab is a blank: nothing at the ends, and inside a name what Postfix makes of a blank.
    said = (helo if isinstance(helo, bytes) else helo.encode()).decode().strip(" \t").replace("\t", "?")
    client.expect(250, "MAIL FROM:<sender@example.org>")
    client.expect(550, f"RCPT TO:<{told.recipient(address, said)}>")
    return True


def test_no_name_changes_who_the_client_is(start_sluice, postfix):
    """More than a thousand names over one pooled connection, each from an address of its own, between honest clients."""
    before = postfix.connections()
    sluice = start_sluice(postfix.private_port, config=ONE_CONNECTION)
    told = Told(postfix)
    carried = set()
    for number, name in enumerate(hostile_names()):
        address = f"127.30.{number // 200}.{number % 200 + 1}"
        with sluice.connect(source=address) as client:
            if name_a_stranger(client, told, address, name):
                carried.add(name)
        if number % 4 == 3:
            honest = f"127.31.{number // 200}.{number % 200 + 1}"
            with sluice.connect(source=honest) as client:
                assert name_a_stranger(client, told, honest, f"honest{number}.example.org")
    graphic = {bytes([octet]) for octet in range(0x21, 0x7F)}
    assert graphic <= carried, "every printable octet alone reaches the MTA"
    assert {name.encode() for name in MORE_NAMES} <= carried
    told.check()
    assert postfix.connections() - before == 1


def test_nor_in_the_headers(start_sluice, postfix):
    """The same, by the Received header and the line of the queue file; each between two other clients."""
    sluice = start_sluice(postfix.private_port, config=ONE_CONNECTION)
    sent = {}
    for number, mark in enumerate(MARKS + ["[", "'", ";", "+", "="]):
        for place, name in enumerate((mark, f"{mark}x.example.org", f"x{mark}y.example.org", f"x.example.org{mark}")):
            token = new_token()
            address = f"127.32.{number}.{place + 1}"
            with sluice.connect(source=address) as client:
                client.expect(220)
                client.expect(250, f"EHLO {name}")
                client.envelope()
                assert client.content(message(token)).code == 250
                client.quit()
            sent[token] = (address, name)
    for token, (address, name) in sent.items():
        trace = trace_of(postfix.wait_message(token), message(token))
        assert f"Received: from {as_shown(name)} (unknown [{address}])" in trace
        assert f": client=unknown[{address}]\n" in postfix.log()


def test_no_address_changes_it_either(start_sluice, postfix):
    """Quoted local parts hold marks of their own: the MTA reads the same address as it does from a client of its own."""
    sluice = start_sluice(postfix.private_port, config=ONE_CONNECTION)
    locals_ = ['"a b"', '"a\\"b"', '"a>b"', '"a<b"', '"a\\\\"', '"<>"', '"a\\>b"', '"\\a"', '"a(b"', '"a,b"', '"a;b:c"']
    locals_ += ['" "', '"a\\ "', '"to:"', '"a\\\\\\"> SIZE=1"', "a`b", "a'b", '"alice"', '"al\\ice"', '"<<"', '"\\"', '"']
    for number, local in enumerate(locals_):
        with Client(postfix.port) as direct, sluice.connect(source=f"127.33.0.{number + 1}") as client:
            replies = []
            for session in (direct, client):
                session.greet()
                sender = session.command(f"MAIL FROM:<{local}@example.test> SIZE=1000")
                recipient = session.command(f"RCPT TO:<{local}@example.test>")
                replies.append((sender.code, recipient.code, recipient.text))
            refused = replies[1][0] == 501  # no address at all, by our grammar
            assert refused or replies[0] == replies[1], (local, replies)
            assert not refused or local in ('"\\"', '"'), local
    told = Told(postfix)
    with sluice.connect(source="127.33.1.1") as client:
        assert name_a_stranger(client, told, "127.33.1.1", "after.example.org")
    told.check()


# As clients write them, and what they mean.
XTEXT = {"plain": "plain", 'a"b': 'a"b', "a<b": "a<b", "<": "<", '"': '"', "a\\": "a\\", "a>b(c)": "a>b(c)", "a+2Bb+3Dc+20d": "a+b=c d"}


def meaning(text):
    return re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), text)


@pytest.fixture(scope="module")
def onward():
    """A Postfix that relays to an MTA of ours, which hears what it has made of the parameters."""
    with ScriptedMta(offer=[line for line in EVERYTHING if not line.startswith("XCLIENT")]) as target:
        settings = (
            f"relay_domains = onward.test\ntransport_maps = inline:{{onward.test=smtp:[127.0.0.1]:{target.port}}}\n"
            "smtp_discard_ehlo_keywords = chunking\n"
        )
        with Postfix(settings=settings) as postfix:
            yield postfix, target


def test_parameters_come_through_and_swallow_nothing(start_sluice, onward):
    """ENVID and ORCPT mean the same behind a real Postfix, and what follows them on the line is heard."""
    postfix, target = onward
    sluice = start_sluice(postfix.private_port, config=ONE_CONNECTION)
    for number, (written, meant) in enumerate(XTEXT.items()):
        token = new_token()
        with sluice.connect(source=f"127.34.0.{number + 1}") as client:
            client.greet()
            client.expect(552, f"MAIL FROM:<sender@example.org> ENVID={written} SIZE=99999999999")
            client.expect(250, f"MAIL FROM:<sender@example.org> ENVID={written} SIZE=1000 RET=HDRS")
            client.expect(250, f"RCPT TO:<{token}@onward.test> ORCPT=rfc822;{written}@c.example NOTIFY=DELAY")
            assert client.content(message(token)).code == 250
            client.quit()
        (taken,) = wait_until(
            lambda token=token: [t for t in target.taken if token in t.recipients[0]], "it to be passed on"
        )
        assert meaning(re.search(r" ENVID=(\S+)", taken.sender)[1]) == meant
        assert " RET=HDRS" in taken.sender, "what stands behind is heard"
        assert meaning(re.search(r" ORCPT=rfc822;(\S+)", taken.recipients[0])[1]) == f"{meant}@c.example"
        assert "NOTIFY=DELAY" in taken.recipients[0]


def test_an_address_in_utf_8_keeps_its_meaning(start_sluice, onward):
    """RFC 6533: an ORCPT of type utf-8 has an encoding of its own."""
    postfix, target = onward
    sluice = start_sluice(postfix.private_port, config=ONE_CONNECTION)
    for number, written in enumerate(["é€😀@c.example", "\\x{E9}\\x{20AC}\\x{1F600}@c.example", 'é"x\\x{3C}@c.example']):
        token = new_token()
        with sluice.connect(source=f"127.34.1.{number + 1}") as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org> SMTPUTF8")
            client.expect(250, f"RCPT TO:<{token}@onward.test> ORCPT=utf-8;{written} NOTIFY=DELAY")
            assert client.content(message(token)).code == 250
            client.quit()
        (taken,) = wait_until(
            lambda token=token: [t for t in target.taken if token in t.recipients[0]], "it to be passed on"
        )
        heard = re.search(r" ORCPT=utf-8;(\S+)", taken.recipients[0])[1]
        plain = re.sub(r"\\x\{([0-9A-F]+)\}", lambda match: chr(int(match[1], 16)), heard)
        assert plain == re.sub(r"\\x\{([0-9A-F]+)\}", lambda match: chr(int(match[1], 16)), written)
        assert "NOTIFY=DELAY" in taken.recipients[0]


def test_each_attribute_is_one_word(start_sluice):
    """ADDR is the first, and HELO, whose octets are the client's, is the last; nothing on the line is a mark."""
    with ScriptedMta() as mta:
        sluice = start_sluice(mta.port, config=ONE_CONNECTION)
        with sluice.connect(source="127.35.0.1") as client:
            client.expect(220)
            client.expect(250, 'EHLO "<\\>(x) y')
            client.expect(250, "MAIL FROM:<sender@example.org>")
            client.expect(250, "RCPT TO:<alice@example.test>")
            port = client.local_port
        (line,) = mta.commands("XCLIENT")
    assert line == (
        f"XCLIENT ADDR=127.0.0.1 PORT={port} DESTADDR=127.0.0.1 DESTPORT={sluice.port} PROTO=ESMTP NAME=[TEMPUNAVAIL] "
        "REVERSE_NAME=[TEMPUNAVAIL] HELO=+22+3C+5C+3E+28x+29+20y"
    ).replace("ADDR=127.0.0.1 PORT", "ADDR=127.35.0.1 PORT", 1)


def test_the_marks_are_those_of_this_postfix(postfix):
    """Control: what these tests, the simulator's MTA and smtp/command_words.hpp believe of Postfix is so."""
    port = free_port()
    listener = f"127.0.0.1:{port} inet n - n - - smtpd\n  -o smtpd_authorized_xclient_hosts=static:all\n"
    listener += "  -o smtpd_error_sleep_time=0 -o smtpd_soft_error_limit=1000 -o smtpd_hard_error_limit=1000\n"
    with Postfix(listeners=listener) as mta, Client(port) as client:
        client.greet()
        lost = {
            '"': True, "<": True, "x\"y": True, ">": False, "\\": True, "(": False, ")": False, "[": False, "]": False,
            "'": False, "{": False, ":": False, ";": False, ",": False, '"x y"': False, "<x y>": False, '"<"': False,
            '<">': True, "\\\"": False, "\\\\": False, '"\\"': True, "<\\>": True, "<<>": True, "<<>>": False,
        }  # fmt: skip
        told = Told(mta)
        for value, swallows in lost.items():
            client.expect(220, "XCLIENT ADDR=192.0.2.1 HELO=before PROTO=ESMTP")
            client.expect(220, f"XCLIENT HELO={value} ADDR=192.0.2.99")
            client.expect(250, "EHLO name")
            client.expect(250, "MAIL FROM:<>")
            client.expect(550, f"RCPT TO:<{told.recipient('192.0.2.1' if swallows else '192.0.2.99', 'name')}>")
            client.expect(250, "RSET")
        told.check()
        # What stands before a bad attribute is in force, whatever the log says of it: here, that of one who may relay.
        client.expect(220, "XCLIENT ADDR=192.0.2.1 HELO=before PROTO=ESMTP")
        client.expect(501, "XCLIENT ADDR=127.0.0.1 FOO=x")
        client.expect(250, "MAIL FROM:<>")
        client.expect(250, "RCPT TO:<someone@elsewhere.example>")


def test_the_sink_reads_xclient_as_this_postfix_does(tmp_path):
    """The words of hundreds of lines made of marks: our own reader (smtp/command_words.hpp) loses what the real one loses."""
    dice = random.Random(20261130)
    pieces = ['"', "<", ">", "\\", " ", "a", "(", "[", "=", "+22", "+2", " PORT=9", " ADDR=192.0.2.8", " PROTO=ESMTP", ";", "\\\\", '""', "<>"]
    port, sink_port = free_port(), free_port()
    listener = f"127.0.0.1:{port} inet n - n - - smtpd\n  -o smtpd_authorized_xclient_hosts=static:all\n"
    listener += "  -o smtpd_error_sleep_time=0 -o smtpd_soft_error_limit=9999 -o smtpd_hard_error_limit=9999\n"
    sink = subprocess.Popen(
        [BINARY, "sink", "--listen", f"127.0.0.1:{sink_port}", "--maildir", tmp_path / "mail"], stdout=subprocess.DEVNULL
    )
    with contextlib.ExitStack() as stack:
        stack.callback(sink.wait)
        stack.callback(sink.terminate)
        wait_for_port(sink_port, sink)
        mta = stack.enter_context(Postfix(listeners=listener))
        real = stack.enter_context(Client(port))
        real.greet()
        codes, addresses = {}, {}
        for number in range(400):
            line = "XCLIENT HELO=h" + "".join(dice.choice(pieces) for _ in range(dice.randrange(1, 7))) + " ADDR=192.0.2.9"
            said = []
            with Client(sink_port) as ours:  # it counts errors
                ours.greet()
                for session in (real, ours):
                    session.expect(220, "XCLIENT ADDR=192.0.2.1 HELO=before PROTO=ESMTP")
                    said.append(session.command(line).code)
                    session.expect(250, "EHLO name")
                    session.expect(250, "MAIL FROM:<>")
                real.expect(550, f"RCPT TO:<none-{number}-x@example.test>")
                real.expect(250, "RSET")
                ours.expect(250, f"RCPT TO:<user-{number}-x@example.test>")
                assert ours.content(message(f"token-{number}-x")).code == 250
            codes[number] = (line, *said)
            if said[0] == 220:  # what holds after 501 the log does not tell
                addresses[number] = line
        assert all(real_code == our_code for _, real_code, our_code in codes.values()), codes
        last = max(addresses)
        mta.wait_log(rf"<none-{last}-x@example.test>: ")
        pairs = re.findall(r"RCPT from \S+\[(\S+)\]: 550 .*?<none-(\d+)-x@", mta.log())
        logged = {int(number): address for address, number in pairs}
        kept = {}
        for path in (tmp_path / "mail/new").glob("*"):
            text = path.read_text()
            kept[int(re.search(r"Subject: token-(\d+)-x", text)[1])] = re.search(r"\[(192[\d.]+)\]", text)[1]
        assert {n: kept[n] for n in addresses} == {n: logged[n] for n in addresses}
        assert len(addresses) > 100 and set(logged.values()) >= {"192.0.2.1", "192.0.2.9"}
