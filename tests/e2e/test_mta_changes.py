"""The knowledge of an MTA changes: a mailbox is made, Postfix is reloaded. A real Postfix, whose processes look at tables as they were."""

import time

import pytest

from harness.mail import message, new_token
from harness.postfix import Postfix
from harness.sluice import PATIENCE

# Connection::young_time, and some.
OLD_S = 5.5


@pytest.fixture
def postfix():
    with Postfix() as postfix:
        yield postfix


def make_mailbox(postfix, name):
    with open(postfix.directory / "etc/mailboxes", "a") as mailboxes:
        mailboxes.write(f"{name}@example.test {name}/\n")


def recipient(sluice, source, name):
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        reply = client.command(f"RCPT TO:<{name}@example.test>")
        client.quit()
        return reply


@pytest.mark.parametrize("reload", [True, False])
def test_a_new_mailbox_is_known_at_once(start_sluice, postfix, reload):
    """Also on connections that were opened before, and whether Postfix is told or notices by itself."""
    sluice = start_sluice(postfix.private_port)
    assert recipient(sluice, "127.0.90.1", "alice").code == 250
    time.sleep(OLD_S)
    make_mailbox(postfix, "newcomer")
    if reload:
        postfix.command("reload")
    assert recipient(sluice, "127.0.91.1", "newcomer").code == 250
    token = new_token()
    with sluice.connect(source="127.0.92.1") as client:
        client.greet()
        client.envelope(recipients=["newcomer@example.test"])
        assert client.content(message(token)).code == 250
    postfix.wait_message(token, "newcomer")


def test_control_postfix_itself_does_not_know_it(postfix):
    """The same, on a connection to Postfix that was opened before: it does not look again."""
    from harness.client import Client

    with Client(postfix.port) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.expect(250, "RCPT TO:<alice@example.test>")
        make_mailbox(postfix, "newcomer")
        postfix.command("reload")
        time.sleep(1)
        assert client.command("RCPT TO:<newcomer@example.test>").code == 550
    with Client(postfix.port) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.expect(250, "RCPT TO:<newcomer@example.test>")


def test_no_process_for_one_more_connection(start_sluice):
    """Ours hold them all, and one waits for its greeting: they are given back, and that is said."""
    postfix = Postfix()
    master = postfix.directory / "etc/master.cf"
    lines = master.read_text().splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.startswith(f"127.0.0.1:{postfix.private_port} "):
            service, kind, private, unprivileged, chroot, wakeup, _, *command = line.split()
            lines[number] = " ".join([service, kind, private, unprivileged, chroot, wakeup, "1", *command]) + "\n"
    master.write_text("".join(lines))
    with postfix:
        sluice = start_sluice(postfix.private_port, config={"relay": {"pool": {"connections_min": 2}}})
        began = time.monotonic()
        late = sluice.wait_record("mta_greeting_late", timeout=20)
        assert "no greeting within 5 s" in late["why"]
        token = new_token()
        with sluice.connect(source="127.0.93.1") as client:
            client.greet()
            client.envelope()
            assert client.content(message(token)).code == 250
        assert time.monotonic() - began < 15 * PATIENCE
        postfix.wait_message(token)
