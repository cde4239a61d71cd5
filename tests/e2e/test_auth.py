"""AUTH, passed on: the MTA decides, in the client's name, over a connection that is nobody else's."""

import base64
import re
import smtplib
import ssl
import subprocess

import pytest

from harness.certificates import make_certificate
from harness.mail import message, new_token
from harness.postfix import DOMAIN, Postfix
from harness.scripted_mta import DIE, EVERYTHING, ScriptedMta
from harness.waiting import wait_until

USER, PASSWORD = f"alice@{DOMAIN}", "correct horse"
ABROAD = "RCPT TO:<someone@elsewhere.example>"


def plain(user=USER, password=PASSWORD):
    return "AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificates"), "mx", "DNS:mx.example.test")


@pytest.fixture(scope="module")
def mta():
    """A Postfix that knows one user, by Cyrus SASL's own database, and offers AUTH to the public under TLS only."""
    postfix = Postfix(
        settings="""
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
smtpd_tls_auth_only = yes
smtpd_relay_restrictions = permit_sasl_authenticated reject_unauth_destination
mynetworks = 192.0.2.1/32
relay_transport = discard
default_transport = discard
""",
        listeners="discard unix - - n - - discard\n",
    )
    database = postfix.directory / "etc/sasldb2"
    (postfix.directory / "etc/sasl").mkdir()  # where Debian's Postfix looks
    (postfix.directory / "etc/sasl/smtpd.conf").write_text(
        f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {database}\nmech_list: PLAIN LOGIN CRAM-MD5\n"
    )
    subprocess.run(
        ["saslpasswd2", "-p", "-c", "-f", database, "-u", DOMAIN, "alice"],
        input=PASSWORD, text=True, check=True, capture_output=True,
    )  # fmt: skip
    database.chmod(0o644)
    with postfix:
        yield postfix


@pytest.fixture
def auth_sluice(start_sluice, mta, certificate):
    def start(*mtas, smtp=None, **config):
        settings = {"tls": {"chain_files": [certificate.chain]}, "smtp": {"auth": "pass", **(smtp or {})}, **config}
        sluice = start_sluice(*(mtas or [mta.private_port]), config=settings)
        sluice.wait_record("mta_up")
        return sluice

    return start


def greet_encrypted(client):
    client.greet()
    client.expect(220, "STARTTLS")
    client.wrap("mx.example.test")
    return client.command("EHLO client.example.org").lines


def test_not_offered_unless_wanted(start_sluice, mta, certificate):
    sluice = start_sluice(mta.private_port, config={"tls": {"chain_files": [certificate.chain]}})
    with sluice.connect() as client:
        assert not [line for line in greet_encrypted(client) if line.startswith("AUTH")]
        client.expect(502, plain())


def test_over_tls_only(auth_sluice):
    with auth_sluice().connect() as client:
        assert not [line for line in client.greet() if line.startswith("AUTH")]
        reply = client.command(plain())
        assert (reply.code, reply.enhanced) == (538, "5.7.11")


def test_in_plaintext_where_that_is_wanted(auth_sluice):
    with auth_sluice(smtp={"auth": "pass-plaintext"}).connect() as client:
        assert [line for line in client.greet() if line.startswith("AUTH")]
        client.expect(235, plain())


def test_who_is_known_may_relay(auth_sluice, mta):
    sluice = auth_sluice()
    token = new_token()
    with sluice.connect(source="127.0.103.1") as client:
        (offer,) = [line for line in greet_encrypted(client) if line.startswith("AUTH ")]
        assert set(offer.split()[1:]) == {"PLAIN", "LOGIN", "CRAM-MD5"}
        client.expect(250, "MAIL FROM:<alice@example.test>")
        client.expect(554, ABROAD)
        client.expect(250, "RSET")
        client.expect(235, plain())
        client.expect(250, "MAIL FROM:<alice@example.test>")
        client.expect(250, ABROAD)
        client.expect(250, "RCPT TO:<alice@example.test>")
        assert client.content(message(token)).code == 250
        client.expect(250, "MAIL FROM:<alice@example.test>")
        client.expect(550, "RCPT TO:<nobody@example.test>")
        client.expect(221, "QUIT")
    mta.wait_message(token)
    mta.wait_log(rf"client=.*\[127\.0\.103\.1\], sasl_method=PLAIN, sasl_username={re.escape(USER)}")
    (session,) = sluice.records_after_stop("session", client="127.0.103.1")
    assert "authenticated" in [signal["signal"] for signal in session["signals"]]


def test_nobody_else_is_known_by_it(auth_sluice):
    sluice = auth_sluice()
    with sluice.connect(source="127.0.103.2") as known, sluice.connect(source="127.0.103.3") as stranger:
        greet_encrypted(known)
        known.expect(235, plain())
        known.expect(250, "MAIL FROM:<alice@example.test>")
        known.expect(250, ABROAD)
        stranger.greet()
        stranger.expect(250, "MAIL FROM:<mallory@example.org>")
        stranger.expect(554, ABROAD)
    # Nor by what was learnt about the recipient, nor from the connection once it is free.
    with sluice.connect(source="127.0.103.2") as again:
        again.greet()
        again.expect(250, "MAIL FROM:<alice@example.test>")
        again.expect(554, ABROAD)


@pytest.mark.parametrize("mark", ['"', "<", ">", "\\", "(", ")"])
def test_a_name_does_not_make_it_somebody_else(auth_sluice, mta, mark):
    """A fresh connection is Sluice's own until XCLIENT: a name that swallowed ADDR would log in, and relay, as that."""
    sluice = auth_sluice()
    number = '"<>\\()'.index(mark)
    for place, name in enumerate((mark, f"{mark}x.example", f"x{mark}y.example", f"x.example{mark}")):
        source, token = f"127.0.104.{10 * number + place + 1}", new_token()
        with sluice.connect(source=source) as client:
            client.expect(220)
            client.expect(250, f"EHLO {name}")
            client.expect(220, "STARTTLS")
            client.wrap("mx.example.test")
            client.expect(250, f"EHLO {name}")
            client.expect(535, plain(password="wrong"))
            client.expect(235, plain())
            client.expect(552, f'MAIL FROM:<alice@example.test> AUTH=a"<{mark} SIZE=99999999999')
            client.expect(250, f"MAIL FROM:<alice@example.test> AUTH=e+3Dmc2{mark}@example.test")
            client.expect(550, "RCPT TO:<nobody@example.test>")
            client.expect(250, "RCPT TO:<alice@example.test>")
            assert client.content(message(token)).code == 250
            client.expect(250, "MAIL FROM:<alice@example.test> AUTH=<>")
            client.expect(250, "RSET")
        shown = re.sub(r'[<>()\\"]', "?", name)
        address = re.escape(source)
        mta.wait_log(rf"\[{address}\]: SASL PLAIN authentication failed")
        mta.wait_log(rf"client=\S+\[{address}\], sasl_method=PLAIN")
        mta.wait_log(rf"reject: RCPT from \S+\[{address}\]: 550 .* helo=<{re.escape(shown)}>")
        assert f"from {shown} (".encode() in mta.wait_message(token)


def test_challenges(auth_sluice):
    with auth_sluice().connect(source="127.0.103.4") as client:
        greet_encrypted(client)
        assert client.command("AUTH LOGIN").text == base64.b64encode(b"Username:").decode()
        client.expect(334, base64.b64encode(USER.encode()).decode())
        client.expect(235, base64.b64encode(PASSWORD.encode()).decode())
        client.expect(503, plain())


def test_a_library_logs_in(auth_sluice):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", auth_sluice().port) as client:
        client.starttls(context=context)
        assert client.login(USER, PASSWORD)[0] == 235
        assert client.sendmail("alice@example.test", ["someone@elsewhere.example"], b"Subject: x\r\n\r\nx\r\n") == {}


def test_failures_are_the_clients_own(auth_sluice, mta):
    sluice = auth_sluice()
    with sluice.connect(source="127.0.103.5") as client:
        greet_encrypted(client)
        client.expect(535, plain(password="wrong"))
        client.expect(334, "AUTH LOGIN")
        client.expect(501, "*")
        client.expect(334, "AUTH LOGIN")
        client.expect(501, "no base64 at all")
        client.expect(501, "AUTH PLAIN no-base64")
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.expect(554, ABROAD)
        client.expect(250, "RSET")
        client.expect(235, plain())
    mta.wait_log(r"\[127\.0\.103\.5\]: SASL PLAIN authentication failed")


def test_screening_is_over_for_who_is_known(auth_sluice):
    """A slow client is at full speed from the 235 on. (The pace here lets it get there within the test's patience.)"""
    sluice = auth_sluice(
        policy={"networks": {"slow": ["127.0.103.0/24"]}}, pace={"reply_s": 2}
    )
    with sluice.connect(source="127.0.103.6") as client:
        greet_encrypted(client)
        client.expect(235, plain())
        for _ in range(20):
            client.expect(250, "MAIL FROM:<alice@example.test>")
            client.expect(250, "RSET")
    assert sluice.wait_record("session", client="127.0.103.6")["lane"] == "fast"


def test_so_many_at_once(auth_sluice):
    sluice = auth_sluice(smtp={"auth_connections_max": 1})
    with sluice.connect(source="127.0.103.7") as first, sluice.connect(source="127.0.103.8") as second:
        greet_encrypted(first)
        greet_encrypted(second)
        first.expect(235, plain())
        second.expect(454, plain())
        first.expect(221, "QUIT")
        wait_until(lambda: second.command(plain()).code == 235, "room for another")


def test_an_mta_that_dies(auth_sluice):
    """A mail that is under way is put off; the client has to log in anew."""
    with ScriptedMta(offer=(*EVERYTHING, "AUTH PLAIN")) as scripted:

        def known(session, line):
            return "235 2.7.0 ok" if line.startswith("AUTH") else None

        scripted.script["unknown"] = known
        with auth_sluice(scripted.port).connect(source="127.0.103.9") as client:
            greet_encrypted(client)
            client.expect(235, plain())
            client.expect(250, "MAIL FROM:<alice@example.test>")
            scripted.script["rcpt"] = DIE
            client.expect(451, "RCPT TO:<alice@example.test>")


def test_guesses_at_passwords_are_counted(auth_sluice):
    """Each of them, also of one session, and those that failed above all (anvil's smtpd_client_auth_rate_limit)."""
    policy = {"rates": {"client": {"auth": 2}}, "pregreet": {"wait_ms": 0}}
    sluice = auth_sluice(store="local", policy=policy)
    for attempts in (3, 0):
        with sluice.connect(source="127.0.103.9") as client:
            greet_encrypted(client)
            for _ in range(attempts):
                client.expect(535, plain(password="wrong"))
            client.quit()
    records = sluice.wait_records("session", 2, client="127.0.103.9")
    rates = [[s["value"] for s in record["signals"] if s["signal"] == "rate"] for record in records]
    assert rates == [[], ["3 auth"]]
