"""Every signal of the catalogue: a client shows it over a socket, and the lane, the line in the log and `sluice explain`
agree about it.

With `thresholds.slow = 1` the signal alone makes a client slow. What shows only in a session is told to explain by
`--showing`.
"""

import contextlib
import json
import pathlib
import re
import subprocess

import pytest

from harness import namespace
from harness.client import Client, Closed
from harness.dns import Rbldnsd, Unbound
from harness.operator import REMEMBERS, Operator
from harness.sluice import BINARY, HOSTNAME, merged, run_sluice
from harness.waiting import PATIENCE, free_port, wait_until

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs/guide/signals.md"
CATALOGUE = re.findall(r"^\| `([a-z_]+)` \|", GUIDE.read_text(), re.MULTILINE)

QUICK = {"max_delay_s": 0}  # slow clients are judged as ever, and not held
CLIENT = "127.0.145.1"
BLACK, WHITE = "bl.example.net", "wl.example.net"
TRAP = "trap@example.test"


@pytest.fixture(scope="module")
def lists():
    with Rbldnsd({BLACK: {CLIENT: "127.0.0.2"}, WHITE: {CLIENT: "127.0.1.1"}}) as server:
        yield server


@pytest.fixture(scope="module")
def names():
    lines = [
        'local-zone: "client.example." static',
        'local-data: "good.client.example. A 127.0.145.2"',
        'local-data-ptr: "127.0.145.2 good.client.example"',
        'local-data: "liar.client.example. A 192.0.2.1"',
        'local-data-ptr: "127.0.145.3 liar.client.example"',
        'local-data: "145-4.dyn.client.example. A 127.0.145.4"',
        'local-data-ptr: "127.0.145.4 145-4.dyn.client.example"',
    ]
    with Unbound(lines) as server:
        yield server


class Case:
    """How a client shows a signal, and with which words explain is told the same.

    `config` is the policy; `dns` the fixture of a name server. `show(sluice, source)` is one session. `known(sluice,
    operator)` is what has to be so before; it may return a session that stays open. Explain is asked first, as the session
    leaves traces of its own.
    """

    def __init__(self, weight, show, words=(), config=None, source=CLIENT, dns=None, known=None, lane="slow", more=None):
        self.weight, self.show, self.words = weight, show, words
        self.config, self.source, self.dns, self.known = config or {}, source, dns, known
        self.lane, self.more = lane, more or {}


# ---- sessions that show something ----------------------------------------------------------------------------


def visit(helo="client.example.org", sender="s@example.org", recipients=("alice@example.test",)):
    def session(sluice, source):
        with sluice.connect(source=source) as client:
            client.greet(helo)
            client.expect(250, f"MAIL FROM:<{sender}>")
            for recipient in recipients:
                client.command(f"RCPT TO:<{recipient}>")
            client.quit()

    return session


def says(*pieces):
    """Octets, each piece when the replies to the one before have come."""

    def session(sluice, source):
        with sluice.connect(source=source) as client:
            client.expect(220)
            for piece in pieces:
                client.send(piece)
                with contextlib.suppress(Closed):
                    client.read_replies(piece.count("\n"))

    return session


def speaks_early(sluice, source):
    with sluice.connect(source=source) as client:
        client.send("EHLO client.example.org\r\n")
        client.expect(220)
        assert client.read_reply().code == 250
        client.quit()


def comes_through_a_proxy(helo):
    def session(sluice, source):
        with sluice.connect(source="127.0.145.9") as client:
            client.send(f"PROXY TCP4 {source} 192.0.2.25 40000 25\r\n")
            client.greet(helo)
            client.quit()

    return session


def holds_one(sluice, _):
    client = sluice.connect(source=CLIENT)
    client.expect(220)
    return client


def connects_once(sluice, operator):
    visit()(sluice, CLIENT)
    sluice.wait_record("session", client=CLIENT)

    def told():
        records = [json.loads(line) for line in operator("state", "dump").splitlines()]
        return [each for each in records if each["key"] == f"rate/{CLIENT}" and each["counts"][2] > 0]

    wait_until(told, "the memory to be told of its recipient")


GUESSES = [f"guess{number}@example.test" for number in range(3)]
THREE = ["alice@example.test", "bob@example.test", "alice@example.test"]

CASES = {
    "blocklist": Case(20, visit(), known=lambda _, operator: operator.put(f"block/{CLIENT}", "1 trap_recipient", 90_000)),
    "reputation": Case(None, visit(), known=lambda _, operator: operator.weigh(f"reputation/{CLIENT}", bad=30)),
    "concurrency": Case(10, visit(), config={"rates": {"client": {"at_once": 1}}}, known=holds_one),
    "rate": Case(10, visit(), config={"rates": {"window_s": 3600, "client": {"connections": 1}}}, known=connects_once),
    "dnsbl": Case(7, visit(), config={"dnsbl": [{"zone": BLACK, "weight": 7}]}, dns="lists"),
    "dnswl": Case(-7, visit(), config={"dnswl": [{"zone": WHITE, "weight": 7}], "default_lane": "slow",
                                       "thresholds": {"fast": 5}}, dns="lists", lane="fast"),
    "no_ptr": Case(2, visit(), config={"signals": {"no_ptr": 2}}, dns="names"),
    "ptr_unconfirmed": Case(2, visit(), config={"signals": {"ptr_unconfirmed": 2}}, dns="names", source="127.0.145.3"),
    "dynamic_name": Case(3, visit(), config={"signals": {"dynamic_name": 3}}, dns="names", source="127.0.145.4"),
    "pregreet": Case(10, speaks_early, ["--showing", "pregreet"], config={"pregreet": {"wait_ms": 700}}),
    "non_smtp": Case(10, says("GET / HTTP/1.1\r\n"), ["--showing", "non_smtp"]),
    "early_pipelining": Case(6, says("EHLO c.example.org\r\nMAIL FROM:<s@example.org>\r\n"),
                             ["--showing", "early_pipelining"]),
    "bare_newline": Case(3, says("EHLO c.example.org\n"), ["--showing", "bare_newline"]),
    "helo_syntax": Case(4, visit("client,example"), ["--helo", "client,example"]),
    "helo_bare": Case(2, visit("localhost"), ["--helo", "localhost"]),
    "helo_ours": Case(10, comes_through_a_proxy(HOSTNAME), ["--helo", HOSTNAME], source="192.0.2.1",
                      more={"proxy_protocol": {"networks": ["127.0.145.9"]}}),
    "helo_literal": Case(1, visit(f"[{CLIENT}]"), ["--helo", f"[{CLIENT}]"]),
    "helo_loopback_literal": Case(1, visit("[127.0.0.1]"), ["--helo", "[127.0.0.1]"]),
    "helo_wrong_literal": Case(3, visit("[192.0.2.1]"), ["--helo", "[192.0.2.1]"]),
    "helo_unresolvable": Case(2, visit("nobody.client.example"), ["--helo", "nobody.client.example"],
                              config={"signals": {"helo_unresolvable": 2}}, dns="names"),
    "null_sender_fanout": Case(5, visit(sender="", recipients=THREE),
                               ["--sender", "<>", *(word for each in THREE for word in ("--rcpt", each))]),
    "trap_recipient": Case(10, visit(recipients=[TRAP]), ["--rcpt", TRAP], config={"trap_recipients": [TRAP]}),
    "unknown_recipients": Case(10, visit(recipients=GUESSES), ["--showing", "unknown_recipients"],
                               config={"unknown_recipients": {"slow_after": 3}}),
}  # fmt: skip


def test_every_signal_has_a_case():
    assert len(CATALOGUE) > 20, "the guide's table was not found"
    assert set(CASES) == set(CATALOGUE)


def weighed(found):
    """Returns the signals that count or are observed; notes that weigh nothing are left out."""
    return {s["signal"]: (s["weight"], s.get("observed", False)) for s in found["signals"] if s["weight"]}


def start(start_sluice, postfix, request, case, **policy):
    config = merged(REMEMBERS, {"pace": QUICK, "policy": {"thresholds": {"slow": 1}}} | case.more)
    config = merged(config, {"policy": merged(case.config, policy)})
    if case.dns:
        config["dns"] = {"servers": [request.getfixturevalue(case.dns).address]}
    sluice = start_sluice(postfix.private_port, config=config)
    return sluice, Operator(sluice)


def foretold(sluice, operator, case):
    """Returns what explain says of the session that shows it, and that session's line."""
    with contextlib.ExitStack() as stack:
        held = case.known(sluice, operator) if case.known else None
        if held is not None:
            stack.enter_context(held)
        before = 1 if case.known is connects_once else 0
        explained = operator.explain(case.source, *case.words)
        case.show(sluice, case.source)
        return explained, sluice.wait_records("session", before + 1, client=case.source)[before]


@pytest.mark.parametrize("name", CASES)
def test_lane_log_and_explain_agree(start_sluice, postfix, request, name):
    case = CASES[name]
    sluice, operator = start(start_sluice, postfix, request, case)
    explained, record = foretold(sluice, operator, case)
    assert set(weighed(record)) == {name}, record
    weight, _ = weighed(record)[name]
    assert weight == (case.weight or weight) and (record["lane"], record["score"]) == (case.lane, weight)
    assert weighed(explained) == weighed(record), explained
    assert (explained["lane"], explained["score"]) == (record["lane"], record["score"])
    if "--showing" in case.words:
        assert [s["source"] for s in explained["signals"]] == ["as if"]


@pytest.mark.parametrize("name", ["dnsbl", "no_ptr", "non_smtp", "helo_bare", "trap_recipient", "null_sender_fanout"])
def test_what_is_observed_counts_nothing_for_either(start_sluice, postfix, request, name):
    case = CASES[name]
    sluice, operator = start(start_sluice, postfix, request, case, observe_signals=[name])
    explained, record = foretold(sluice, operator, case)
    assert weighed(record) == {name: (case.weight, True)}, record
    assert (record["lane"], record["score"]) == ("fast", 0)
    assert weighed(explained) == weighed(record), explained
    assert (explained["lane"], explained["score"]) == ("fast", 0)


# ---- --showing -----------------------------------------------------------------------------------------------


def explain(sluice, *words):
    return run_sluice("explain", CLIENT, "--config", sluice.config_file, *words)


def test_several_signals_are_shown_together(start_sluice, postfix):
    """Weights are those of the configuration; what is shown by other facts already stands once, and what is off not at all."""
    policy = {"signals": {"non_smtp": 4, "bare_newline": 0}, "observe_signals": ["pregreet"]}
    sluice = start_sluice(postfix.private_port, config=merged(REMEMBERS, {"policy": policy}))
    words = ["--helo", "localhost", "--showing", "helo_bare,non_smtp,pregreet", "--showing", "bare_newline"]
    found = Operator(sluice).explain(CLIENT, *words)
    assert weighed(found) == {"helo_bare": (2, False), "non_smtp": (4, False), "pregreet": (10, True)}
    assert (found["score"], found["lane"]) == (6, "fast")
    assert [s["source"] for s in found["signals"]] == ["helo", "as if", "as if"]
    assert any("bare_newline" in remark for remark in found["remarks"])


@pytest.mark.parametrize("showing, message", [
    ("nonsense", "nonsense is no signal"), ("pregreet,nonsense", "nonsense is no signal"), ("", "is no signal"),
    ("dnsbl", "weighed by its zone"), ("network", "network is no signal"),
])  # fmt: skip
def test_what_is_no_signal_is_refused(sluice, showing, message):
    done = explain(sluice, "--showing", showing)
    assert done.returncode == 2 and message in done.stderr, done.stderr


def test_a_client_that_is_trusted_is_not_asked_about(start_sluice, postfix, lists):
    """Neither by a session nor by explain: DNS lists are spared whom the memory knows to be good."""
    policy = {"dnsbl": [{"zone": BLACK}], "thresholds": {"fast": 5}}
    config = merged(REMEMBERS, {"policy": policy, "dns": {"servers": [lists.address]}})
    sluice = start_sluice(postfix.private_port, config=config)
    operator = Operator(sluice)
    operator.weigh(f"reputation/{CLIENT}", good=100)
    visit()(sluice, CLIENT)
    record = sluice.wait_record("session", client=CLIENT)
    explained = operator.explain(CLIENT)
    assert set(weighed(record)) == set(weighed(explained)) == {"reputation"}
    assert record["lane"] == explained["lane"] == "fast" and record["score"] == explained["score"] < -5


@pytest.mark.skipif(not namespace.possible(), reason="needs a network namespace")
@pytest.mark.parametrize("listen", ["0.0.0.0", "198.51.100.25"])
def test_an_address_of_ours_is_ours_however_it_is_listened_on(start_sluice, listen):
    """Explain has no connection to ask what our address is: where all are listened on, each of the machine's is."""
    ours = "198.51.100.25"
    with namespace.Namespace() as own:
        own.run("ip", "address", "add", f"{ours}/32", "dev", "lo")
        port = free_port()
        config = {"listen": [f"{listen}:{port}"], "proxy_protocol": {"networks": [f"{ours}/32"]}, "pace": QUICK}
        sluice = start_sluice(free_port(), config=config, command=own.command(BINARY))
        helos = {f"[{ours}]": "helo_ours", "[198.51.100.26]": "helo_wrong_literal", HOSTNAME: "helo_ours",
                 "[127.0.0.1]": "helo_loopback_literal"}  # fmt: skip
        for host, (helo, signal) in enumerate(helos.items(), 7):
            source = f"192.0.2.{host}"
            with own.entered():
                client = Client(port, address=ours)
            with client:
                client.send(f"PROXY TCP4 {source} {ours} 40000 25\r\n")
                client.greet(helo)
                client.quit()
            record = sluice.wait_record("session", client=source)
            words = own.command(BINARY, "explain", source, "--json", "--helo", helo, "--config", sluice.config_file)
            done = subprocess.run(words, capture_output=True, text=True, timeout=30 * PATIENCE, check=True)
            assert set(weighed(record)) == {signal}
            assert weighed(json.loads(done.stdout)) == weighed(record), done.stdout
        sluice.stop()
