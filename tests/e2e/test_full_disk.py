"""The disk that the log is on fills up: mail goes on, no line is cut, and what is lost is counted."""

import pytest

from harness import small_disk
from harness.client import Client, send_mail
from harness.mail import message, new_token
from harness.operator import Operator
from harness.small_disk import SmallDisk

pytestmark = pytest.mark.skipif(not small_disk.possible(), reason="no file system may be mounted")

LOST = "sluice_log_lines_lost_total"


@pytest.fixture
def on_a_small_disk(start_sluice, postfix, tmp_path):
    """A Sluice whose log is alone on a disk of so many octets, with that disk."""
    with SmallDisk(tmp_path / "disk", octets=24_000_000) as disk:

        def start(**config):
            directory = tmp_path / "sluice"
            directory.mkdir()
            (directory / "log").symlink_to(disk.directory / "log")
            return start_sluice(postfix.private_port, directory=directory, config=config), disk

        yield start


def deliver(sluice, postfix, source):
    token = new_token()
    assert send_mail(sluice.port, message(token), source=source).code == 250
    postfix.wait_message(token)


def test_a_delivered_mail_has_its_line_when_there_is_room_again(on_a_small_disk, postfix):
    """Two workers share the file, while the last free octets of it take the beginning of a line."""
    sluice, disk = on_a_small_disk(workers=2)
    deliver(sluice, postfix, "127.0.152.1")
    sluice.wait_record("session", client="127.0.152.1")
    disk.fill()
    clients = [f"127.0.152.{n}" for n in range(10, 34)]
    for client in clients:
        deliver(sluice, postfix, client)
    sluice.process.send_signal(10)  # SIGUSR1: opened anew, it is as full as before
    for client in clients:
        deliver(sluice, postfix, client)
    disk.make_room()
    for client in clients:
        sluice.wait_records("transaction", 2, client=client, outcome="delivered")
        sluice.wait_records("session", 2, client=client, outcome="quit")
    assert sluice.wait_record("log_resumed")["why"] == "No space left on device"
    assert Operator(sluice).metrics()[LOST] == 0
    # And stop() insists that every line is one of JSON.
    assert not sluice.records_after_stop("log_lines_dropped")


def test_lines_that_no_buffer_holds_are_counted(on_a_small_disk, postfix):
    """None is missing that is not counted: in the log, where they are missing, and as a metric."""
    sluice, disk = on_a_small_disk()
    deliver(sluice, postfix, "127.0.152.1")
    disk.fill()
    transactions = sessions = 1
    while transactions < 16_000:  # a line of them is 700 octets and more, the buffer 4 MiB, as much again is on its way
        with Client(sluice.port, source="127.0.152.2") as client:
            client.greet("h" * 200 + ".example.org")
            client.send((b"MAIL FROM:<" + b"x" * 200 + b"@example.org>\r\nRSET\r\n") * 90)
            client.read_replies(180)
            transactions, sessions = transactions + 90, sessions + 1
            client.quit()
    deliver(sluice, postfix, "127.0.152.3")
    disk.make_room()
    sluice.wait_record("log_lines_dropped", timeout=30)
    deliver(sluice, postfix, "127.0.152.4")
    sluice.wait_record("session", client="127.0.152.4", timeout=30)
    lost = Operator(sluice).metrics()[LOST]
    assert lost > 0
    assert sum(r["lines"] for r in sluice.records_after_stop("log_lines_dropped")) == lost
    written = len(sluice.records_after_stop("transaction")) + len(sluice.records_after_stop("session"))
    assert written + lost == transactions + 2 + sessions + 2
