"""The MTA sees each client as itself, however few connections carry them, and never one as another."""

import concurrent.futures
import re

import pytest

from harness.client import Client
from harness.mail import message, new_token, trace_of
from harness.postfix import Postfix
from harness.scripted_mta import CLOSE, DIE, EVERYTHING, HANG, ScriptedMta
from harness.waiting import free_port, wait_until

ONE_CONNECTION = {"relay": {"pool": {"connections_max": 1}}}


def mail_from(sluice, source, token, helo="client.example.org", recipient="alice@example.test"):
    """One mail; the reply to the final dot."""
    with sluice.connect(source=source) as client:
        client.greet(helo)
        client.envelope(recipients=[recipient])
        reply = client.content(message(token))
        client.quit()
    return reply


def test_one_connection_serves_many_clients(start_sluice, postfix):
    before = postfix.connections()
    sluice = start_sluice(postfix.private_port, config=ONE_CONNECTION)
    sent = {}
    for n in range(1, 41):
        token = new_token()
        reply = mail_from(sluice, f"127.0.6.{n}", token, helo=f"client{n}.example.org")
        assert reply.code == 250
        sent[token] = n
    for token, n in sent.items():
        trace = trace_of(postfix.wait_message(token), message(token))
        assert trace.count("Received: ") == 1
        assert f"Received: from client{n}.example.org (unknown [127.0.6.{n}])" in trace
        postfix.wait_log(rf": client=unknown\[127\.0\.6\.{n}\]\n")
    assert postfix.connections() - before == 1


def test_identity_never_leaks_between_concurrent_clients(start_sluice, postfix):
    """Good and bad recipients at once from 60 clients over two connections: every line Postfix logged is right."""
    before = postfix.connections()
    sluice = start_sluice(postfix.private_port, config={"relay": {"pool": {"connections_max": 2}}})
    tag = new_token()

    def session(n):
        token = f"{tag}-{n}-end"
        with sluice.connect(source=f"127.0.7.{n}") as client:
            client.greet(f"client{n}.example.org")
            client.expect(250, "MAIL FROM:<sender@example.org>")
            client.expect(550, f"RCPT TO:<none-{tag}-{n}@example.test>")
            client.expect(250, "RCPT TO:<alice@example.test>")
            if n % 3 == 0:
                client.expect(250, "RSET")
                client.envelope()
            assert client.content(message(token)).code == 250
            client.quit()
        return n, token

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        for n, token in pool.map(session, range(1, 61)):
            trace = trace_of(postfix.wait_message(token), message(token))
            assert f"from client{n}.example.org (unknown [127.0.7.{n}])" in trace
    rejects = re.findall(
        rf"reject: RCPT from unknown\[127\.0\.7\.(\d+)\].*<none-{tag}-(\d+)@example.test>.*helo=<client(\d+)\.",
        postfix.log(),
    )
    assert len(rejects) == 60
    assert all(source == recipient == helo for source, recipient, helo in rejects), rejects
    assert postfix.connections() - before <= 2


@pytest.mark.parametrize("answer", ["501 5.5.4 no", "250 2.0.0 Ok", "421 4.3.2 going", "550 5.7.0 denied", CLOSE, DIE, HANG])
def test_xclient_refused_midway(start_sluice, answer):
    """A connection whose XCLIENT did not get 220 carries nothing more, and nobody is mistaken for the one before."""
    answers = iter([None, answer])
    with ScriptedMta(xclient=lambda session, argument: next(answers, None)) as mta:
        config = {"relay": {"pool": {"connections_max": 1, "command_timeout_s": 2, "retry_after_s": 1}}}
        sluice = start_sluice(mta.port, config=config | {"recipients": {"verify": "off"}})

        def deliver(n):
            with sluice.connect(source=f"127.0.8.{n}") as client:
                client.greet(f"client{n}.example.org")
                client.envelope(sender=f"sender{n}@example.org")
                reply = client.content(message(f"mail {n}"))
                client.quit()
            assert reply.code == 250 or 400 <= reply.code < 500, reply
            return reply.code == 250

        assert deliver(1)
        accepted = [1, 2] if deliver(2) else [1]
        wait_until(lambda: deliver(3), "the MTA to be asked again")
        accepted.append(3)
        assert len(mta.taken) == len(accepted)
        for n, taken in zip(accepted, mta.taken):
            assert taken.sender == f"FROM:<sender{n}@example.org>"
            assert taken.identity["ADDR"] == f"127.0.8.{n}"
            assert taken.identity["HELO"] == f"client{n}.example.org"
            assert taken.content == message(f"mail {n}")
        spoilt = next(number for number, line in mta.received if line.startswith("XCLIENT") and "127.0.8.2" in line)
        after = [line for number, line in mta.received if number == spoilt]
        after = after[next(i for i, line in enumerate(after) if "127.0.8.2" in line) + 1 :]
        assert [line for line in after if line != "QUIT"] == []


def test_a_postfix_that_believes_xclient_only_from_sluice(start_sluice, postfix):
    """Postfix checks the forwarded address at the second XCLIENT and refuses: every mail still has its own identity."""
    port = free_port()
    listener = (
        f"127.0.0.1:{port} inet n - n - - smtpd\n  -o smtpd_authorized_xclient_hosts=127.0.0.1\n"
        "  -o mynetworks=!127.0.0.0/8\n"
    )
    with Postfix(listeners=listener) as mta:
        sluice = start_sluice(port, config=ONE_CONNECTION)
        for n in range(1, 6):
            token = new_token()
            reply = mail_from(sluice, f"127.0.9.{n}", token)
            assert reply.code == 250
            assert f"(unknown [127.0.9.{n}])" in trace_of(mta.wait_message(token), message(token))


def test_without_pooling_each_client_has_a_connection(start_sluice, postfix):
    mta = {"address": f"127.0.0.1:{postfix.private_port}", "pooled": False}
    before = postfix.connections()
    sluice = start_sluice(mta, config=ONE_CONNECTION)
    for n in range(1, 6):
        token = new_token()
        reply = mail_from(sluice, f"127.0.10.{n}", token)
        assert reply.code == 250
        assert f"(unknown [127.0.10.{n}])" in trace_of(postfix.wait_message(token), message(token))
    assert postfix.connections() - before >= 5


def test_proxy_protocol(start_sluice):
    port = free_port()
    listener = f"127.0.0.1:{port} inet n - n - - smtpd\n  -o smtpd_upstream_proxy_protocol=haproxy\n"
    with Postfix(listeners=listener) as mta:
        sluice = start_sluice({"address": f"127.0.0.1:{port}", "identity": "proxy_v2"})
        for n in range(1, 6):
            token = new_token()
            reply = mail_from(sluice, f"127.0.11.{n}", token, helo=f"client{n}.example.org")
            assert reply.code == 250
            trace = trace_of(mta.wait_message(token), message(token))
            assert f"[127.0.11.{n}])" in trace


def test_an_mta_that_is_not_to_know_its_clients_gets_a_received_header(start_sluice):
    """Only if the operator says so, and only if it does not take Sluice for somebody who may relay."""
    port = free_port()
    listener = f"127.0.0.1:{port} inet n - n - - smtpd\n  -o mynetworks=!127.0.0.0/8\n"
    with Postfix(listeners=listener) as postfix:
        sluice = start_sluice({"address": f"127.0.0.1:{port}", "identity": "none"})
        assert_named_in_a_header(sluice, postfix)


def assert_named_in_a_header(sluice, postfix):
    token = new_token()
    reply = mail_from(sluice, "127.0.12.1", token, helo="client.example.org")
    assert reply.code == 250
    trace = trace_of(postfix.wait_message(token), message(token)).replace("\n\t", " ")
    received = re.findall(r"(?m)^Received: .*$", trace)
    assert len(received) == 2, trace
    assert "from client.example.org" in received[1] and "[127.0.12.1]" in received[1]
    sluice.wait_record("identity_none")


def test_an_ipv6_client(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, address="::1")
    token = new_token()
    reply = mail_from(sluice, "::1", token)
    assert reply.code == 250
    assert "[IPv6:::1])" in trace_of(postfix.wait_message(token), message(token))


def test_an_ipv6_client_at_an_ipv4_only_mta(start_sluice):
    """Postfix refuses IPV6: there, and keeps what it applied before it: that connection must not be used."""
    with Postfix(settings="inet_protocols = ipv4\ninet_interfaces = 127.0.0.1\n") as mta:
        sluice = start_sluice(mta.private_port, address="::1", config=ONE_CONNECTION)
        with sluice.connect() as client:
            client.greet()
            client.expect(250, "MAIL FROM:<>")
            reply = client.command("RCPT TO:<alice@example.test>")
            assert reply.code in (250, 451)
            if reply.code == 250:
                assert 400 <= client.content(message(new_token())).code < 500
        mta.wait_quiet()
        assert mta.messages() == []


@pytest.mark.parametrize(
    "helo",
    [
        "evil ADDR=192.0.2.66",
        "evil+20ADDR=192.0.2.66",
        "evil=ADDR",
        "[192.0.2.66]",
        "x" * 250,
        "+0D+0AXCLIENT+20ADDR=192.0.2.66",
        "[UNAVAILABLE]",
    ],
)
def test_a_helo_cannot_forge_an_identity(sluice, postfix, helo):
    token = new_token()
    with sluice.connect(source="127.0.13.1") as client:
        client.expect(220)
        reply = client.command(f"EHLO {helo}")
        if reply.code != 250:
            assert reply.code in (500, 501)
            return
        client.envelope()
        assert client.content(message(token)).code == 250
    trace = trace_of(postfix.wait_message(token), message(token))
    assert "[127.0.13.1])" in trace and "192.0.2.66])" not in trace


def test_a_client_cannot_use_xclient_itself(sluice, postfix):
    token = new_token()
    with sluice.connect(source="127.0.13.2") as client:
        assert "XCLIENT" not in client.greet()
        assert 500 <= client.command("XCLIENT ADDR=192.0.2.66").code <= 502
        client.envelope()
        assert client.content(message(token)).code == 250
    assert "[127.0.13.2])" in trace_of(postfix.wait_message(token), message(token))


def test_only_attributes_the_mta_lists_are_sent(start_sluice):
    offer = [line for line in EVERYTHING if not line.startswith("XCLIENT")] + ["XCLIENT HELO ADDR"]
    with ScriptedMta(offer=offer) as mta:
        sluice = start_sluice(mta.port)
        reply = mail_from(sluice, "127.0.14.1", new_token())
        assert reply.code == 250
        assert {key for line in mta.commands("XCLIENT") for key in re.findall(r"(\w+)=", line)} == {"ADDR", "HELO"}
        assert all(re.match(r"XCLIENT ADDR=\S+ ", line) for line in mta.commands("XCLIENT")), "ADDR comes first"


def test_nothing_is_pipelined_behind_xclient(start_sluice):
    """Postfix starts a new session at XCLIENT: what follows before its 220 would belong to nobody."""
    behind = []

    def look(session, argument):
        behind.append(session.pending)

    with ScriptedMta(xclient=look) as mta:
        sluice = start_sluice(mta.port)
        for n in (1, 2, 3):
            reply = mail_from(sluice, f"127.0.15.{n}", new_token())
            assert reply.code == 250
        assert len(behind) >= 3 and set(behind) == {b""}


def test_direct_control(postfix):
    """Postfix's trace headers, which these tests read, say what it believes: a direct client is localhost."""
    token = new_token()
    with Client(postfix.port) as client:
        client.greet()
        client.envelope()
        assert client.content(message(token)).code == 250
    assert "(localhost [127.0.0.1])" in trace_of(postfix.wait_message(token), message(token))
