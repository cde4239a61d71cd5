"""Real programs that send mail."""

import smtplib
import subprocess

from harness.waiting import PATIENCE


def swaks(port, *arguments, data=None):
    """The transcript of swaks, which must have succeeded."""
    command = ["swaks", "--server", f"127.0.0.1:{port}", "--helo", "swaks.example.org", "--timeout", "60", *arguments]
    if data is not None:
        command += ["--data", "-"]
    done = subprocess.run(
        command, input=data, capture_output=True, text=True, timeout=120 * PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def smtp_source(port, *arguments):
    """Postfix's load generator, which ends with an error at the first reply it does not like."""
    command = ["smtp-source", *map(str, arguments), f"127.0.0.1:{port}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120 * PATIENCE, check=False)
    assert done.returncode == 0 and "fatal" not in done.stderr, done.stdout + done.stderr


def smtplib_session(port, source="127.0.0.1"):
    """Python's own client."""
    return smtplib.SMTP(
        "127.0.0.1", port, local_hostname="smtplib.example.org", timeout=60, source_address=(source, 0)
    )
