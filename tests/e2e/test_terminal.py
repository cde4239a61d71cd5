"""Words of strangers cannot act on the terminal of somebody who looks at them, nor feign other text: in the log, and in what every
command prints. They are still there to be read, and as JSON mean what was sent.
"""

import json
import re

import pytest

from harness.operator import Operator
from harness.scripted_mta import ScriptedMta
from harness.sluice import merged
from harness.waiting import wait_until

CSI, RIGHT_TO_LEFT, LINE, ISOLATE = "\u009b", "\u202e", "\u2028", "\u2066"
HOSTILE = f"x{CSI}31m{RIGHT_TO_LEFT}y{LINE}z{ISOLATE}"
HELO = f"{HOSTILE}.example.org"
SENDER = f"s{HOSTILE}@d{HOSTILE}.example.org"
RECIPIENT = f"r{HOSTILE}@example.test"
SOURCE = "127.0.151.1"
VISIBLE = r"x\u{9b}31m\u{202e}y\u{2028}z\u{2066}"

# C0 but LF, DEL, C1, and what turns the direction of writing or ends a line.
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def fit_for_a_terminal(octets):
    text = octets.decode("utf-8")  # strictly
    assert not FORBIDDEN.search(text), repr(text)
    return text


@pytest.fixture
def visited(start_sluice):
    """A Sluice that remembers and was told hostile things, by a client and by its MTA; and its operator."""
    with ScriptedMta(rcpt=lambda *_: f"550 5.1.1 <{RECIPIENT}> {HOSTILE}") as mta:

        def visited(json_log=True, **policy):
            config = {"store": "local", "policy": merged({"pregreet": {"wait_ms": 0}, "greylist": {"who": "nobody"}}, policy),
                      "log": {"format": "json" if json_log else "pretty"}}  # fmt: skip
            sluice = start_sluice(mta.port, config=config, json_log=json_log)
            wait_until(lambda: "SMTPUTF8" in offered(sluice), "SMTPUTF8")
            with sluice.connect(source=SOURCE) as client:
                client.greet(HELO)
                client.expect(250, f"MAIL FROM:<{SENDER}> SMTPUTF8")
                assert client.command(f"RCPT TO:<{RECIPIENT}>").code in (450, 550)
                client.expect(250, "RSET")
                client.quit()
            return sluice, Operator(sluice)

        yield visited


def offered(sluice):
    with sluice.connect() as client:
        keywords = client.greet()
        client.quit()
    return keywords


def printed(operator, *words, status=0):
    """Returns what a command says on both its outputs."""
    done = operator.command(*words)
    assert done.returncode == status, done.stderr
    return fit_for_a_terminal((done.stdout + done.stderr).encode("utf-8", "surrogateescape"))


def test_the_log_as_json(visited):
    sluice, _ = visited()
    session = sluice.wait_record("session", client=SOURCE)
    assert session["helo"] == HELO
    transaction = sluice.wait_record("transaction", client=SOURCE)
    assert transaction["sender"] == SENDER
    assert transaction["refused"][0]["recipient"] == RECIPIENT
    fit_for_a_terminal((sluice.directory / "log").read_bytes())


def test_what_is_found_in_the_log(visited):
    sluice, operator = visited()
    sluice.wait_record("session", client=SOURCE)
    for what in (SOURCE, SENDER, RECIPIENT, HELO):
        found = printed(operator, "find", what)
        assert f"which called itself {VISIBLE}" in found and f"<r{VISIBLE}@example.test> was refused" in found, found
    assert printed(operator, "find", f"absent{HOSTILE}") == "Nothing is found.\n"
    assert VISIBLE in printed(operator, "find", HOSTILE + "/", status=2)


def test_the_log_for_people(visited):
    sluice, _ = visited(json_log=False)
    wait_until(lambda: f"client={SOURCE}" in sluice.log_text(), "the session's line")
    text = fit_for_a_terminal((sluice.directory / "log").read_bytes())
    assert r"\u009B31m\u202Ey\u2028z\u2066" in text


def test_what_is_remembered_of_a_recipient(visited):
    _, operator = visited()
    wait_until(lambda: "5.1.1" in printed(operator, "cache", "show", RECIPIENT), "the recipient's record")
    shown = printed(operator, "cache", "show", RECIPIENT)
    assert shown.startswith("r" + VISIBLE)
    assert VISIBLE in printed(operator, "explain", SOURCE, "--helo", HELO, "--sender", SENDER, "--rcpt", RECIPIENT)
    explained = printed(operator, "explain", SOURCE, "--json", "--helo", HELO)
    assert json.loads(explained)["helo"] == HELO


def test_what_is_greylisted(visited):
    _, operator = visited(greylist={"who": "all"})
    wait_until(lambda: "d" + VISIBLE in printed(operator, "greylist", "list"), "the domain in the list")
    printed(operator, "greylist", "forget", HOSTILE)


def test_a_dump_is_fit_to_be_looked_at_and_to_be_loaded(visited):
    """Octets that are no UTF-8, too, which only a hostile worker could have written."""
    _, operator = visited(greylist={"who": "all"})
    wait_until(lambda: "greylist/" in operator("state", "dump"), "something to dump")
    octets = {"key_hex": (b"recipient/\x9b\xff" + HOSTILE.encode()).hex().upper(), "kind": "value",
              "value_hex": b"\x1b]0;owned\x07\x9b\xe2\x80".hex().upper(), "left_s": 1000}  # fmt: skip
    act = {"key": "act/203.0.113.0/24", "kind": "value", "value": f"reject {HOSTILE} {HOSTILE}", "left_s": 1000}
    for record in (octets, act):
        operator("state", "load", stdin=json.dumps(record))
    operator("block", "198.51.100.0/24", "--for", "1h", "--why", HOSTILE)

    def dumped():
        dump = printed(operator, "state", "dump")
        loaded = [json.loads(line) for line in dump.splitlines()]
        return dump, [{k: v for k, v in r.items() if k not in ("age_s", "left_s")} for r in loaded]

    dump, before = dumped()
    assert any(HOSTILE in r.get("key", "") for r in before) and any("key_hex" in r for r in before)
    assert VISIBLE in printed(operator, "acts")
    operator("state", "load", stdin=dump)
    assert dumped()[1] == before


def test_reputation_names(visited):
    """From a store that somebody else has written to."""
    _, operator = visited()
    operator.weigh(f"reputation/{HOSTILE}", bad=5)
    operator.put(f"block/{SOURCE}", f"1 {HOSTILE}", left_s=1000)
    assert VISIBLE in printed(operator, "reputation", "show")
    assert VISIBLE in printed(operator, "reputation", "show", SOURCE)
