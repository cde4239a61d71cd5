"""Load balancers and monitors that only look whether Sluice is alive: they are greeted at once in one line, whatever
Sluice does with strangers; they are nobody's session; and none of them can send mail."""

import socket
import time

import pytest

from harness.certificates import make_certificate
from harness.client import Client
from harness.haproxy import BALANCER, HAProxy
from harness.mail import message, new_token, trace_of
from harness.operator import Operator
from harness.sluice import merged
from harness.waiting import PATIENCE, wait_until
from test_proxy_protocol import SIGNATURE, v1, v2

MONITOR = "127.0.97.5"
CONFIG = {
    "store": "auto",  # a memory: strangers are greeted in two lines
    "proxy_protocol": {"networks": ["127.0.98.0/24"]},
    "policy": {"networks": {"health": ["127.0.97.0/24"]}},
}
SLOW = {"policy": {"default_lane": "slow", "greylist": {"who": "nobody"}}}
# Slow as by default, but for the test's patience with mail that is to pass.
QUICK = {"pace": {"reply_s": 1}}


@pytest.fixture
def checked(start_sluice, postfix):
    """Sluice with this configuration, and its operator."""

    def start(*changes):
        config = CONFIG
        for change in changes:
            config = merged(config, change)
        sluice = start_sluice(postfix.private_port, config=config)
        return sluice, Operator(sluice)

    return start


def checks(operator, by):
    return operator.metrics()[f'sluice_health_checks_total{{by="{by}"}}']


def found(operator):
    return {series: number for series, number in operator.metrics().items() if number}


def wait_checks(operator, by, number):
    wait_until(lambda: checks(operator, by) >= number, lambda: f"{number} checks by {by}: {found(operator)}")


# ---- the real thing ------------------------------------------------------------------------------------------

EHLO = "option smtpchk"
HELO = "option smtpchk HELO monitor.example.org"


@pytest.mark.parametrize("lane", [{}, merged(SLOW, QUICK)], ids=["fast", "slow"])
@pytest.mark.parametrize(
    "options, check, by",
    [
        ("send-proxy check", EHLO, "itself"),
        ("send-proxy check", HELO, "itself"),
        ("send-proxy check", "", None),
        ("send-proxy-v2 check", EHLO, "local"),
        ("send-proxy-v2 check", HELO, "local"),
        ("send-proxy-v2 check", "", None),
        ("send-proxy check port {port}", EHLO, "silent"),
        ("send-proxy-v2 check port {port}", HELO, "silent"),
        ("send-proxy check port {port}", "", None),
        ("send-proxy check port {port} check-send-proxy", EHLO, "itself"),
        ("send-proxy-v2 check port {port} check-send-proxy", EHLO, "local"),
    ],
)
def test_haproxy_finds_it_alive(checked, postfix, tmp_path, lane, options, check, by):
    """With its own time-outs. The server stays up through several checks, and mail passes in its client's name.

    A check of layer 4 alone is reset by HAProxy at once: it may be over before it has come to Sluice's ears.
    """
    sluice, operator = checked(lane)
    options = options.format(port=sluice.port) + " inter 2s fastinter 200ms downinter 200ms rise 2 fall 1"
    with HAProxy(tmp_path, sluice.port, options, check) as haproxy:
        if by:
            wait_checks(operator, by, 3)
        wait_until(lambda: haproxy.server()["check_status"] in ("L4OK", "L7OK"), lambda: f"a check: {haproxy.server()}")
        server = haproxy.server()
        assert (server["status"], server["chkfail"], server["chkdown"]) == ("UP", "0", "0"), server
        assert server["check_status"] == ("L7OK" if check else "L4OK"), server
        token = new_token()
        with Client(haproxy.port, source="127.0.99.7") as client:
            client.greet()
            client.envelope()
            assert client.content(message(token)).code == 250
            client.quit()
        assert "[127.0.99.7]" in trace_of(postfix.wait_message(token), message(token))
        sluice.wait_record("session", client="127.0.99.7", outcome="quit")
    assert sluice.records_after_stop("session", client=BALANCER) == [], "a health check is nobody's session"
    assert sluice.records_after_stop("proxy_header_fault") == []


def test_control_haproxy_wants_its_greeting_in_one_line(checked, tmp_path):
    """A Sluice that does not know the check for one greets it in two lines, and is found dead."""
    sluice, _ = checked({"proxy_protocol": {"networks": []}})
    with HAProxy(tmp_path, sluice.port, "check inter 500ms fall 1", EHLO) as haproxy:
        wait_until(lambda: haproxy.server()["status"] == "DOWN", lambda: f"DOWN: {haproxy.server()}", timeout=30)
        assert haproxy.server()["check_status"] == "L7RSP"


def test_a_balancer_that_forgot_its_header(checked, postfix, tmp_path):
    """Without send-proxy: mail is put off and not lost, and the operator is told why, once."""
    sluice, operator = checked()
    with HAProxy(tmp_path, sluice.port, "") as haproxy:
        for _ in range(2):
            with Client(haproxy.port, source="127.0.99.7") as client:
                client.greet()
                reply = client.command("MAIL FROM:<sender@example.org>")
                assert (reply.code, reply.enhanced) == (451, "4.3.5") and "PROXY header" in reply.text
                client.expect(503, "RCPT TO:<alice@example.test>")
                client.expect(221, "QUIT")
    wait_checks(operator, "silent", 2)
    fault = sluice.wait_record("proxy_header_fault")
    assert BALANCER in fault["why"] and "No PROXY header" in fault["why"]
    record = sluice.wait_record("session", client=BALANCER)
    assert [(s["signal"], s["what"]) for s in record["signals"]] == [("proxy_header", "no_client")]
    assert operator.metrics()['sluice_proxy_header_faults_total{what="no_client"}'] == 2
    assert len(sluice.records_after_stop("proxy_header_fault")) == 1, "told once"


def test_haproxy_maps_mixed_families(checked, postfix, tmp_path):
    """An IPv4 client at an IPv6 address: HAProxy (2.6) writes both as IPv6, which is not a mixture."""
    sluice, _ = checked()
    with HAProxy(tmp_path, sluice.port, "send-proxy", "tcp-request content set-dst str(2001:db8::25)") as haproxy:
        token = new_token()
        with Client(haproxy.port, source="127.0.99.7") as client:
            client.greet()
            client.envelope()
            assert client.content(message(token)).code == 250
            client.quit()
    assert "[127.0.99.7]" in trace_of(postfix.wait_message(token), message(token))


@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2"])
def test_a_client_whom_haproxy_cannot_name(checked, tmp_path, option):
    """Over a Unix socket: UNKNOWN in version 1, and LOCAL in version 2 as for a check of its own (HAProxy 2.6). Its mail
    is not the balancer's, and not lost."""
    sluice, operator = checked()
    with HAProxy(tmp_path, sluice.port, option) as haproxy, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20 * PATIENCE)
        client.connect(str(haproxy.clients))
        heard = client.makefile("r", newline="\r\n")
        assert heard.readline().startswith("220 ")
        client.sendall(b"HELO client.example.org\r\n")
        assert heard.readline().startswith("250 ")
        client.sendall(b"MAIL FROM:<sender@example.org>\r\n")
        assert heard.readline().startswith("451 ")
        client.sendall(b"QUIT\r\n")
        assert heard.readline().startswith("221 ")
    assert "No PROXY header names the client" in sluice.wait_record("proxy_header_fault")["why"]
    sluice.wait_record("session", client=BALANCER, outcome="quit")


# ---- what a check may do -------------------------------------------------------------------------------------

BEGINNINGS = {
    "network": (MONITOR, b"", 554),
    "itself": (BALANCER, None, 554),
    "local": (BALANCER, v2(command=0x20), 451),
    "local with an address": (BALANCER, v2("192.0.2.80", command=0x20), 451),
    "unnamed": (BALANCER, b"PROXY UNKNOWN\r\n", 451),
    "unnamed in version 2": (BALANCER, v2(), 451),
    "unnamed, a Unix socket": (BALANCER, SIGNATURE + b"\x21\x31\x00\xd8" + b"u" * 216, 451),
    "silent": (BALANCER, b"", 451),
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("lane", [{}, SLOW], ids=["fast", "slow"])
def test_what_a_check_may_say(checked, beginning, lane):
    """One line at once; HELO, EHLO, NOOP, RSET and QUIT; no mail, no AUTH; and no limit of a client's is in its way."""
    source, header, refused = BEGINNINGS[beginning]
    limits = {"limits": {"sessions_per_client_max": 1}, "smtp": {"auth": "pass-plaintext"}}
    sluice, operator = checked(lane, limits)
    with sluice.connect(source=source) as other:
        other.send(v1(BALANCER, port=other.local_port) if header is None else header)
        other.expect(220)
        with sluice.connect(source=source) as client:
            began = time.monotonic()
            client.send(v1(BALANCER, port=client.local_port) if header is None else header)
            greeting = client.read_reply()
            assert greeting.code == 220 and len(greeting.lines) == 1, greeting
            for command in ("HELO monitor", "EHLO localhost", "NOOP", "RSET"):
                client.expect(250, command)
            assert time.monotonic() - began < 1.9 * PATIENCE, "HAProxy waits 2 s"
            assert client.command("MAIL FROM:<sender@example.org>").code == refused
            client.expect(503, "RCPT TO:<alice@example.test>")
            client.expect(503, "DATA")
            client.expect(221, "QUIT")
    by = beginning.split()[0].rstrip(",")
    wait_checks(operator, by, 2)
    found = operator.metrics()
    assert sum(number for series, number in found.items() if series.startswith("sluice_sessions_total")) == 0
    assert found["sluice_pregreet_waits_total"] == 0
    record = sluice.wait_record("session")  # of the one that tried to send mail
    assert record["client"] == source and record["lane"] == "fast" and record["score"] == 0, record
    assert [s["signal"] for s in record["signals"]] == ["proxy_header" if refused == 451 else "health_check"]


def test_a_check_is_not_remembered(checked):
    """Nothing of it comes into the memory that all share."""
    sluice, operator = checked()
    for _ in range(3):
        with sluice.connect(source=MONITOR) as client:
            client.expect(220)
            client.expect(221, "QUIT")
    wait_checks(operator, "network", 3)
    with sluice.connect(source="127.0.99.8") as client:  # control: a client is remembered
        client.greet()
        client.envelope()
        assert client.content(message(new_token())).code == 250
        client.quit()
    sluice.wait_record("session", client="127.0.99.8")
    known = wait_until(lambda: "127.0.99.0" in (text := operator("state", "dump")) and text, "the client")
    assert "127.0.97." not in known, known
    assert len(sluice.records_after_stop("session")) == 1


def test_a_check_may_use_tls(checked, tmp_path):
    chain = make_certificate(tmp_path, "mx", "DNS:mx.example.test").chain
    sluice, operator = checked({"tls": {"chain_files": [chain], "handshakes_per_client_max": 1}})
    for number in (1, 2):
        with sluice.connect(source=MONITOR) as client:
            client.expect(220)
            client.expect(250, "EHLO monitor.example.org")
            client.expect(220, "STARTTLS")
            client.wrap("mx.example.test")
            client.expect(250, "EHLO monitor.example.org")
            client.expect(221, "QUIT")
        wait_checks(operator, "network", number)


def test_a_mail_server_on_the_balancers_machine_is_a_client(checked, postfix):
    """Its address is the balancer's, its port is not that of the connection."""
    sluice, _ = checked(QUICK, {"policy": {"signals": {"pregreet": 0}}})
    token = new_token()
    with sluice.connect(source=BALANCER) as client:
        client.send(v1(BALANCER, port=1))
        client.greet()
        client.envelope()
        assert client.content(message(token)).code == 250
        client.quit()
    assert f"[{BALANCER}]" in trace_of(postfix.wait_message(token), message(token))
    sluice.wait_record("session", client=BALANCER, outcome="quit")


def test_a_monitor_behind_the_balancer(checked):
    sluice, operator = checked()
    with sluice.connect(source=BALANCER) as client:
        client.send(v1(MONITOR))
        assert len(client.read_reply().lines) == 1
        client.expect(250, "EHLO monitor.example.org")
        client.expect(554, "MAIL FROM:<sender@example.org>")
        client.expect(221, "QUIT")
    wait_checks(operator, "network", 1)


# ---- headers that cannot be used -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first, what, words",
    [
        (b"EHLO client.example.org\r\n", "missing", "No PROXY header"),
        (b"PROXY TCP4 192.0.2.7 2001:db8::25 40000 25\r\n", "mixed_families", "mixes IPv4 and IPv6"),
        (b"PROXY TCP4 2001:db8::7 192.0.2.25 40000 25\r\n", "mixed_families", "mixes IPv4 and IPv6"),
        (b"PROXY TCP6 192.0.2.7 2001:db8::25 40000 25\r\n", "mixed_families", "mixes IPv4 and IPv6"),
        (b"PROXY TCP4 192.0.2.7\r\n", "broken", "malformed"),
        (SIGNATURE + b"\x21\x21\x00\x0c" + b"\0" * 12, "broken", "malformed"),
    ],
)
def test_the_operator_is_told_what_is_wrong(checked, first, what, words):
    """In the reply, in the session's line, as an event, and as a number."""
    sluice, operator = checked()
    with sluice.connect(source=BALANCER) as client:
        client.send(first)
        reply = client.read_reply()
        assert reply.code == 421 and words in reply.text, reply
        assert client.at_end()
    record = sluice.wait_record("session", client=BALANCER, outcome="refused")
    assert [(s["signal"], s["what"]) for s in record["signals"]] == [("proxy_header", what)]
    assert words in sluice.wait_record("proxy_header_fault")["why"]
    assert operator.metrics()[f'sluice_proxy_header_faults_total{{what="{what}"}}'] == 1


@pytest.mark.parametrize("header", [v1("192.0.2.81"), v2("192.0.2.81")])
def test_a_header_behind_the_greeting(checked, header):
    """The connection was taken for a silent check's; its client is to come again."""
    sluice, operator = checked({"proxy_protocol": {"check_after_ms": 100}})
    with sluice.connect(source=BALANCER) as client:
        client.expect(220)
        client.send(header + b"EHLO client.example.org\r\n")
        assert client.read_reply().code == 421
        assert client.at_end()
    assert sluice.wait_record("session")["signals"][0]["what"] == "late"
    assert operator.metrics()['sluice_proxy_header_faults_total{what="late"}'] == 1


def test_silence_is_no_check_where_that_is_off(checked):
    sluice, operator = checked({"proxy_protocol": {"check_after_ms": 0, "header_timeout_s": 1}})
    with sluice.connect(source=BALANCER) as client:
        assert client.at_end()
    record = sluice.wait_record("session", client=BALANCER, outcome="timed_out")
    assert [(s["signal"], s["what"]) for s in record["signals"]] == [("proxy_header", "missing")]
