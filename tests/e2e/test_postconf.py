"""The private listener by the commands that `sluice check --print-postconf` prints: the same settings as by lines of
master.cf (test_master_cf.py), without harm when they are run twice, on a port that is nobody else's, and undone.
"""

import contextlib
import re
import socket
import subprocess

import pytest

from harness.listener import INSIDER, PRE_CLEANUP, PUBLIC, STRANGER, postfix_directory, print_listener, relays
from harness.mail import message, new_token
from harness.postfix import Postfix
from harness.waiting import free_port, wait_for_port, wait_until

AMAVIS = "127.0.0.1:10025 inet n - n - - smtpd\n  -o content_filter=\n  -o mynetworks=127.0.0.0/8\n"
BACKGROUND = "cleanup unix n - y - 0 cleanup\n"
OURS = ("127.0.0.1:10025/inet", "sluice-cleanup/unix")


def run_commands(directory, text):
    """Runs what was printed, but for the reload: this Postfix does not run."""
    text = text.replace(f"postfix -c '{directory}' reload\n", "")
    done = subprocess.run(["sh"], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def settings_of(directory, *services):
    """Returns what Postfix itself reads of these entries: their fields, and their options."""

    def postconf(flag):
        words = ["postconf", "-c", str(directory), flag, *services]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    return postconf("-F"), postconf("-P")


def in_a_copy(tmp_path, name, master_cf, main_cf=""):
    copy = tmp_path / name
    copy.mkdir()
    return postfix_directory(copy, master_cf, main_cf)


@pytest.mark.parametrize("public, main_cf", [
    ("", ""),
    (PUBLIC, ""),
    ("  -o { smtpd_milters = { inet:localhost:8891, connect_timeout = 10s }, inet:localhost:8892 }\n  -o content_filter=\n", ""),
    ("  -o mynetworks=$trusted,cidr:{{10.0.0.0/8 OK}}\n  -o smtpd_banner=don't,$myhostname\n", "trusted = 10.2.0.0/16\n"),
    ("  -o smtpd_tls_wrappermode=yes\n  -o smtpd_tls_auth_only=yes\n  -o smtpd_upstream_proxy_protocol=haproxy\n",
     "smtpd_client_restrictions = permit_inet_interfaces, reject\n"),
])  # fmt: skip
def test_the_commands_set_what_the_lines_set(tmp_path, public, main_cf):
    """On Postfix's own reading of both; run twice they leave the same file; the printed undo leaves what was there."""
    before = f"smtp inet n - y - - smtpd\n{public}{BACKGROUND}{PRE_CLEANUP}"
    by_hand = in_a_copy(tmp_path, "lines", before, main_cf)
    lines = print_listener(by_hand).stdout
    (by_hand / "master.cf").write_text(before + lines)
    # An editor may have left the last line without its end: postconf alone would write on in it.
    directory = in_a_copy(tmp_path, "commands", before.removesuffix("\n"), main_cf)
    commands = print_listener(directory, what="postconf").stdout
    run_commands(directory, commands)
    assert settings_of(directory, *OURS) == settings_of(by_hand, *OURS)
    assert settings_of(directory) == settings_of(by_hand)
    once = (directory / "master.cf").read_text()
    run_commands(directory, commands)
    again = print_listener(directory, what="postconf").stdout
    assert again == commands, "what Sluice was given is no public listener, and is not taken over"
    run_commands(directory, again)
    assert (directory / "master.cf").read_text() == once
    assert (directory / "main.cf").read_text() == (by_hand / "main.cf").read_text(), "port 25 is not touched"
    take, undo = re.findall(r"(?m)^#   (.*) && postfix -c \S+ reload$", commands)
    for _ in range(2):
        run_commands(directory, take)
    assert (directory / "main.cf").read_text().count("\nmaster_service_disable = smtp.inet\n") == 1
    assert print_listener(directory, what="postconf").stdout == commands
    for _ in range(2):
        run_commands(directory, undo)
    assert (directory / "master.cf").read_text() == before
    assert (directory / "main.cf").read_text() == (by_hand / "main.cf").read_text()


def test_a_file_that_was_appended_to_twice_is_mended(tmp_path):
    """As an earlier README led to: of two entries of one name Postfix takes the last, and an editor finds the first."""
    before = f"smtp inet n - y - - smtpd\n{BACKGROUND}"
    directory = in_a_copy(tmp_path, "twice", before)
    lines = print_listener(directory).stdout
    (directory / "master.cf").write_text(before + lines + lines.replace("127.0.0.1:10025 ", "localhost:10025 "))
    run_commands(directory, print_listener(directory, what="postconf").stdout)
    by_hand = in_a_copy(tmp_path, "once", before + lines)
    assert settings_of(directory) == settings_of(by_hand)


def test_amavis_keeps_its_port(tmp_path):
    """By which its mail comes back: another port is taken, and said; and once it is Sluice's, it stays so."""
    directory = postfix_directory(tmp_path, f"smtp inet n - y - - smtpd\n{AMAVIS}{BACKGROUND}")
    amavis = settings_of(directory, "127.0.0.1:10025/inet")
    ports = set()
    for _ in range(2):
        done = print_listener(directory, relay="127.0.0.1:10025", what="postconf")
        # Not always 10026: the servers of other tests may have that one.
        (port,) = re.findall(r'set relay\.mta = \["127\.0\.0\.1:(\d+)"\]: ', done.stderr)
        ports.add(int(port))
        assert "127.0.0.1:10025/inet of master.cf, which is not Sluice's" in done.stderr
        run_commands(directory, done.stdout)
    assert len(ports) == 1 and port != "10025"
    assert settings_of(directory, "127.0.0.1:10025/inet") == amavis
    assert "mynetworks = !127.0.0.0/8" in settings_of(directory, f"127.0.0.1:{port}/inet")[1]


def test_a_port_where_something_listens_is_not_taken(tmp_path):
    directory = postfix_directory(tmp_path, f"smtp inet n - y - - smtpd\n{BACKGROUND}")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        wished = f"127.0.0.1:{other.getsockname()[1]}"
        done = print_listener(directory, relay=wished, what="postconf")
        assert done.returncode == 0 and f"because {wished} is taken by a program" in done.stderr
        assert wished not in done.stdout


@pytest.mark.parametrize("port", ["587", "465", "25"])
def test_a_port_of_clients_is_not_given_away(tmp_path, port):
    """A listener at which people submit their mail may not believe what it is told about them."""
    directory = postfix_directory(tmp_path, f"smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n{BACKGROUND}")
    for what in ("postconf", "master-cf"):
        done = print_listener(directory, relay=f"127.0.0.1:{port}", what=what)
        assert f":{port} inet" not in done.stdout and "127.0.0.1:10025" in done.stdout
        assert f"port {port} is for clients" in done.stderr


def test_a_running_postfix_obeys_the_commands(start_sluice):
    """Listener and port 25 (here: the harness's) by printed commands alone; then they are undone."""
    with Postfix(settings="mynetworks = 127.0.0.0/8 10.0.0.0/8\n") as mta:
        directory = mta.directory / "etc"
        subprocess.run(["postconf", "-c", directory, "-MX", f"127.0.0.1:{mta.private_port}/inet", "sluice-cleanup/unix"], check=True)
        mta.command("reload")
        before = (directory / "master.cf").read_text()
        port = free_port()
        commands = print_listener(directory, relay=f"127.0.0.1:{port}", what="postconf").stdout
        for _ in range(2):
            subprocess.run(["sh"], input=commands, text=True, check=True, capture_output=True, timeout=60)
        wait_for_port(port)
        assert not relays(port) and not relays(port, STRANGER) and relays(port, INSIDER)
        token = new_token()
        with start_sluice(port).connect() as client:
            client.greet()
            client.envelope()
            assert client.content(message(token)).code == 250
        mta.wait_message(token)
        (undo,) = re.findall(r"(?m)^#   (.* -MX .*)$", commands)
        subprocess.run(["sh", "-c", undo], check=True, capture_output=True, timeout=60)
        assert (directory / "master.cf").read_text() == before


def test_what_is_disabled_by_service_is_off_port_25():
    """master_service_disable takes a listener away while Postfix runs, and gives it back: by its name, with an address too."""
    with Postfix() as mta:
        address = f"127.0.0.1:{mta.port}"
        configuration = mta.directory / "etc"
        for words in (("-e", f"master_service_disable = {address}.inet"), ("-X", "master_service_disable")):
            subprocess.run(["postconf", "-c", configuration, *words], check=True, timeout=60)
            mta.command("reload")
            if words[0] == "-e":
                wait_until(lambda: not accepts(mta.port), "the public listener to be gone")
                assert accepts(mta.private_port)
        wait_for_port(mta.port)


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
