"""A real Postfix of the test's own: configuration, queue, log and mailboxes in one temporary directory.

Two listeners: the public one with Debian's defaults, and the private one with its cleanup service that `sluice check`
prints for this Postfix, word for word but for the name in the log; XCLIENT is believed there from everybody who can
reach it.
"""

import contextlib
import itertools
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from harness.sluice import run_sluice
from harness.waiting import free_port, wait_for_port, wait_until

DOMAIN = "example.test"
MAILBOXES = ["alice", "bob", "carol", "dave", "postmaster", "jörg", "source", "2source"]
MAILBOXES += [f"user{n}" for n in range(100)]
MAIL_UID = 65534  # nobody: virtual(8) refuses to deliver as root

SERVICES = """
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
virtual   unix  -       n       n       -       -       virtual
anvil     unix  -       -       n       -       1       anvil
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
postlog   unix-dgram n  -       n       -       1       postlogd
"""


def private_listener(port, configuration):
    """The lines `sluice check` prints for the master.cf in this directory."""
    done = run_sluice("check", "--relay", f"127.0.0.1:{port}", "--print-master-cf", "--postfix-config", configuration)
    assert done.returncode == 0, done.stderr
    assert f"\n127.0.0.1:{port} " in done.stdout
    return done.stdout.replace("postfix/sluice", "postfix/private")


def octets_of(path):
    """Returns the content of a file that may have gone meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def without_overridden(main_cf, settings):
    """The lines that `settings` do not set again.

    Every daemon would warn of them, postlogd too, when it starts again after having been idle: into its own socket,
    and if that is full it waits for itself for ever (Postfix 3.7.11), and all the others wait for it.
    """
    keys = set(re.findall(r"(?m)^(\w+) *=", settings))
    return "".join(line for line in main_cf.splitlines(keepends=True) if line.partition("=")[0].strip() not in keys)


def another_listener(port):
    """One more private listener, for a Postfix of this harness: the lines without the cleanup service, which it has."""
    with tempfile.TemporaryDirectory() as name:
        (pathlib.Path(name) / "main.cf").write_text("compatibility_level = 3.6\n")
        (pathlib.Path(name) / "master.cf").write_text(SERVICES)
        lines = private_listener(port, name)
    return lines[: lines.index("sluice-cleanup  unix")]


class Postfix:
    """Started by start(), or as a context manager. `settings` and `listeners` add lines to main.cf and master.cf.

    `public` are `-o` lines of the public listener; what `sluice check` prints takes them over for the private one.
    """

    hostname = f"mta.{DOMAIN}"

    def __init__(self, settings="", listeners="", public=""):
        # Postfix's own users must get here, and a socket path is short: not below pytest's private tmp_path.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-postfix-", dir="/tmp"))
        self.directory.chmod(0o755)
        self._markers = itertools.count(1)
        self.port = free_port()
        self.private_port = free_port()
        self.maildirs = self.directory / "mail"
        self._write_configuration(settings, listeners, public)

    def _write_configuration(self, settings, listeners, public):
        for name in ("etc", "queue", "data", "mail"):
            (self.directory / name).mkdir()
        shutil.chown(self.directory / "data", "postfix")
        os.chown(self.maildirs, MAIL_UID, MAIL_UID)
        (self.directory / "etc/mailboxes").write_text("".join(f"{m}@{DOMAIN} {m}/\n" for m in MAILBOXES))
        (self.directory / "etc/main.cf").write_text(without_overridden(self._main_cf(), settings) + settings)
        # As an operator has it when he asks for the lines; then the public listener gives up port 25.
        master_cf = self.directory / "etc/master.cf"
        master_cf.write_text(f"smtp inet n - n - - smtpd\n{public}{SERVICES}")
        private = private_listener(self.private_port, master_cf.parent)
        master_cf.write_text(f"127.0.0.1:{self.port} inet n - n - - smtpd\n{public}{SERVICES}{private}{listeners}")

    def _main_cf(self):
        return f"""
compatibility_level = 3.6
queue_directory = {self.directory}/queue
data_directory = {self.directory}/data
maillog_file = {self.directory}/maillog
maillog_file_prefixes = /tmp/
myhostname = {self.hostname}
mydomain = {DOMAIN}
myorigin = {DOMAIN}
mydestination =
inet_interfaces = 127.0.0.1, [::1]
alias_maps =
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_maps = texthash:{self.directory}/etc/mailboxes
virtual_mailbox_base = {self.maildirs}
virtual_mailbox_limit = 0
virtual_uid_maps = static:{MAIL_UID}
virtual_gid_maps = static:{MAIL_UID}
message_size_limit = 60000000
# Debian's defaults; the rest only keeps Postfix's own hands off the content, which the tests compare.
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
message_drop_headers =
local_header_rewrite_clients =
"""

    def command(self, *arguments):
        subprocess.run(
            ["postfix", "-c", self.directory / "etc", *arguments], check=True, capture_output=True, timeout=60
        )

    def start(self):
        self.command("start")
        wait_for_port(self.port)
        return self

    def stop(self):
        if (self.directory / "queue/pid/master.pid").exists():
            with contextlib.suppress(subprocess.CalledProcessError):
                self.command("stop")
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # ---- what it did -----------------------------------------------------------------------------------------

    def _log_text(self):
        """The text that is written by now."""
        path = self.directory / "maillog"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def log(self):
        """The log with everything that was said before this was called.

        Lines reach it late but in order: a connection of our own to the public listener marks the end of them.
        """
        number = next(self._markers)
        marker = f"127.66.{number // 250}.{number % 250 + 1}"
        socket.create_connection(("127.0.0.1", self.port), timeout=10, source_address=(marker, 0)).close()
        self.wait_log(rf"postfix/smtpd\[\d+\]: connect from \S+\[{re.escape(marker)}\]")
        return self._log_text()

    def wait_log(self, pattern, timeout=10.0):
        """The first match of the pattern in the log."""
        return wait_until(lambda: re.search(pattern, self._log_text()), f"{pattern!r} in Postfix's log", timeout)

    def connections(self):
        """How many connections its private listener has seen, each that has heard a greeting included."""
        return len(re.findall(r"postfix/private/smtpd\[\d+\]: connect from", self.log()))

    def messages(self, mailbox="alice"):
        """The delivered messages of a mailbox, as octets, in no order."""
        return [path.read_bytes() for path in (self.maildirs / mailbox / "new").glob("*")]

    def wait_message(self, token, mailbox="alice", timeout=20.0):
        """The one delivered message that contains the token."""
        token = token.encode() if isinstance(token, str) else token
        found = wait_until(
            lambda: [m for m in self.messages(mailbox) if token in m], f"{token!r} in {mailbox}'s mailbox", timeout
        )
        assert len(found) == 1, f"{len(found)} copies of {token!r}"
        return found[0]

    def count_messages(self, token, mailbox="alice"):
        """How many copies of it have been delivered, once none is on its way any more."""
        token = token.encode()
        wait_until(lambda: not any(token in octets_of(path) for path in self.queued()), f"{token!r} to leave the queue")
        return sum(token in message for message in self.messages(mailbox))

    def queued(self):
        """Paths of mail that is still on its way."""
        queues = ("maildrop", "incoming", "active", "deferred")
        return [p for queue in queues for p in (self.directory / "queue" / queue).rglob("*") if p.is_file()]

    def wait_quiet(self, timeout=20.0):
        """Until everything it took is delivered."""
        wait_until(lambda: not self.queued(), lambda: f"empty queues: {self.queued()}", timeout)


class SendingPostfix(Postfix):
    """A Postfix whose every mail goes to `relay_port`: an honest MTA as a client."""

    hostname = "sender.example.org"

    def __init__(self, relay_port, settings=""):
        super().__init__(
            settings=f"""
virtual_mailbox_domains =
relayhost = [127.0.0.1]:{relay_port}
mynetworks = 127.0.0.0/8
minimal_backoff_time = 5s
maximal_backoff_time = 10s
queue_run_delay = 5s
smtp_address_preference = ipv4
"""
            + settings,
            listeners="scache unix - - n - 1 scache\n",  # as Debian's has: several mails may share a connection
        )
