"""`sluice check` finds what is wrong with a configuration and with the MTA behind, and says what to do."""

import re

import pytest

from harness.client import Client
from harness.mail import message, new_token, trace_of
from harness.postfix import Postfix
from harness.scripted_mta import CLOSE, EVERYTHING, HANG, ScriptedMta
from harness.sluice import QUIET, run_sluice
from harness.sluice import check_mta as check
from harness.waiting import free_port

# What `sluice check` says when one connection may serve many clients, and when not.
POOLS, DOES_NOT_POOL = "pooling   works", "pooling   does not work"


def check_file(tmp_path, text, *arguments):
    file = tmp_path / "sluice.toml"
    file.write_text(text)
    return run_sluice("check", "--config", file, *arguments)


@pytest.mark.parametrize(
    "text, place, words",
    [
        ('listen = ["127.0.0.1:25"]\nworkers = \n', (2, 11), ""),
        ('listen = ["127.0.0.1:25"]\n\nworkerz = 2\n', (3, 1), "workers"),
        ("[pace]\nreply_s = 26\n", (2, 11), "Haraka"),
        ("[pace]\nsilence_max_s = 5\n", (2, 17), "emailjs"),
        ("[pace]\nout_bytes_per_s = 5\n", (2, 1), "pace.reply_s"),
        ('[policy.networks]\nslow = ["10.0.0.0/8",\n  "10.1.2.3/8"]\n', (3, 3), "10.1.2.3/8"),
        ('[policy.networks]\nslow = ["10.0.0.0/8"]\nfast = ["10.0.0.0/8"]\n', (3, 9), "slow"),
        ('listen = ["localhost:25"]\n', (1, 11), "localhost:25"),
        ('[[relay.mta]]\naddress = "127.0.0.1:25"\nidentity = "magic"\n', (3, 12), "xclient"),
        ("[pace]\ncontent_in_bytes_per_s = 50\n", (2, 26), "RFC 5321"),
        ('workers = "two"\n', (1, 11), "integer"),
        ('[[policy.dnsbl]]\nzone = "bl.example.org"\naccept = ["128.0.0.1"]\n', (3, 11), "128.0.0.1"),
    ],
)
def test_errors_have_a_place(tmp_path, text, place, words):
    done = check_file(tmp_path, text, "--no-probe")
    assert done.returncode == 2
    line, column = place
    assert f"sluice.toml:{line}:{column}: " in done.stderr, done.stderr
    assert words in done.stderr


def test_all_errors_are_reported(tmp_path):
    done = check_file(tmp_path, "workers = -1\n[pace]\nsilence_max_s = 0\n[smtp]\nbare_newlines = 'maybe'\n", "--no-probe")
    assert re.findall(r"sluice\.toml:(\d+):", done.stderr) == ["1", "3", "5"]


def test_a_missing_file(tmp_path):
    done = run_sluice("check", "--config", tmp_path / "none.toml")
    assert done.returncode == 2 and "none.toml" in done.stderr


def test_run_refuses_what_check_refuses(tmp_path):
    file = tmp_path / "sluice.toml"
    file.write_text("workerz = 1\n")
    done = run_sluice("run", "--config", file)
    assert done.returncode == 2 and "sluice.toml:1:1: " in done.stderr


def test_the_printed_defaults_are_a_good_configuration(tmp_path):
    """Every key, commented out or not, is one that is understood."""
    defaults = run_sluice("check", "--print-defaults").stdout
    assert "[pace]" in defaults and "reply_s" in defaults
    uncommented = re.sub(r"(?m)^# ?(?=[a-z_]+ = )", "", defaults)
    assert check_file(tmp_path, defaults, "--no-probe").returncode == 0
    done = check_file(tmp_path, uncommented, "--no-probe")
    assert done.returncode == 0, done.stderr


def test_a_postfix_that_is_set_up(postfix):
    done = check(postfix.private_port)
    assert done.returncode == 0
    assert POOLS in done.stdout and "master.cf" not in done.stdout


def test_a_postfix_that_believes_only_the_first_client(postfix):
    """The forwarded address is checked too: the report says what is lost, and prints the lines that help."""
    port = free_port()
    listener = f"127.0.0.1:{port} inet n - n - - smtpd\n  -o smtpd_authorized_xclient_hosts=127.0.0.1\n  -o mynetworks=\n"
    with Postfix(listeners=listener) as mta:
        done = check(port, "--postfix-config", mta.directory / "etc")
        assert done.returncode == 0
        assert DOES_NOT_POOL in done.stdout and "smtpd_authorized_xclient_hosts=static:all" in done.stdout
        mta.wait_quiet()
        assert mta.messages() == []


def test_a_stock_postfix(postfix):
    """No XCLIENT, so that nothing goes there; and Sluice, which all clients would be taken for, is in mynetworks."""
    done = check(postfix.port)
    assert done.returncode == 1
    assert "XCLIENT is not offered: the MTA counts as down" in done.stdout
    assert "smtpd_authorized_xclient_hosts=static:all" in done.stdout and 'identity = "none"' in done.stdout
    assert "ERROR     Take the address that Sluice connects from out of mynetworks" in done.stdout
    assert 'With identity = "none" all clients could send mail anywhere' in done.stdout


def test_the_printed_lines_make_it_work(start_sluice):
    """The printed lines go into a Postfix as they are; then the check is content, and one connection serves many clients."""
    with Postfix() as mta:
        configuration = mta.directory / "etc"
        commands = check(mta.port, "--postfix-config", configuration, "--print-postconf").stdout
        assert f"\npostconf -c '{configuration}' -M '127.0.0.1:{mta.private_port}/inet=" in commands
        assert commands in check(mta.port, "--postfix-config", configuration).stdout
        done = check(mta.private_port)
        assert done.returncode == 0 and POOLS in done.stdout, done.stdout
        assert "WARNING" not in done.stdout
        before = mta.connections()
        sluice = start_sluice(mta.private_port, config={"relay": {"pool": {"connections_max": 1}}})
        for n in range(1, 6):
            token = new_token()
            with sluice.connect(source=f"127.0.95.{n}") as client:
                client.greet()
                client.envelope()
                assert client.content(message(token)).code == 250
            assert f"[127.0.95.{n}])" in trace_of(mta.wait_message(token), message(token))
        assert mta.connections() - before == 1


def test_the_probe_sends_no_mail():
    with ScriptedMta() as mta:
        check(mta.port)
        assert len(mta.commands("RCPT")) > 1000
        assert mta.taken == [] and mta.commands("DATA") == [] and mta.commands("BDAT") == []


def test_an_open_relay_is_an_error(postfix, tmp_path):
    """It is asked in a stranger's name and in none."""
    with ScriptedMta(hears_proofs=True, rcpt=lambda *_: None) as mta:
        done = check(mta.port)
        assert done.returncode == 1
        assert "ERROR     Let nobody relay" in done.stdout and "ERROR     Take the address" in done.stdout
        sink = check_file(tmp_path, QUIET + f'relay.mta = [{{ address = "127.0.0.1:{mta.port}", takes_any_domain = true }}]\n')
        assert sink.returncode == 0 and "ERROR" not in sink.stdout, sink.stdout
    with ScriptedMta() as mta:
        done = check(mta.port)
        assert done.returncode == 0 and "ERROR" not in done.stdout, done.stdout
    assert "ERROR" not in check(postfix.private_port).stdout


def test_a_postfix_that_wants_to_know_names():
    """It would put everybody off if names were not looked up, as they are by default."""
    with Postfix(settings="smtpd_client_restrictions = reject_unknown_client_hostname\n") as mta:
        said = run_sluice("check", "--relay", f"127.0.0.1:{mta.private_port}").stdout
        assert "policy.resolve_names" not in said, said
        assert "WARNING   Set policy.resolve_names = true" in check(mta.private_port).stdout, "they are not looked up there"


@pytest.mark.parametrize("limit", [70, 150, 999, 1000])
def test_how_many_recipients_a_transaction_may_have(limit):
    """Postfix counts a recipient as often as it is named, so that its postmaster will do."""
    with Postfix(settings=f"smtpd_recipient_limit = {limit}\n") as mta:
        done = check(mta.private_port)
        assert done.returncode == 0
        if limit == 1000:
            assert "recipients 1000 in one transaction are taken\n" in done.stdout and "WARNING" not in done.stdout
        else:
            ours = f"limits.recipients_max = {max(limit, 100)} here"
            assert f"WARNING   Set smtpd_recipient_limit = 1000 at the MTA, or {ours}" in done.stdout
            assert f"{limit} recipients in one transaction" in done.stdout and "452 4.5.3" in done.stdout
        assert mta.messages("postmaster") == [] and not mta.queued()


def test_a_long_question_to_an_mta_that_answers_at_once(tmp_path):
    """Commands and replies of ten thousand recipients fit in no buffer: both are under way at once."""
    with Postfix(settings="smtpd_recipient_limit = 20000\n") as mta:
        text = f'relay.mta = ["127.0.0.1:{mta.private_port}"]\nlimits.recipients_max = 20000\n'
        done = check_file(tmp_path, text)
        assert "recipients 10000 in one transaction are taken; no more were asked about\n" in done.stdout, done.stdout


def test_recipients_are_asked_about_one_by_one_without_pipelining():
    with ScriptedMta(offer=[line for line in EVERYTHING if line != "PIPELINING"]) as mta:
        assert "recipients 101 in one transaction are taken; no more" in check(mta.port).stdout


def test_ipv6_clients_before_a_postfix_without_ipv6(tmp_path):
    with Postfix(settings="inet_protocols = ipv4\ninet_interfaces = 127.0.0.1\n") as mta:
        relay = QUIET + f'relay.mta = ["127.0.0.1:{mta.private_port}"]\n'
        both = check_file(tmp_path, 'listen = ["0.0.0.0:25", "[::]:25"]\n' + relay)
        ipv4 = check_file(tmp_path, 'listen = ["0.0.0.0:25"]\n' + relay)
    assert both.returncode == 1 and "ERROR     Set inet_protocols = all in Postfix's main.cf" in both.stdout
    assert ipv4.returncode == 0 and "but not for IPv6 clients: 501 5.5.4" in ipv4.stdout, ipv4.stdout


def test_ipv6_alone_does_not_serve_ipv4(tmp_path):
    done = check_file(tmp_path, QUIET + 'listen = ["[::]:25"]\n', "--no-probe")
    assert done.returncode == 0 and 'WARNING   Add "0.0.0.0:25" to listen' in done.stdout
    assert "WARNING" not in check_file(tmp_path, QUIET + 'listen = ["0.0.0.0:25", "[::]:25"]\n', "--no-probe").stdout


@pytest.mark.parametrize("stage", ["connect", "ehlo", "xclient"])
@pytest.mark.parametrize("way", [CLOSE, HANG, "421 4.3.2 not now"])
def test_an_mta_that_cannot_be_used(tmp_path, stage, way):
    with ScriptedMta(**{stage: way}) as mta:
        text = f'relay.mta = ["127.0.0.1:{mta.port}"]\nrelay.pool.command_timeout_s = 1\n'
        done = check_file(tmp_path, text)
    assert done.returncode in ((1,) if stage != "xclient" else (0, 1))
    assert f"127.0.0.1:{mta.port}" in done.stdout


def test_nobody_there():
    done = check(free_port())
    assert done.returncode == 1 and "refused" in done.stdout


def test_what_the_mta_lacks_is_named():
    with ScriptedMta(offer=[line for line in EVERYTHING if line != "CHUNKING"]) as mta:
        assert re.search(r"not offered.*: CHUNKING\n", check(mta.port).stdout)


def test_control(postfix):
    """The listener the check is content with does believe a second client."""
    with Client(postfix.private_port) as client:
        client.greet()
        client.expect(220, "XCLIENT ADDR=192.0.2.1")
        client.expect(250, "EHLO client.example.org")
        client.expect(220, "XCLIENT ADDR=192.0.2.2")
