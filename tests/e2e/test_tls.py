"""STARTTLS: what is offered when, what a session is under TLS, and what breaks a handshake."""

import contextlib
import os
import pathlib
import re
import signal
import ssl
import subprocess
import time

import pytest

from harness.certificates import make_certificate
from harness.client import Client, Closed
from harness.mail import message, new_token
from harness.postfix import SendingPostfix
from harness.sluice import run_sluice
from harness.waiting import PATIENCE, free_port, wait_until


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Chain files by name: one for mx.example.test, and one for the names of another domain."""
    directory = tmp_path_factory.mktemp("certificates")
    return {
        "mx": make_certificate(directory, "mx", "DNS:mx.example.test").chain,
        "other": make_certificate(directory, "other", "DNS:mail.example.net,DNS:*.example.com").chain,
    }


@pytest.fixture
def tls_sluice(start_sluice, postfix, certificates):
    def start(config=None, **tls):
        options = {"chain_files": [certificates["mx"], certificates["other"]], **tls}
        return start_sluice(postfix.private_port, config={"tls": options, **(config or {})})

    return start


def start_tls(client, name="mx.example.test"):
    client.expect(220, "STARTTLS")
    return client.wrap(name)


def greet_encrypted(client, **options):
    client.greet()
    start_tls(client, **options)
    return client.command("EHLO client.example.org")


def deliver(client, token, content=None):
    client.envelope()
    assert client.content(content or message(token)).code == 250


def test_mail_over_tls(tls_sluice, postfix):
    sluice = tls_sluice()
    token = new_token()
    with sluice.connect(source="127.0.97.1") as client:
        assert "STARTTLS" in client.greet()
        start_tls(client)
        reply = client.command("EHLO client.example.org")
        assert reply.code == 250 and "STARTTLS" not in reply.lines and "PIPELINING" in reply.lines
        deliver(client, token)
        client.expect(221, "QUIT")
    postfix.wait_message(token)
    (session,) = sluice.records_after_stop("session", client="127.0.97.1")
    assert session["tls"]["version"] == "TLSv1.3" and session["tls"]["bits"] >= 128
    assert sluice.wait_record("transaction", client="127.0.97.1")["tls"] == session["tls"]
    assert session["outcome"] == "quit"


def test_tls_from_the_first_octet(tls_sluice, postfix):
    """Implicit TLS (RFC 8314): the greeting comes encrypted, and STARTTLS is not offered."""
    port = free_port()
    sluice = tls_sluice(listen=[f"127.0.0.1:{port}"])
    token = new_token()
    with Client(port, source="127.0.97.40") as client:
        client.wrap("mx.example.test")
        assert "STARTTLS" not in client.greet()
        deliver(client, token)
    postfix.wait_message(token)
    with Client(port, source="127.0.97.41") as client:
        client.send(b"EHLO in.plaintext.example\r\n")
        with pytest.raises(Closed):
            client.read_reply()
    with sluice.connect(source="127.0.97.42") as client:
        assert "STARTTLS" in client.greet()
    assert sluice.wait_record("session", client="127.0.97.40")["tls"]["version"] == "TLSv1.3"
    assert sluice.wait_record("session", client="127.0.97.41")["outcome"] == "tls_failed"


@contextlib.contextmanager
def nobody_accepts(sluice):
    """Stops the workers, so that clients which connect wait in their queue."""
    workers = sluice.worker_pids()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def tls_from_the_start(tls_sluice):
    """Sluice with one address where TLS begins at once, and that port."""
    port = free_port()
    return tls_sluice(listen=[f"127.0.0.1:{port}"]), port


def test_who_waits_where_tls_begins_at_once_gets_it_although_the_address_goes(tls_from_the_start, postfix):
    """The queue is taken by workers whose configuration does not know the address any more."""
    sluice, port = tls_from_the_start
    token = new_token()
    with nobody_accepts(sluice), Client(port, source="127.0.97.43") as client, Client(port) as plain:
        sluice.reload({"tls": {"listen": []}})
        client.wrap("mx.example.test")
        assert "STARTTLS" not in client.greet()
        deliver(client, token)
        plain.send(b"EHLO in.plaintext.example\r\n")
        with pytest.raises(Closed):
            plain.read_reply()
    postfix.wait_message(token)


def test_who_waits_where_tls_begins_at_once_is_closed_when_there_are_no_keys(tls_from_the_start):
    """The reload takes the certificates, too: rather a closed connection than a greeting in plaintext."""
    sluice, port = tls_from_the_start
    with nobody_accepts(sluice), Client(port, source="127.0.97.45") as client:
        sluice.reload({"tls": {"listen": [], "chain_files": []}})
        assert client.socket.recv(1) == b""
    with sluice.connect(source="127.0.97.46") as client:
        assert "STARTTLS" not in client.greet()


def test_an_address_changes_to_plaintext_and_back(tls_from_the_start):
    """Each client gets what was promised where it came to; the address answers all the time."""
    sluice, port = tls_from_the_start
    other = sluice.port
    with nobody_accepts(sluice), Client(port) as encrypted, Client(other) as plain:
        sluice.reload({"listen": [f"127.0.0.1:{port}"], "tls": {"listen": [f"127.0.0.1:{other}"]}})
        encrypted.wrap("mx.example.test")
        encrypted.greet()
        assert "STARTTLS" in plain.greet()
    sluice.wait_record("worker_ended")  # until then it may still get clients, on a kernel that keeps none away
    with Client(port) as plain, Client(other) as encrypted:
        assert "STARTTLS" in plain.greet()
        encrypted.wrap("mx.example.test")
        encrypted.greet()


def test_large_mail_over_tls(tls_sluice, postfix):
    sluice = tls_sluice()
    token = new_token()
    lines = "".join(f"{n:06} {'x' * 60}\r\n" for n in range(40_000))
    content = message(token) + lines.encode()
    with sluice.connect(source="127.0.97.2") as client:
        greet_encrypted(client)
        deliver(client, token, content)
    assert lines.encode().replace(b"\r\n", b"\n") in postfix.wait_message(token)


def test_not_offered_without_certificates(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port)
    with sluice.connect() as client:
        assert "STARTTLS" not in client.greet()
        client.expect(502, "STARTTLS")


def test_the_ehlo_before_counts_no_more(tls_sluice):
    sluice = tls_sluice()
    with sluice.connect() as client:
        client.greet()
        start_tls(client)
        client.expect(503, "MAIL FROM:<sender@example.org>")
        client.expect(250, "EHLO client.example.org")
        client.expect(503, "STARTTLS")


def test_what_is_injected_behind_starttls_is_dropped(tls_sluice):
    """CVE-2011-0411: plaintext sent with STARTTLS is nobody's words under TLS."""
    sluice = tls_sluice()
    with sluice.connect() as client:
        client.greet()
        client.send(b"STARTTLS\r\nNOOP injected\r\nMAIL FROM:<injected@example.org>\r\n")
        client.expect(220)
        time.sleep(0.1)  # the injected words have been read, if anything reads them
        client.wrap("mx.example.test")
        # The first reply under TLS answers the first command under TLS.
        assert "PIPELINING" in client.command("EHLO client.example.org").lines
        client.expect(503, "RCPT TO:<alice@example.test>")


def test_plaintext_that_comes_later_breaks_the_handshake(tls_sluice):
    sluice = tls_sluice()
    with sluice.connect(source="127.0.97.3") as client:
        client.greet()
        client.expect(220, "STARTTLS")
        client.send(b"MAIL FROM:<injected@example.org>\r\n")
        client.received = b""
        with pytest.raises(Closed):
            while True:
                client._receive()  # an alert, perhaps, and the end
        assert b"250" not in client.received and b"503" not in client.received
    (session,) = sluice.records_after_stop("session", client="127.0.97.3")
    assert session["outcome"] == "tls_failed"
    assert [s["value"] for s in session["signals"] if s["signal"] == "tls"] == ["wrong version number"]


def test_a_handshake_has_so_long(tls_sluice):
    sluice = tls_sluice(handshake_timeout_s=1)
    with sluice.connect(source="127.0.97.4") as client:
        client.greet()
        client.expect(220, "STARTTLS")
        began = time.monotonic()
        assert client.at_end()
        assert 0.9 < time.monotonic() - began < 5 * PATIENCE
    assert sluice.wait_record("session", client="127.0.97.4")["outcome"] == "timed_out"


@pytest.mark.parametrize("name, shown", [("mx.example.test", "mx"), ("MAIL.example.net", "other"),
                                         ("a.example.com", "other"), ("nobody.example", "mx")])  # fmt: skip
def test_the_certificate_is_the_one_for_the_name(tls_sluice, certificates, name, shown):
    sluice = tls_sluice()
    with sluice.connect() as client:
        greet_encrypted(client, name=name)
        certificate = ssl.DER_cert_to_PEM_cert(client.socket.getpeercert(binary_form=True))
    with open(certificates[shown], encoding="ascii") as file:
        assert certificate.strip() in file.read()


def s_client(sluice, *arguments):
    """Returns what openssl says of a session that only shakes hands."""
    command = ["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{sluice.port}", *arguments]
    done = subprocess.run(command, input="QUIT\r\n", capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


def test_old_versions_only_where_they_are_wanted(tls_sluice):
    old = ["-tls1", "-cipher", "DEFAULT:@SECLEVEL=0"]
    assert "Cipher is (NONE)" in s_client(tls_sluice(), *old)
    assert "Protocol  : TLSv1\n" in s_client(tls_sluice(minimum="1.0"), *old)
    assert "Cipher is (NONE)" in s_client(tls_sluice(minimum="1.3"), "-tls1_2")


def test_no_renegotiation(tls_sluice):
    sluice = tls_sluice()
    command = ["openssl", "s_client", "-starttls", "smtp", "-tls1_2", "-connect", f"127.0.0.1:{sluice.port}"]
    done = subprocess.run(command, input="R\n", capture_output=True, text=True, timeout=30, check=False)
    assert "no renegotiation" in done.stdout + done.stderr


def test_sessions_are_resumed_by_any_worker(tls_sluice, tmp_path):
    sluice = tls_sluice({"workers": 2})
    ticket = tmp_path / "ticket"
    assert "New, TLSv1.2" in s_client(sluice, "-tls1_2", "-sess_out", ticket)
    for _ in range(8):  # the kernel spreads connections over the workers
        assert "Reused, TLSv1.2" in s_client(sluice, "-tls1_2", "-sess_in", ticket)


def test_replies_trickle_under_tls(tls_sluice, postfix):
    """The pace counts what is said, not how it is wrapped; STARTTLS itself goes at once, and content at full speed."""
    slow = {"policy": {"networks": {"slow": ["127.0.60.0/24"]}}}
    sluice = tls_sluice({**slow, "pace": {"reply_s": 3, "silence_max_s": 1}})
    token = new_token()
    with sluice.connect(source="127.0.60.8") as client:
        client.greet()
        began = time.monotonic()
        start_tls(client)
        assert time.monotonic() - began < 2.5 * PATIENCE
        began = time.monotonic()
        assert "PIPELINING" not in client.command("EHLO client.example.org").lines
        assert 2.9 <= time.monotonic() - began <= 4.1 + PATIENCE
        pieces = [at for at, _ in client.octet_times if at > began - client.connected_at]
        assert len(pieces) >= 3, pieces
        client.envelope()
        client.expect(354, "DATA")
        began = time.monotonic()
        client.send(message(token, (b"x" * 70 + b"\r\n") * 1400) + b".\r\n")
        client.expect(250)
        assert time.monotonic() - began < 2.5 * PATIENCE
    postfix.wait_message(token)


def test_content_in_many_small_records_is_as_fast(tls_sluice, postfix):
    """Content that is read slowly, in lines that are a TLS record each: a drop is of many records."""
    slow = {"policy": {"default_lane": "slow", "signals": {"helo_bare": 5}, "thresholds": {"content_slow": 5}}}
    pace = {"reply_s": 1, "content": "slow", "content_in_bytes_per_s": 1000}
    sluice = tls_sluice({**slow, "pace": pace})
    token = new_token()
    content = message(token, b"12345678\r\n" * 300)
    with sluice.connect(source="127.0.60.9") as client:
        client.greet("bare")
        start_tls(client)
        client.command("EHLO bare")
        client.envelope()
        client.expect(354, "DATA")
        began = time.monotonic()
        for line in content.splitlines(keepends=True):
            client.send(line)
        client.send(b".\r\n")
        client.expect(250)
        took = time.monotonic() - began
    # What is counted lies between what was said and what TLS makes of it.
    assert len(content) / 1000 * 0.8 <= took <= 6 * len(content) / 1000 + 10 + PATIENCE, (took, len(content))
    postfix.wait_message(token)


def test_slow_clients_do_without_when_there_are_many(tls_sluice):
    slow = {"policy": {"networks": {"slow": ["127.0.60.0/24"]}}, "pace": {"reply_s": 1}}
    sluice = tls_sluice(slow, slow_sessions_max=1)
    with sluice.connect(source="127.0.60.1") as first, sluice.connect(source="127.0.60.2") as second:
        greet_encrypted(first)
        second.greet()
        assert second.command("STARTTLS").enhanced == "4.7.0"
        second.envelope()
        with sluice.connect(source="127.0.97.5") as good:
            greet_encrypted(good)
        first.close()

        def third():
            with sluice.connect(source="127.0.60.3") as client:
                client.greet()
                return client.command("STARTTLS").code == 220 and client.wrap("mx.example.test") is None

        wait_until(third, "the first one's place to be free")


def test_a_client_may_shake_hands_so_often(tls_sluice):
    sluice = tls_sluice(handshakes_per_client_max=2)
    for code in (220, 220, 454, 454):
        with sluice.connect(source="127.0.97.6") as client:
            client.greet()
            client.expect(code, "STARTTLS")
    with sluice.connect(source="127.0.97.7") as another:
        greet_encrypted(another)


def shown_by(sluice):
    with sluice.connect() as client:
        greet_encrypted(client)
        return ssl.DER_cert_to_PEM_cert(client.socket.getpeercert(binary_form=True)).strip()


def test_certificates_are_renewed_without_a_restart(start_sluice, postfix, certificates, tmp_path):
    chain = tmp_path / "chain.pem"
    old, new = (pathlib.Path(certificates[name]).read_text("ascii") for name in ("mx", "other"))
    chain.write_text(old)
    sluice = start_sluice(postfix.private_port, config={"tls": {"chain_files": [str(chain)]}})
    assert shown_by(sluice) in old
    chain.write_text("not a certificate")
    sluice.wait_record("certificates_unusable")
    assert shown_by(sluice) in old
    with sluice.connect() as early:
        greet_encrypted(early)
        chain.write_text(new)
        sluice.wait_record("certificates_read")
        assert shown_by(sluice) in new
        early.expect(250, "NOOP")  # goes on with what it began with


def test_octet_by_octet(tls_sluice):
    """Each octet of the handshake and of the records in a segment of its own."""
    sluice = tls_sluice()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with sluice.connect() as client:
        client.greet()
        client.expect(220, "STARTTLS")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing)

        def until_done(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    for octet in outgoing.read():
                        client.socket.send(bytes([octet]))
                    incoming.write(client.socket.recv(65536))

        until_done(tls.do_handshake)
        tls.write(b"EHLO client.example.org\r\n")
        assert until_done(lambda: tls.read(4)) == b"250-"


def test_a_postfix_that_insists_on_tls(tls_sluice, postfix):
    sluice = tls_sluice()
    token = new_token()
    with SendingPostfix(sluice.port, settings="smtp_tls_security_level = encrypt\n") as sender:
        subprocess.run(
            ["sendmail", "-C", sender.directory / "etc", "-f", "sender@example.org", "alice@example.test"],
            input=message(token), check=True, timeout=30,
        )  # fmt: skip
        postfix.wait_message(token)
    delivered = sluice.records_after_stop("transaction", outcome="delivered")
    assert delivered and all("tls" in transaction for transaction in delivered)


@pytest.mark.parametrize("entry, names, says", [
    ('"{0}/missing.pem"', "missing.pem", "No such file"),
    ('"{0}/empty.pem"', "empty.pem", "holds no certificate"),
    ('"{0}/mx.crt"', "mx.crt", "holds a certificate and no private key"),
    ('{{ chain = "{0}/mx.crt", key = "{0}/missing.pem" }}', "missing.pem", "No such file"),
    ('{{ chain = "{0}/mx.crt", key = "{0}/empty.pem" }}', "empty.pem", "holds no private key"),
    ('{{ chain = "{0}/mx.crt", key = "{0}/other.key" }}', "other.key", "is not that of the certificate"),
    ('{{ chain = "{0}/mx.crt" }}', "sluice.toml:1", "needs a chain and a key"),
    ('{{ chain = "{0}/mx.crt", kee = "x" }}', "sluice.toml:1", "did you mean key"),
])  # fmt: skip
def test_a_chain_file_that_cannot_be_used(tmp_path, entry, names, says):
    """The error says which file, and what is wrong with it, in other words than OpenSSL's."""
    (tmp_path / "empty.pem").touch()
    for name in ("mx", "other"):
        make_certificate(tmp_path, name, "DNS:mx.example.test")
    config = tmp_path / "sluice.toml"
    config.write_text(f"tls.chain_files = [{entry.format(tmp_path)}]\n")
    done = run_sluice("check", "--config", config)
    assert done.returncode != 0 and names in done.stderr and says in done.stderr, done.stderr
    assert "no start line" not in done.stderr


def test_a_key_in_a_file_of_its_own(start_sluice, postfix, tmp_path):
    """As certbot writes them: links to files whose names change at each renewal, the key's first or the chain's."""
    for name in ("one", "two", "three"):
        make_certificate(tmp_path, name, "DNS:mx.example.test")
    live = tmp_path / "live"
    live.mkdir()

    def link(kind, name):
        (live / f"{kind}.new").symlink_to(tmp_path / f"{name}.{kind}")
        (live / f"{kind}.new").rename(live / kind)

    def pem(name):
        return (tmp_path / f"{name}.crt").read_text()

    link("crt", "one")
    link("key", "one")
    chain = {"chain": str(live / "crt"), "key": str(live / "key")}
    sluice = start_sluice(postfix.private_port, config={"tls": {"chain_files": [chain]}})
    done = run_sluice("check", "--config", sluice.config_file)
    assert "tls.chain_files" not in done.stderr, done.stderr
    assert shown_by(sluice) in pem("one")
    for read, (name, first, second) in enumerate([("two", "crt", "key"), ("three", "key", "crt")], 1):
        link(first, name)
        unusable = sluice.wait_records("certificates_unusable", read)[-1]
        assert "is not that of the certificate" in str(unusable)
        link(second, name)
        sluice.wait_records("certificates_read", read)
        assert shown_by(sluice) in pem(name)


def test_a_name_with_a_final_dot(tls_sluice, certificates):
    """The same certificate as without it."""
    sluice = tls_sluice()
    for name in ("mail.example.net", "mail.example.net."):
        done = subprocess.run(
            ["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{sluice.port}", "-servername", name],
            input="QUIT\n", capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        shown = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", done.stdout, re.DOTALL)
        assert shown and shown.group() in pathlib.Path(certificates["other"]).read_text("ascii"), done.stdout
