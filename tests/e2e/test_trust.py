"""An MTA that does not offer something, or grants it to everybody, lowers nothing that Sluice promises: such an MTA gets no mail."""

import subprocess

import pytest

from harness.mail import message, new_token, trace_of
from harness.postfix import Postfix
from harness.scripted_mta import EVERYTHING, ScriptedMta
from harness.sluice import BINARY
from harness.waiting import free_port, wait_for_port, wait_until

# Soon again, and no patience with an MTA that is down: the tests wait for both.
IMPATIENT = {"relay": {"pool": {"outage_wait_max_s": 1, "relay_check_s": 1, "age_max_s": 1, "idle_max_s": 1}}}
ASIDE = "[203.0.113.25]"


def answer_to_mail(sluice, source="127.0.71.1", token=None, recipient="alice@example.test", parameters=""):
    """The code that decides over one mail."""
    with sluice.connect(source=source) as client:
        client.greet("client.example.org")
        client.expect(250, "MAIL FROM:<sender@example.org>")
        reply = client.command(f"RCPT TO:<{recipient}>{parameters}")
        if reply.code == 250:
            reply = client.content(message(token or new_token()))
        client.quit()
    return reply


def listener(port, *options):
    return f"127.0.0.1:{port} inet n - n - - smtpd\n" + "".join(f"  -o {option}\n" for option in options)


BELIEVES = ("syslog_name=postfix/tried", "smtpd_authorized_xclient_hosts=static:all")


@pytest.mark.parametrize("networks, whose", [
    ("127.0.0.1", "Sluice itself"), ("!127.0.0.0/8,0.0.0.0/0", "a stranger"),
])  # fmt: skip
def test_a_postfix_that_would_relay_gets_nothing(start_sluice, networks, whose):
    """In a real open relay's log are the question, and nobody's mail; it is told of until it is mended."""
    port = free_port()
    with Postfix(listeners=listener(port, *BELIEVES, f"mynetworks={networks}")) as mta:
        sluice = start_sluice(port, config=IMPATIENT)
        for recipient in ("alice@example.test", "somebody@elsewhere.example"):
            reply = answer_to_mail(sluice, recipient=recipient)
            assert reply.code == 451 and reply.text.startswith("4.3.0 "), reply
        told = sluice.wait_record("mta_relays_for_strangers")
        assert whose in told["why"] and "takes_any_domain" in told["why"]
        sluice.wait_records("mta_relays_for_strangers", 3)  # it is told again
        assert "127.0.71.1" not in mta.log()
        master = mta.directory / "etc/master.cf"
        master.write_text(master.read_text().replace(f"mynetworks={networks}", "mynetworks=!127.0.0.0/8"))
        mta.command("reload")
        sluice.wait_record("mta_up", timeout=30)
        token = new_token()
        assert answer_to_mail(sluice, token=token).code == 250
        assert "[127.0.71.1])" in trace_of(mta.wait_message(token), message(token))


def test_a_relay_that_knows_its_recipients_domains_is_found_out(start_sluice):
    """reject_unknown_recipient_domain refuses the name for another reason, and looks up no literal."""
    port = free_port()
    refuses = "smtpd_relay_restrictions=reject_unknown_recipient_domain,permit_mynetworks,reject"
    with Postfix(listeners=listener(port, *BELIEVES, "mynetworks=127.0.0.1", refuses)) as mta:
        sluice = start_sluice(port, config=IMPATIENT)
        assert answer_to_mail(sluice).code == 451
        assert ASIDE in sluice.wait_record("mta_relays_for_strangers")["why"]
        assert "127.0.71.1" not in mta.log()


def test_a_postfix_that_begins_to_relay_while_sluice_runs(start_sluice):
    port = free_port()
    with Postfix(listeners=listener(port, *BELIEVES, "mynetworks=!127.0.0.0/8")) as mta:
        sluice = start_sluice(port, config=IMPATIENT)
        assert answer_to_mail(sluice).code == 250
        master = mta.directory / "etc/master.cf"
        master.write_text(master.read_text().replace("mynetworks=!127.0.0.0/8", "mynetworks=127.0.0.1"))
        mta.command("reload")
        # A connection is a second old at most, and the next one is asked.
        sluice.wait_record("mta_relays_for_strangers", timeout=30)
        assert answer_to_mail(sluice, recipient="somebody@elsewhere.example").code == 451
        assert "somebody@elsewhere.example" not in mta.log()


def test_a_postfix_that_loses_its_xclient_line(start_sluice):
    """The line is lost by a reload while Sluice runs: strangers hear 451, nothing is relayed; it comes back."""
    port = free_port()
    line = "  -o smtpd_authorized_xclient_hosts=static:all\n"
    options = ("syslog_name=postfix/tried", "mynetworks=127.0.0.1,!127.0.0.0/8")
    safe = listener(port, *BELIEVES, "mynetworks=!127.0.0.0/8")
    with Postfix(listeners=safe) as mta:
        sluice = start_sluice(port, config=IMPATIENT)
        assert answer_to_mail(sluice).code == 250
        master = mta.directory / "etc/master.cf"
        text = master.read_text()
        # As it was before Sluice: without XCLIENT, and who connects from here may relay.
        master.write_text(text.replace(safe, listener(port, *options)))
        mta.command("reload")
        told = sluice.wait_record("identity_not_carried", timeout=30)
        assert answer_to_mail(sluice, recipient="somebody@elsewhere.example").text.startswith("4.3.0 ")
        assert 'identity = "none"' in told["why"]
        sluice.wait_records("identity_not_carried", 2)  # it is told again
        assert "somebody@elsewhere.example" not in mta.log()
        assert line in text
        master.write_text(text)
        mta.command("reload")
        sluice.wait_records("mta_up", 2, timeout=30)
        token = new_token()
        assert answer_to_mail(sluice, token=token).code == 250
        assert "[127.0.71.1])" in trace_of(mta.wait_message(token), message(token))


@pytest.mark.parametrize("identity", ["auto", "xclient"])
def test_a_postfix_that_never_had_it(start_sluice, postfix, identity):
    """Better no mail than mail under a wrong name."""
    sluice = start_sluice({"address": f"127.0.0.1:{postfix.port}", "identity": identity}, config=IMPATIENT)
    assert answer_to_mail(sluice).code == 451
    assert sluice.wait_record("identity_not_carried")["who"] == f"127.0.0.1:{postfix.port}"
    sluice.wait_record("mta_down")


def test_without_identity_sluice_must_not_be_one_who_may_relay(start_sluice, postfix):
    """A stock Postfix lets the machine it runs on relay: whoever reaches Sluice could."""
    sluice = start_sluice({"address": f"127.0.0.1:{postfix.port}", "identity": "none"}, config=IMPATIENT)
    assert answer_to_mail(sluice).code == 451
    assert "Sluice itself" in sluice.wait_record("mta_relays_for_strangers")["why"]


def test_by_proxy_header_it_is_asked_in_a_strangers_name(start_sluice):
    port = free_port()
    options = ("smtpd_upstream_proxy_protocol=haproxy", "mynetworks=203.0.113.0/24")
    with Postfix(listeners=listener(port, *options)):
        sluice = start_sluice({"address": f"127.0.0.1:{port}", "identity": "proxy_v2"}, config=IMPATIENT)
        assert answer_to_mail(sluice).code == 451
        assert "a stranger" in sluice.wait_record("mta_relays_for_strangers")["why"]


@pytest.mark.parametrize("answer", ["250 2.1.5 Ok", "251 2.1.5 will forward"])
def test_a_sink_may_be_said_to_be_one(start_sluice, answer):
    def rcpt(session, argument):
        return answer if "sluice-check@" in argument else None

    with ScriptedMta(hears_proofs=True, rcpt=rcpt) as mta:
        address = f"127.0.0.1:{mta.port}"
        sluice = start_sluice(mta.port, config=IMPATIENT)
        assert answer_to_mail(sluice).code == 451
        sluice.write_config({"relay": {"mta": [{"address": address, "takes_any_domain": True}]}})
        sluice.reload()
        assert answer_to_mail(sluice).code == 250
        assert len(mta.taken) == 1


def test_the_sink_of_sluice_needs_no_word_for_it(start_sluice, tmp_path):
    port = free_port()
    command = [BINARY, "sink", "--listen", f"127.0.0.1:{port}", "--maildir", tmp_path / "Maildir"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as sink:
        try:
            wait_for_port(port)
            sluice = start_sluice(port, config=IMPATIENT)
            assert answer_to_mail(sluice, recipient="friend@example.net").code == 250
            assert sluice.records_after_stop("mta_relays_for_strangers") == []
        finally:
            sink.terminate()


def test_a_client_that_is_not_offered_dsn(start_sluice):
    """Postfix offers less to some addresses: what this client was promised is dropped, its mail is not."""
    with Postfix() as mta:
        (mta.directory / "etc/discard").write_text("127.0.72.0/24 dsn\n")
        with open(mta.directory / "etc/main.cf", "a") as main:
            main.write(f"smtpd_discard_ehlo_keyword_address_maps = cidr:{mta.directory}/etc/discard\n")
        mta.command("reload")
        sluice = start_sluice(mta.private_port)
        sluice.wait_record("mta_up")
        token = new_token()
        with sluice.connect(source="127.0.72.1") as client:
            assert "DSN" in client.greet("client.example.org")
            client.expect(250, "MAIL FROM:<sender@example.org> RET=HDRS ENVID=x")
            client.expect(250, "RCPT TO:<alice@example.test> NOTIFY=NEVER ORCPT=rfc822;alice@example.test")
            client.expect(250, "RCPT TO:<bob@example.test> NOTIFY=SUCCESS,FAILURE")
            assert client.content(message(token)).code == 250
            client.quit()
        mta.wait_message(token, "alice")
        mta.wait_message(token, "bob")


def test_what_strangers_are_not_offered_is_not_offered(start_sluice):
    """An extension that Postfix offers to Sluice itself is nothing to promise a stranger."""
    with Postfix() as mta:
        (mta.directory / "etc/discard").write_text("127.0.0.1 silent-discard\n0.0.0.0/0 dsn, smtputf8\n")
        with open(mta.directory / "etc/main.cf", "a") as main:
            main.write(f"smtpd_discard_ehlo_keyword_address_maps = cidr:{mta.directory}/etc/discard\n")
        mta.command("reload")
        sluice = start_sluice(mta.private_port)
        sluice.wait_record("mta_up")
        with sluice.connect(source="127.0.72.2") as client:
            offered = client.greet("client.example.org")
            assert "8BITMIME" in offered and not {"DSN", "SMTPUTF8"} & set(offered)


def test_an_mta_that_offers_xclient_to_nobody_any_more_by_words(start_sluice):
    """The same by an MTA that is no Postfix, on the connection that is opened next."""
    with ScriptedMta() as mta:
        sluice = start_sluice(mta.port, config=IMPATIENT)
        assert answer_to_mail(sluice).code == 250
        mta.offer = tuple(line for line in EVERYTHING if not line.startswith("XCLIENT"))
        mta.close_connections()
        wait_until(lambda: answer_to_mail(sluice, source="127.0.71.2").code == 451, "451")
        assert len(mta.taken) == 1
