"""TLS and Unix-domain sockets towards the MTA: what is encrypted, who is trusted, and what happens when nobody is."""

import re

import pytest

from harness.certificates import make_certificate
from harness.dns import SignedZone
from harness.mail import message, new_token, trace_of
from harness.postfix import Postfix, another_listener
from harness.scripted_mta import CLOSE, ScriptedMta
from harness.sluice import run_sluice
from harness.waiting import free_port

NAME = "mta.example.test"
ENCRYPTED = r"TLS connection established from .*: TLSv1\.[23] with cipher"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificates"), "mta", f"DNS:{NAME}")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificates"), "stranger", "DNS:stranger.example")


@pytest.fixture(scope="module")
def mta(certificate):
    """A Postfix whose second private listener offers STARTTLS, its third an old version only, and a Unix socket."""
    tls_port, old_port = free_port(), free_port()
    offering = another_listener(tls_port).replace("security_level=none", "security_level=may")
    old = another_listener(old_port).replace("security_level=none", "security_level=may")
    unix = another_listener(tls_port).replace(f"127.0.0.1:{tls_port}  inet", "sluice unix")
    with Postfix(
        settings=f"smtpd_tls_chain_files = {certificate.chain}\nsmtpd_tls_loglevel = 1\n",
        listeners=f"{offering}{old}  -o smtpd_tls_protocols=TLSv1\n{unix}",
    ) as postfix:
        postfix.tls_port, postfix.old_port = tls_port, old_port
        postfix.socket = postfix.directory / "queue/public/sluice"
        yield postfix


@pytest.fixture
def deliver(mta):
    """Sends a mail through a Sluice; the trace headers it arrived with."""

    def send(sluice, source):
        token = new_token()
        with sluice.connect(source=source) as client:
            client.greet()
            client.envelope()
            assert client.content(message(token)).code == 250
        return trace_of(mta.wait_message(token), message(token))

    return send


def refused(sluice, source):
    """A mail that no MTA can be had for; the reply to its recipient."""
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        return client.command("RCPT TO:<alice@example.test>")


def down(sluice):
    """Why the MTA is down, once it is."""
    return sluice.wait_record("mta_down")["why"]


def entry(port, level=None, **options):
    tls = {"tls": level} if level else {}
    return {"address": f"127.0.0.1:{port}", **tls, **options}


def test_may_encrypts_where_it_is_offered(start_sluice, mta, deliver):
    sluice = start_sluice(entry(mta.tls_port, "may"))
    assert "127.0.98.1" in deliver(sluice, "127.0.98.1")
    mta.wait_log(ENCRYPTED)
    assert re.search(r", with TLSv1\.3 and TLS_", sluice.wait_record("mta_up")["why"])


def test_may_does_without_where_it_is_not(start_sluice, mta, deliver):
    sluice = start_sluice(entry(mta.private_port, "may"))
    deliver(sluice, "127.0.98.2")
    assert "TLS" not in sluice.wait_record("mta_up")["why"]


def test_nothing_is_encrypted_on_this_machine_unless_told(start_sluice, mta, deliver):
    sluice = start_sluice(entry(mta.tls_port))
    deliver(sluice, "127.0.98.3")
    assert "TLS" not in sluice.wait_record("mta_up")["why"]


def test_large_mail(start_sluice, mta):
    """More than the memory of one message and of all: part of it comes from a file."""
    sluice = start_sluice(entry(mta.tls_port, "encrypt"), config={"spool": {"shared_octets_max": 0}})
    token = new_token()
    lines = "".join(f"{n:06} {'x' * 60}\r\n" for n in range(150_000))
    with sluice.connect(source="127.0.98.4") as client:
        client.greet()
        client.envelope()
        assert client.content(message(token) + lines.encode()).code == 250
    assert lines.encode().replace(b"\r\n", b"\n") in mta.wait_message(token)


def test_clients_share_an_encrypted_connection(start_sluice, mta, deliver):
    sluice = start_sluice(entry(mta.tls_port, "encrypt"))
    before = len(re.findall(ENCRYPTED, mta.log()))
    for host in range(5, 10):
        assert f"127.0.98.{host}" in deliver(sluice, f"127.0.98.{host}")
    assert len(re.findall(ENCRYPTED, mta.log())) - before <= 1


def test_a_failed_handshake_is_not_the_end_where_plaintext_will_do(start_sluice, mta, deliver):
    sluice = start_sluice(entry(mta.old_port, "may"))
    deliver(sluice, "127.0.98.10")
    assert sluice.wait_record("mta_tls_failed")["why"].startswith("TLS: ")
    assert not sluice.records_after_stop("mta_down")


@pytest.mark.parametrize("offered", [True, False])
def test_encrypt_means_always(start_sluice, mta, offered):
    sluice = start_sluice(entry(mta.old_port if offered else mta.private_port, "encrypt"))
    assert refused(sluice, "127.0.98.11").code == 451
    assert down(sluice).startswith("TLS: " if offered else "it does not offer STARTTLS")


def test_verify(start_sluice, mta, deliver, certificate):
    sluice = start_sluice(entry(mta.tls_port, "verify", tls_name=NAME, tls_ca_file=certificate.certificate))
    deliver(sluice, "127.0.98.12")


@pytest.mark.parametrize(
    "name, authority, why",
    [
        ("other.example.test", "certificate", "TLS: hostname mismatch"),
        (NAME, "stranger", "TLS: self-signed certificate"),
        (NAME, None, "TLS: self-signed certificate"),
    ],
)
def test_verify_finds_an_impostor(start_sluice, mta, request, name, authority, why):
    file = {"tls_ca_file": request.getfixturevalue(authority).certificate} if authority else {}
    sluice = start_sluice(entry(mta.tls_port, "verify", tls_name=name, **file))
    assert refused(sluice, "127.0.98.13").code == 451
    assert down(sluice) == why


def test_fingerprint(start_sluice, mta, deliver, certificate, stranger):
    known = [stranger.fingerprint(), certificate.fingerprint()]
    deliver(start_sluice(entry(mta.tls_port, "fingerprint", tls_fingerprints=known)), "127.0.98.14")
    of_key = [certificate.key_digest()]
    deliver(start_sluice(entry(mta.tls_port, "fingerprint", tls_fingerprints=of_key)), "127.0.98.15")
    sluice = start_sluice(entry(mta.tls_port, "fingerprint", tls_fingerprints=[stranger.fingerprint()]))
    assert refused(sluice, "127.0.98.16").code == 451
    assert down(sluice).startswith("TLS: ")


def dane_sluice(start_sluice, mta, server):
    return start_sluice(
        entry(mta.tls_port, "dane-only", tls_name=NAME),
        config={"dns": {"servers": [server.address], "trust_anchor_file": str(server.anchor)}},
    )


def tlsa(mta, digest, usage=3):
    return f"_{mta.tls_port}._tcp.mta TLSA {usage} 1 1 {digest}"


def test_dane(start_sluice, mta, deliver, certificate):
    with SignedZone("example.test", [tlsa(mta, certificate.key_digest())]) as server:
        deliver(dane_sluice(start_sluice, mta, server), "127.0.98.17")


@pytest.mark.parametrize(
    "what, why",
    [
        ("another key", "TLS: "),
        ("unsigned", "are bogus"),
        ("no records", "do not exist"),
        ("unusable", "are of no kind that serves SMTP"),
    ],
)
def test_dane_trusts_nothing_else(start_sluice, mta, certificate, stranger, what, why):
    digest = stranger.key_digest() if what == "another key" else certificate.key_digest()
    records = [] if what == "no records" else [tlsa(mta, digest, usage=1 if what == "unusable" else 3)]
    with SignedZone("example.test", records, signed=what != "unsigned") as server:
        sluice = dane_sluice(start_sluice, mta, server)
        assert refused(sluice, "127.0.98.18").code == 451
        assert why in down(sluice)


def test_dane_needs_dnssec(start_sluice, mta, certificate):
    """An answer that cannot be traced to the anchor is not bogus, and no ground for trust either."""
    records = [tlsa(mta, certificate.key_digest())]
    with SignedZone("example.test", records) as server, SignedZone("elsewhere.test", []) as elsewhere:
        server.anchor = elsewhere.anchor
        sluice = dane_sluice(start_sluice, mta, server)
        assert refused(sluice, "127.0.98.23").code == 451
        assert "are not secured by DNSSEC" in down(sluice)


def test_words_before_the_handshake_are_not_heard(start_sluice, certificate):
    """CVE-2011-0411, the other way round: plaintext behind the MTA's 220 would count as said under TLS."""

    def inject(session, _):
        session.say("220 2.0.0 Ready to start TLS\r\n250-forged\r\n250 XCLIENT ADDR")
        return CLOSE

    with ScriptedMta(chain=certificate.chain, starttls=inject) as scripted:
        sluice = start_sluice(entry(scripted.port, "encrypt"))
        assert refused(sluice, "127.0.98.19").code == 451
        assert not scripted.commands("XCLIENT")


def requiretls_mta(certificate):
    return ScriptedMta(chain=certificate.chain, secure_offer=("REQUIRETLS",))


def start_before(start_sluice, scripted, level, directory):
    """A Sluice with a certificate of its own that has heard what this MTA offers."""
    ours = make_certificate(directory, "mx", "DNS:mx.example.test")
    sluice = start_sluice(entry(scripted.port, level), config={"tls": {"chain_files": [ours.chain]}})
    sluice.wait_record("mta_up")
    return sluice


def test_requiretls_is_offered_where_it_is_kept(start_sluice, certificate, tmp_path):
    """RFC 8689: to a client under TLS, when the MTA offers it under TLS."""
    with requiretls_mta(certificate) as scripted:
        sluice = start_before(start_sluice, scripted, "encrypt", tmp_path)
        with sluice.connect(source="127.0.98.20") as client:
            assert "REQUIRETLS" not in client.greet()
            client.expect(555, "MAIL FROM:<sender@example.org> REQUIRETLS")
            client.expect(220, "STARTTLS")
            client.wrap("mx.example.test")
            assert "REQUIRETLS" in client.command("EHLO client.example.org").lines
            client.expect(250, "MAIL FROM:<sender@example.org> REQUIRETLS")
            client.expect(250, "RCPT TO:<alice@example.test>")
            assert client.content(message(new_token())).code == 250
        assert scripted.taken[0].sender.endswith("REQUIRETLS")


def test_requiretls_is_not_offered_over_plaintext(start_sluice, certificate, tmp_path):
    with requiretls_mta(certificate) as scripted:
        sluice = start_before(start_sluice, scripted, "none", tmp_path)
        with sluice.connect(source="127.0.98.21") as client:
            client.greet()
            client.expect(220, "STARTTLS")
            client.wrap("mx.example.test")
            assert "REQUIRETLS" not in client.command("EHLO client.example.org").lines


def test_unix_socket(open_directory, start_sluice, mta, deliver):
    """Workers have no right to connect but that of their user: Postfix's sockets are for its own, and group postdrop."""
    config = {"user": "postfix", "state_dir": str(open_directory / "state")}
    sluice = start_sluice({"address": f"unix:{mta.socket}"}, config=config)
    assert "127.0.98.22" in deliver(sluice, "127.0.98.22")
    assert sluice.wait_record("mta_up")["who"] == f"unix:{mta.socket}"


def test_check_tells(mta, certificate, tmp_path):
    def check(**options):
        lines = "".join(f'{key} = "{value}"\n' for key, value in options.items())
        file = tmp_path / "sluice.toml"
        file.write_text(f"[[relay.mta]]\n{lines}")
        return run_sluice("check", "--config", file)

    address = f"127.0.0.1:{mta.tls_port}"
    done = check(address=address, tls="verify", tls_name=NAME, tls_ca_file=certificate.certificate)
    assert re.search(r"  TLS       TLSv1\.3 with TLS_", done.stdout) and "pooling   works" in done.stdout
    done = check(address=address, tls="verify", tls_name="other.example.test", tls_ca_file=certificate.certificate)
    assert "cannot be used: TLS: hostname mismatch" in done.stdout and done.returncode == 1
    done = check(address=address, tls="verify", tls_name=NAME, tls_ca_file="/nonexistent")
    assert "tls_ca_file: /nonexistent" in done.stderr
    assert "pooling   works" in check(address=f"unix:{mta.socket}").stdout


@pytest.mark.parametrize(
    "line, words",
    [
        ('tls = "verify"', "needs a tls_name"),
        ('tls = "dane-only"', "needs a tls_name"),
        ('tls = "fingerprint"', "needs tls_fingerprints"),
        ('tls = "fingerprint"\ntls_fingerprints = ["ab:cd"]', "64 hexadecimal digits"),
        ('tls = "maybe"', "dane-only"),
    ],
)
def test_contradictions_are_refused(tmp_path, line, words):
    file = tmp_path / "sluice.toml"
    file.write_text(f'[[relay.mta]]\naddress = "192.0.2.1:25"\n{line}\n')
    done = run_sluice("check", "--config", file, "--no-probe")
    assert done.returncode == 2 and words in done.stderr and "sluice.toml:" in done.stderr
