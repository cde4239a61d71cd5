"""Listeners that Sluice is to have of a Postfix: what `sluice check` prints for one, and who may relay there."""

from harness.client import Client
from harness.sluice import run_sluice

FOREIGN = "somebody@elsewhere.example"
# Of the operator, and nobody's.
INSIDER, STRANGER = "10.1.2.3", "192.0.2.77"

# -o lines of a public listener, and a service that they name.
PUBLIC = """  -o { smtpd_recipient_restrictions = check_recipient_access inline:{{ bob@example.test = REJECT }, { x@y = OK }}, reject_unauth_destination }
  -o smtpd_helo_required=yes
  -o cleanup_service_name=pre-cleanup
  -o smtpd_timeout=20s
"""  # noqa: E501
PRE_CLEANUP = "pre-cleanup unix n - n - 0 cleanup\n  -o { always_bcc = carol@example.test }\n"


def postfix_directory(directory, master_cf, main_cf=""):
    """A configuration that no Postfix runs with."""
    (directory / "main.cf").write_text("compatibility_level = 3.6\nmynetworks = 10.0.0.0/8\n" + main_cf)
    (directory / "master.cf").write_text(master_cf)
    return directory


def print_listener(directory, relay="127.0.0.1:25", what="master-cf"):
    """`sluice check` prints the listener for it: lines of master.cf, or commands (`what="postconf"`)."""
    return run_sluice("check", "--relay", relay, f"--print-{what}", "--postfix-config", directory)


def relays(port, identity=None):
    """Whether the listener takes mail for a foreign domain, in this client's name or in none."""
    with Client(port) as client:
        client.greet()
        if identity:
            client.expect(220, f"XCLIENT ADDR={identity}")
            client.expect(250, "EHLO client.example.org")
        client.expect(250, "MAIL FROM:<sender@example.org>")
        reply = client.command(f"RCPT TO:<{FOREIGN}>")
        assert reply.code == 250 or "Relay access denied" in reply.text, reply
        return reply.code == 250
