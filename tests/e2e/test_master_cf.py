"""The private listener that `sluice check` prints: who may relay there, how fast recipients can be
asked about, and what it takes over from the public listener it replaces.

The harness gives each Postfix that listener as it is printed for its main.cf and master.cf.
"""

import re
import time

import pytest

from harness.client import Client
from harness.listener import FOREIGN, INSIDER, PRE_CLEANUP, PUBLIC, STRANGER, postfix_directory, print_listener, relays
from harness.mail import message, new_token
from harness.postfix import Postfix
from harness.sluice import check_mta, run_sluice
from harness.waiting import PATIENCE, free_port

BALANCER = {"proxy_protocol": {"networks": ["127.0.98.0/24"]}}


def networks(mta):
    """The line of mynetworks on its private listener."""
    return re.search(r"-o \{? ?mynetworks ?=.*", (mta.directory / "etc/master.cf").read_text()).group()


def check(mta, port, *arguments):
    return check_mta(port, "--postfix-config", mta.directory / "etc", *arguments)


def operators(tmp_path, kind):
    """A mynetworks that lets INSIDER and loopback relay, written in different ways."""
    tmp_path.chmod(0o755)
    (tmp_path / "cidr").write_text("127.0.0.0/8 OK\n10.0.0.0/8 OK\n::1/128 OK\n")
    (tmp_path / "hash").write_text(f"127.0.0.1 OK\n{INSIDER} OK\n")
    (tmp_path / "file").write_text("127.0.0.0/8\n10.0.0.0/8\n")
    return {
        "debian": "mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128 10.0.0.0/8\n",
        "macro": "trusted = 127.0.0.0/8, 10.0.0.0/8\nmynetworks = $trusted\n",
        "wider": "mynetworks = 127.0.0.1/32, 0.0.0.0/1\n",
        "cidr": f"mynetworks = cidr:{tmp_path}/cidr\n",
        "inline": "mynetworks = inline:{{ 127.0.0.1 = OK }, { 10.1.2.3 = OK }}\n",
        "hash": f"mynetworks = [::1]/128 texthash:{tmp_path}/hash\n",
        "file": f"mynetworks = {tmp_path}/file\n",
    }[kind]


@pytest.mark.parametrize("kind", ["debian", "macro", "wider", "cidr", "inline", "hash", "file"])
def test_what_sluice_is_may_not_relay(open_directory, kind):
    """Its mynetworks is the operator's without loopback; insiders relay by the identity that is forwarded."""
    with Postfix(settings=operators(open_directory, kind)) as mta:
        assert relays(mta.port), "control: the public listener lets loopback relay"
        assert not relays(mta.private_port), networks(mta)
        assert not relays(mta.private_port, "127.0.0.1")
        assert not relays(mta.private_port, STRANGER)
        assert relays(mta.private_port, INSIDER), networks(mta)
        done = check(mta, mta.private_port)
        assert done.returncode == 0 and "ERROR" not in done.stdout, done.stdout
        assert "relaying  refused: 454 4.7.1" in done.stdout


@pytest.mark.parametrize("style", ["host", "subnet"])
def test_without_mynetworks_its_style_is_honoured(style):
    """mynetworks is what Postfix makes of its interfaces then: here, of loopback, which may not relay."""
    with Postfix(settings=f"mynetworks_style = {style}\n") as mta:
        assert relays(mta.port) and not relays(mta.private_port)
        assert "!127.0.0.0/8" in networks(mta)


def test_where_sluice_connects_from_is_taken_out_of_a_larger_network():
    """As it is printed for an MTA on another machine: the first pattern that matches decides."""
    with Postfix(settings="mynetworks = !127.0.0.0/8,![::1]/128,!192.0.2.10,192.0.2.0/24,![2001:db8::2],[2001:db8::]/64\n") as mta:
        for port in (mta.port, mta.private_port):
            assert not relays(port)
        assert not relays(mta.private_port, "192.0.2.10") and relays(mta.private_port, "192.0.2.11")
        assert not relays(mta.private_port, "IPV6:2001:db8::2") and relays(mta.private_port, "IPV6:2001:db8::3")
        # What was printed before is not printed twice.
        assert networks(mta).count("127.0.0.0") == 1


def test_insiders_are_let_through_and_strangers_and_loopback_are_not(start_sluice):
    with Postfix(settings="mynetworks = 127.0.0.0/8 10.0.0.0/8\n") as mta:
        sluice = start_sluice(mta.private_port, config=BALANCER)

        def recipient(client, source):
            with sluice.connect(source=client) as session:
                if source:
                    session.send(f"PROXY TCP4 {source} 192.0.2.25 40000 25\r\n")
                session.greet()
                session.expect(250, "MAIL FROM:<sender@example.org>")
                return session.command(f"RCPT TO:<{FOREIGN}>").code

        assert recipient("127.0.97.1", None) == 454
        assert recipient("127.0.98.1", STRANGER) == 454
        assert recipient("127.0.98.1", INSIDER) == 250


def test_another_way_to_relay_as_sluice_is_an_error():
    """The probe finds what mynetworks does not hold back: it asks in no client's name, too."""
    restrictions = "permit_mynetworks, check_client_access inline:{127.0.0.1=OK}, defer_unauth_destination"
    with Postfix(settings=f"smtpd_relay_restrictions = {restrictions}\n") as mta:
        assert relays(mta.private_port) and not relays(mta.private_port, STRANGER)
        done = check(mta, mta.private_port)
        assert done.returncode == 1
        assert "ERROR     Take the address that Sluice connects from out of mynetworks" in done.stdout
        assert "by being a stranger" not in done.stdout


def listener_without_guard(port):
    return f"127.0.0.1:{port} inet n - n - - smtpd\n  -o smtpd_authorized_xclient_hosts=static:all\n  -o mynetworks=\n"


def test_permit_inet_interfaces_would_let_everybody_relay():
    """Postfix holds it against the connection, which is Sluice's, whatever XCLIENT says: it is left out."""
    settings = "smtpd_relay_restrictions = permit_mynetworks permit_inet_interfaces defer_unauth_destination\n"
    settings += "inet_interfaces = 127.0.0.1\n"
    port = free_port()
    with Postfix(settings=settings, listeners=listener_without_guard(port)) as mta:
        assert relays(port, STRANGER), "control"
        done = check(mta, port)
        assert done.returncode == 1 and "ERROR     Let nobody relay by being a stranger" in done.stdout
        assert "# Left out of smtpd_relay_restrictions: permit_inet_interfaces" in done.stdout
        assert not relays(mta.private_port) and not relays(mta.private_port, STRANGER)
        assert check(mta, mta.private_port).returncode == 0


def test_a_strangers_mail_is_not_completed_as_that_of_a_local_program():
    """local_header_rewrite_clients is permit_inet_interfaces by default: it would add to what others have signed."""
    port = free_port()
    settings = "local_header_rewrite_clients = permit_inet_interfaces\n"
    with Postfix(settings=settings, listeners=listener_without_guard(port)) as mta:
        for listener, completed in ((port, True), (mta.private_port, False)):
            token = new_token()
            with Client(listener) as client:
                client.greet()
                client.expect(220, f"XCLIENT ADDR={STRANGER}")
                client.expect(250, "EHLO client.example.org")
                client.envelope()
                assert client.content(f"Subject: {token}\r\n\r\nx\r\n".encode()).code == 250
            assert (b"\nMessage-Id:" in mta.wait_message(token)) == completed


def test_an_open_postfix_is_an_error():
    with Postfix(settings="mynetworks = 0.0.0.0/0\n") as mta:
        done = check(mta, mta.private_port)
        assert done.returncode == 1
        assert "ERROR     Let nobody relay by being a stranger" in done.stdout
        assert "Take the address that Sluice" not in done.stdout, "loopback is taken out all the same"


# ---- flow control --------------------------------------------------------------------------------------------


def name_recipients(port, count):
    """A client that names so many recipients; how long it took."""
    began = time.monotonic()
    with Client(port, timeout=60) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.send("".join(f"RCPT TO:<somebody{n}@example.test>\r\n" for n in range(count)))
        codes = {reply.code for reply in client.read_replies(count)}
        assert codes == {250}
        client.expect(250, "RSET")
    return time.monotonic() - began


def test_a_thousand_recipients_take_no_thousand_seconds(start_sluice):
    """Each is a transaction that Postfix's cleanup opens: with its in_flow_delay, a second each from some hundred on."""
    with Postfix(settings="virtual_mailbox_maps = static:all/\n") as mta:
        directly = name_recipients(mta.port, 1000)
        through = name_recipients(start_sluice(mta.private_port).port, 1000)
        assert through < 60 * PATIENCE + 20 * directly, (through, directly)
        # Mail still comes through the cleanup service it is now.
        token = new_token()
        with Client(mta.private_port) as client:
            client.greet()
            client.envelope()
            assert client.content(message(token)).code == 250
        mta.wait_message(token, mailbox="all")


def test_a_listener_with_flow_control_is_noticed():
    """`check` reads the master.cf of a Postfix on this machine; the listener that it prints has what it takes."""
    port = free_port()
    with Postfix(listeners=listener_without_guard(port)) as mta:
        assert "in_flow_delay" not in check(mta, mta.private_port).stdout
        done = check(mta, port)
        assert done.returncode == 0
        assert f"WARNING   Give 127.0.0.1:{port}/inet a cleanup service of its own" in done.stdout
        assert "\n'sluice-cleanup/unix=sluice-cleanup unix n" in done.stdout


# ---- the public listener that it replaces --------------------------------------------------------------------

def test_the_options_of_the_public_listener_go_on(start_sluice):
    """Its restrictions, and what its cleanup service does, hold for mail through Sluice; a time-out of 20 s does not."""
    public = PUBLIC + PRE_CLEANUP
    with Postfix(public=public) as mta:
        assert "smtpd_timeout=300s" in (mta.directory / "etc/master.cf").read_text()
        sluice = start_sluice(mta.private_port)
        token = new_token()
        with sluice.connect() as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            client.expect(554, "RCPT TO:<bob@example.test>")
            client.expect(250, "RCPT TO:<alice@example.test>")
            assert client.content(message(token)).code == 250
        mta.wait_message(token)
        mta.wait_message(token, mailbox="carol")


def test_what_is_not_taken_over_is_said(tmp_path):
    done = print_listener(postfix_directory(tmp_path, f"smtp inet n - y - - smtpd\n{PUBLIC}{PRE_CLEANUP}"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# The options of smtp/inet are taken over from here on.\n")
    assert "# Not taken over from smtp/inet: smtpd_timeout=20s (Sluice keeps connections open).\n" in done.stdout
    assert "\n127.0.0.1:10025  inet  n  -  y  -  " in done.stdout
    assert "sluice-cleanup  unix  n  -  n  -  0  cleanup\n  -o in_flow_delay=0\n  -o { always_bcc" in done.stdout or (
        "sluice-cleanup  unix  n  -  n  -  0  cleanup\n  -o in_flow_delay=0\n  -o always_bcc=carol@example.test\n" in done.stdout
    )


def test_postfix_reads_what_was_printed_as_it_was_meant(tmp_path):
    """The same options, read back by postconf; and printing again takes over what was printed before."""
    milters = "{ inet:localhost:8891, connect_timeout = 10s }, inet:localhost:8892"
    public = f"smtp inet n - y - - smtpd\n  -o {{ smtpd_milters = {milters} }}\n  -o content_filter=\n"
    master_cf = f"{public}cleanup unix n - y - 0 cleanup\n"
    first = print_listener(postfix_directory(tmp_path, master_cf)).stdout
    again = tmp_path / "again"
    again.mkdir()
    postfix_directory(again, f"cleanup unix n - y - 0 cleanup\n{first}")
    second = print_listener(again)
    assert second.returncode == 0, second.stderr

    def listener(text):
        return [line for line in text.splitlines() if not line.startswith("#")]

    assert sorted(listener(second.stdout)) == sorted(listener(first))
    assert f"  -o {{ smtpd_milters = {milters} }}" in first
    assert "# Take out the former entries above, which these replace: 127.0.0.1:10025/inet and sluice-cleanup/unix.\n" in second.stdout


@pytest.mark.parametrize("master_cf, words", [
    ("smtp inet n - y - 1 postscreen\n", "Define smtpd/pass in master.cf: smtp/inet is postscreen"),
    ("25 inet n - y - - spawn\n", "Write the listener by hand: 25/inet is no smtpd but spawn"),
    ("1.2.3.4:smtp inet n - y - - smtpd\n5.6.7.8:25 inet n - y - - smtpd\n  -o content_filter=scan\n", "Leave one smtpd on port 25"),
])  # fmt: skip
def test_what_cannot_be_taken_over_is_refused(tmp_path, master_cf, words):
    done = print_listener(postfix_directory(tmp_path, master_cf))
    assert done.returncode == 1 and done.stdout == ""
    assert words in done.stderr


def test_behind_postscreen_and_a_balancer(tmp_path):
    master_cf = "smtp inet n - y - 1 postscreen\nsmtpd pass - - n - - smtpd\n  -o content_filter=scan\n"
    done = print_listener(postfix_directory(tmp_path, master_cf, "postscreen_upstream_proxy_protocol = haproxy\n"))
    assert done.returncode == 0, done.stderr
    assert "# The options of smtpd/pass are taken over from here on." in done.stdout
    assert "'master_service_disable = smtp.inet'" in done.stdout and "# Set proxy_protocol.networks" in done.stdout
    assert "  -o content_filter=scan\n" in done.stdout


def test_an_mta_on_another_machine_gets_the_lines_that_all_need():
    """The Postfix of this machine, whatever it is, is not the one behind."""
    done = run_sluice("check", "--relay", "192.0.2.25:25", "--print-master-cf")
    assert done.returncode == 0
    assert done.stdout.startswith("# Take over by hand what the public listener is set to")
    assert "# Let nobody but Sluice connect to 192.0.2.25:10025" in done.stdout
    assert "\n192.0.2.25:10025  inet  n  -  y  -  " in done.stdout
    assert "  -o mynetworks=!127.0.0.0/8,![::1]/128" in done.stdout


def test_a_directory_that_is_none():
    done = print_listener("/nonexistent")
    assert done.returncode == 1 and "postconf finds no configuration in /nonexistent" in done.stderr
