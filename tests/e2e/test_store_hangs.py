"""A store process that hangs does not stay behind: when it is to make room it is killed after ten seconds, whatever comes next."""

import contextlib
import os
import select
import signal

import pytest

from harness.operator import REMEMBERS, Operator
from harness.waiting import wait_until


@pytest.fixture
def sluice(start_sluice, postfix):
    return start_sluice(postfix.private_port, config=REMEMBERS)


@contextlib.contextmanager
def hanging(pid):
    """Stops a process; yields a descriptor of it, which can be read once it has ended: nothing but SIGKILL ends it."""
    process = os.pidfd_open(pid)
    signal.pidfd_send_signal(process, signal.SIGSTOP)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, signal.SIGCONT)
        os.close(process)


@pytest.fixture
def victim(sluice):
    sluice.wait_record("store_started")
    with hanging(wait_until(sluice.store_pid, "a store process")) as process:
        yield process


def has_ended(process):
    return bool(select.select([process], [], [], 0)[0])


def test_one_that_is_replaced(sluice, victim):
    sluice.reload({"state": {"commit_ms": 91}})
    wait_until(lambda: has_ended(victim), "the old store to be killed", timeout=20)
    sluice.wait_records("store_started", 2)
    assert Operator(sluice)("acts") == ""


def test_one_that_is_done_away_with_before_another_begins(sluice, victim):
    """The seat of the old one stays, and its clock with it, when the second reload makes a new one."""
    sluice.reload({"store": "off"})
    sluice.reload({"store": "local"})
    wait_until(lambda: has_ended(victim), "the old store to be killed", timeout=20)


def test_the_end_of_sluice_waits_for_it(sluice, victim):
    """In a container the end of the supervisor is the end of all, and of stores that still write."""
    sluice.reload({"store": "off"})
    sluice.reload({"store": "local"})
    sluice.stop()
    assert has_ended(victim)
