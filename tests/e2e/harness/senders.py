"""Real programs that send mail, each started by a small file in senders/ (see the README there).

Debian's own come from packages that Postfix's excludes: those are unpacked into build/senders, never installed. Those
of npm are downloaded once, into the same place.
"""

import dataclasses
import fcntl
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from harness import namespace
from harness.postfix import SendingPostfix, octets_of
from harness.waiting import PATIENCE, free_port

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "senders"
DIRECTORY = pathlib.Path(__file__).resolve().parents[3] / "build/senders"
UNPACKED = DIRECTORY / "unpacked"
NPM = DIRECTORY / "npm"

# Versions are those whose patience was measured (docs/guide/senders.md). What Haraka depends on is what there was then.
NPM_PACKAGES = {
    "nodemailer@10.6.1": ["--before=2026-11-30"],
    "emailjs@5.0.3": ["--before=2026-11-30"],
    "Haraka@3.3.4": ["--before=2026-10-01"],
}
NODE_MAJOR_MIN = 20  # what nodemailer and Haraka of these versions ask for; Debian 12 has 18
UNPACKED_PACKAGES = ["exim4-daemon-light", "dma", "opensmtpd", "nullmailer", "ssmtp"]


@dataclasses.dataclass
class Sender:
    """A row of the test's table: the file in senders/ that starts it (it ends with exit status 0 if the sender was told
    that all is delivered), and what that can do."""

    name: str
    script: str
    tls: bool = True
    mails: bool = False  # several over one connection


SENDERS = [
    Sender("Postfix", "", mails=True),  # the harness's own: SendingMta
    Sender("smtplib", "smtplib_session.py", mails=True),
    Sender("Net::SMTP", "net_smtp.pl", mails=True),
    Sender("Ruby net-smtp", "net_smtp.rb", mails=True),
    Sender("PHPMailer", "phpmailer.php", mails=True),
    Sender("curl", "curl.sh", mails=True),
    Sender("swaks", "swaks.sh"),
    Sender("s-nail", "s-nail.sh"),
    Sender("msmtp", "msmtp.sh"),
    Sender("sendEmail", "sendemail.sh", tls=False),
    Sender("nodemailer", "nodemailer.cjs", mails=True),
    Sender("emailjs", "emailjs.cjs", mails=True),
    Sender("Haraka", "haraka.sh"),
    Sender("Exim", "exim.sh"),
    Sender("dma", "dma.sh"),
    Sender("nullmailer", "nullmailer.sh"),
    Sender("ssmtp", "ssmtp.sh"),
    Sender("OpenSMTPD", "opensmtpd.sh"),
]


@functools.cache
def node_major():
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return int(told.strip().lstrip("v").split(".")[0])


@functools.cache
def mounts_possible():
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


def left_out(sender):
    """Why it cannot be run here; None if it can."""
    if sender.name in ("nodemailer", "Haraka") and node_major() < NODE_MAJOR_MIN:
        return f"{sender.name} needs Node.js {NODE_MAJOR_MIN}; this is {node_major()}"
    if sender.script in ("exim.sh", "dma.sh", "opensmtpd.sh") and not mounts_possible():
        return f"{sender.name} needs accounts and a spool of its own, and mount namespaces are not allowed here"
    return None


def fetch():
    """Fetches what is not installed, once; several test processes may want it at once."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with open(DIRECTORY / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with namespace.machines():
            _fetch("unpacked", UNPACKED_PACKAGES, _unpack)
            _fetch("npm", [f"{package} {options}" for package, options in NPM_PACKAGES.items()], _install)


def _fetch(name, what, get):
    """Unless exactly that is there already."""
    complete = DIRECTORY / f"{name}.complete"
    if complete.exists() and complete.read_text() == repr(what):
        return
    shutil.rmtree(DIRECTORY / name, ignore_errors=True)
    (DIRECTORY / name).mkdir()
    get(DIRECTORY / name)
    complete.write_text(repr(what))


def _unpack(directory):
    for package in UNPACKED_PACKAGES:
        if _run(["apt-get", "download", "-q", package], directory, check=False).returncode != 0:
            _run(["apt-get", "update", "-q"], directory)
            _run(["apt-get", "download", "-q", package], directory)
        (archive,) = directory.glob(f"{package}_*.deb")
        _run(["dpkg", "--extract", archive, directory / package], directory)
        archive.unlink()


def _install(directory):
    """Each for itself, since each has the dependencies of its time."""
    for package, options in NPM_PACKAGES.items():
        _run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "--omit=optional", "--omit=dev",
             "--ignore-scripts", *options, package],
            directory,
        )  # fmt: skip


def _run(command, directory, check=True):
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=300 * PATIENCE)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


class Sending:
    """A sender that has been started with mails for some recipients. Each mail is a file with LF line ends."""

    def __init__(self, sender, port, mails, envelope_from, recipients, tls=False):
        self.name = sender.name
        # Some of them give up root's rights, and have to get here.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-sender-", dir="/tmp"))
        self.directory.chmod(0o755)
        paths = []
        for number, mail in enumerate(mails):
            paths.append(self.directory / f"mail-{number}")
            paths[-1].write_bytes(mail)
        with open(self.directory / "said", "wb") as said:
            self.process = subprocess.Popen(
                [SCRIPTS / sender.script, *paths],
                cwd=self.directory, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
                env=os.environ | {
                    "PORT": str(port), "FROM": envelope_from, "TO": " ".join(recipients), "TLS": "1" if tls else "",
                    "UNPACKED": str(UNPACKED), "NODE_PATH": str(NPM / "node_modules"), "SPARE_PORT": str(free_port()),
                },
            )  # fmt: skip

    def status(self):
        """Its exit status; None as long as it has not ended."""
        return self.process.poll()

    def said(self):
        return (self.directory / "said").read_text("utf-8", "replace")

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # what a shell has started, too
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class SendingMta:
    """The same for a Postfix, whose log says what it was told. It may send several mails over one connection."""

    def __init__(self, port, mails, envelope_from, recipients, tls=False):
        settings = "default_destination_concurrency_limit = 1\ninitial_destination_concurrency = 1\n"
        self._mta = SendingPostfix(port, settings + ("smtp_tls_security_level = encrypt\n" if tls else "")).start()
        self._answers = len(mails) * len(recipients)
        for mail in mails:
            subprocess.run(
                ["sendmail", "-C", self._mta.directory / "etc", "-f", envelope_from, "-i", *recipients],
                input=mail, check=True, timeout=30 * PATIENCE,
            )  # fmt: skip

    def status(self):
        told = re.findall(r"postfix/smtp\[.*\bto=<.*status=(\w+)", self.said())
        if len(told) < self._answers:
            return None
        return 0 if set(told) == {"sent"} else 1

    def said(self):
        return octets_of(self._mta.directory / "maillog").decode("utf-8", "replace")

    def end(self):
        self._mta.stop()


def start(sender, *arguments, **options):
    return Sending(sender, *arguments, **options) if sender.script else SendingMta(*arguments, **options)
