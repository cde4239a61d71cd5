"""A command that says it is done is done: a full disk, a crash, and what was said to be done is still there.

What cannot be written down is said to be so, with the reason and an exit code that is not 0.
"""

import json
import os
import signal

import pytest

from harness import small_disk
from harness.client import answer_to_recipient
from harness.operator import REMEMBERS, Operator
from harness.waiting import wait_until

pytestmark = pytest.mark.skipif(not small_disk.possible(), reason="a tmpfs cannot be mounted here")

DONE, NOT_DONE = "127.0.150.0/24", "127.0.151.0/24"
CLIENT, STRANGER = "127.0.150.1", "127.0.151.1"


@pytest.fixture
def disk(tmp_path):
    with small_disk.SmallDisk(tmp_path / "disk") as mounted:
        yield mounted


@pytest.fixture
def sluice(disk, start_sluice, postfix):
    """Its memory is on the small disk; its log is not."""
    config = {**REMEMBERS, "state_dir": str(disk.directory / "state")}
    sluice = start_sluice(postfix.private_port, config=config)
    sluice.wait_record("store_started")
    return sluice


@pytest.fixture
def operator(sluice):
    return Operator(sluice)


def crash(sluice):
    """All of its processes at once, with no time to write anything."""
    for pid in (sluice.process.pid, sluice.store_pid(), *sluice.worker_pids()):
        os.kill(pid, signal.SIGKILL)
    sluice.process.wait()


def restart(sluice, times=2):
    """Until its store has started, for the `times`-th time."""
    sluice.start()
    sluice.wait_records("store_started", times)


def cannot(operator, *words, stdin=None):
    """The reason that the command gives for not having done it."""
    done = operator.command(*words, stdin=stdin)
    assert done.returncode == 1, done
    assert done.stdout == "", "it does not look as if it were done"
    assert "No space left on device" in done.stderr, done.stderr
    return done.stderr


def test_what_is_blocked_stays_blocked_after_a_crash_on_a_full_disk(disk, sluice, operator):
    operator("block", DONE, "--why", "spam all night")
    disk.fill()
    why = cannot(operator, "block", NOT_DONE)
    assert "in force for now" in why
    wait_until(lambda: answer_to_recipient(sluice, STRANGER) == 550, "it to be in force all the same")
    crash(sluice)
    restart(sluice)
    assert [line.split()[0] for line in operator("acts").splitlines()] == [DONE]
    wait_until(lambda: answer_to_recipient(sluice, CLIENT) == 550, "the act to be known")
    assert answer_to_recipient(sluice, STRANGER) == 250


def test_what_is_forgotten_stays_forgotten(disk, sluice, operator):
    operator("block", DONE)
    operator("block", NOT_DONE)
    operator("forget", DONE)
    disk.fill()
    cannot(operator, "forget", NOT_DONE)
    cannot(operator, "forget", NOT_DONE)  # not there any more, and not written down either
    crash(sluice)
    restart(sluice)
    assert [line.split()[0] for line in operator("acts").splitlines()] == [NOT_DONE]
    disk.make_room()
    operator("forget", NOT_DONE)
    crash(sluice)
    restart(sluice, 3)
    assert operator("acts") == ""


def record(key):
    return json.dumps({"key": key, "kind": "value", "value": "250 2.1.5 Ok", "left_s": 3600})


def test_every_command_that_changes_something_says_when_it_cannot(disk, sluice, operator):
    operator.weigh("reputation/127.0.150.1", bad=9)
    kept = ["recipient/a@example.test", "recipient/b@example.test", "greylist/127.0.150.0/example.org"]
    operator("state", "load", stdin="\n".join(map(record, kept)))
    disk.fill()
    cannot(operator, "allow", NOT_DONE, "--for", "1h")
    cannot(operator, "cache", "purge", "a@example.test")
    cannot(operator, "cache", "purge")
    cannot(operator, "cache", "purge")
    cannot(operator, "greylist", "forget", "127.0.150.0")
    cannot(operator, "reputation", "reset", "127.0.150.1")
    why = cannot(operator, "state", "load", stdin="\n".join(record(f"recipient/r{n}@x.test") for n in range(200)))
    assert "0 records were loaded before" in why
    assert operator("acts") and operator("greylist", "list"), "looking needs no disk"
    crash(sluice)
    restart(sluice)
    dump = operator("state", "dump")
    assert [key for key in [*kept, "reputation/127.0.150.1"] if f'"{key}"' not in dump] == []
    assert "r1@x.test" not in dump and operator("acts") == ""


def test_what_could_not_be_written_is_when_there_is_room(disk, sluice, operator):
    disk.fill()
    cannot(operator, "block", NOT_DONE)
    assert "No space left" in sluice.wait_record("store_write_failed")["why"]
    disk.make_room()
    operator("block", DONE)
    assert sluice.wait_record("store_written_again")
    crash(sluice)
    restart(sluice)
    assert [line.split()[0] for line in operator("acts").splitlines()] == [DONE, NOT_DONE]
