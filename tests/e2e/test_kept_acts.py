"""A client that the operator has blocked stays blocked, whatever becomes of the Redis that several machines share.

It is killed and comes back empty, or is away when Sluice starts; meanwhile operators act, on the one machine or the other.
"""

import os
import signal
import time

import pytest

from harness.client import answer_to_recipient
from harness.operator import REMEMBERS, Operator
from harness.redis import Redis
from harness.waiting import PATIENCE, wait_until

CLIENT, NETWORK = "127.0.160.1", "127.0.160.0/24"
OTHER, OTHER_NETWORK = "127.0.161.1", "127.0.161.0/24"


@pytest.fixture
def redis():
    with Redis() as server:
        yield server


@pytest.fixture
def start_machine(redis, start_sluice, postfix):
    def start():
        return start_sluice(postfix.private_port, config={**REMEMBERS, "store": redis.url()})

    return start


def wait_answer(sluice, source, code, why):
    wait_until(lambda: answer_to_recipient(sluice, source) == code, why)


def blocks(*sluices):
    """An operator on the first of them blocks NETWORK, and all know it."""
    Operator(sluices[0])("block", NETWORK, "--why", "spam all night")
    for sluice in sluices:
        wait_answer(sluice, CLIENT, 550, "the act to be known")


def stays_blocked(sluice, seconds):
    """At every moment."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert answer_to_recipient(sluice, CLIENT) == 550
        time.sleep(0.1)  # for some of its looks at Redis


def act_in(redis):
    return [key for key in redis.keys() if key == f"sluice:act/{NETWORK}"]


def test_a_redis_that_comes_back_empty(redis, start_machine):
    here, there = start_machine(), start_machine()
    blocks(here, there)
    redis.kill()
    stays_blocked(here, 1)
    redis.start()
    assert redis.keys("*act/*") == [] or act_in(redis), "it has kept nothing itself"
    wait_until(lambda: act_in(redis), "the act to be put back")
    for sluice in (here, there):
        stays_blocked(sluice, 1)
        assert NETWORK in Operator(sluice)("acts")
    wait_until(lambda: "acts_put_back" in here.log_text() + there.log_text(), "one of them to say so")
    assert not here.records_after_stop("act_ended") and not there.records_after_stop("act_ended")


def test_a_redis_that_is_emptied_while_we_are_connected(redis, start_machine):
    here = start_machine()
    blocks(here)
    redis.cli("FLUSHALL")
    stays_blocked(here, 1)
    wait_until(lambda: act_in(redis), "the act to be put back")
    here.wait_record("acts_put_back")


def test_a_redis_that_is_away_at_the_start(redis, start_machine):
    sluice = start_machine()
    blocks(sluice)
    sluice.stop()
    redis.kill()
    sluice.start()
    assert answer_to_recipient(sluice, CLIENT) == 550, "the first who comes is judged by the act that it keeps"
    assert "1 acts that it keeps" in sluice.wait_record("acts_not_read", worker=None)["why"]
    stays_blocked(sluice, 1)
    redis.start()  # empty, at that
    sluice.wait_record("acts_read", timeout=20)
    wait_until(lambda: act_in(redis), "the act to be put back")
    stays_blocked(sluice, 1)
    assert len(sluice.records_after_stop("acts_not_read")) == 1, "told once"


def test_a_store_process_that_dies_while_redis_is_away(redis, start_machine):
    sluice = start_machine()
    blocks(sluice)
    redis.kill()
    os.kill(sluice.store_pid(), signal.SIGKILL)
    sluice.wait_records("store_started", 2)
    stays_blocked(sluice, 1)
    assert answer_to_recipient(sluice, OTHER) == 250


def test_what_is_said_while_redis_is_away(redis, start_machine):
    """It holds here at once, and the command says that others have not heard of it; they do when Redis is back."""
    here, there = start_machine(), start_machine()
    blocks(here, there)
    redis.kill()
    here.wait_record("store_down", worker=None)
    for words in (["forget", NETWORK], ["block", OTHER_NETWORK]):
        done = Operator(here).command(*words)
        assert done.returncode == 1 and done.stdout == "", done
        assert "in force on this machine all the same" in done.stderr, done.stderr
    wait_answer(here, CLIENT, 250, "the network to be forgotten here")
    wait_answer(here, OTHER, 550, "the other one to be blocked here")
    stays_blocked(there, 0.5)
    here.stop()  # it has it on its disk
    redis.start()
    wait_until(lambda: act_in(redis), "the other machine to put back what it knows")
    here.start()
    for sluice in (here, there):
        wait_answer(sluice, CLIENT, 250, "what was said last to hold")
        wait_answer(sluice, OTHER, 550, "what was said last to hold")
    Operator(there)("forget", OTHER_NETWORK)
    for sluice in (here, there):
        wait_answer(sluice, OTHER, 250, "it to be forgotten")
        assert Operator(sluice)("acts") == ""
        assert "act/" not in Operator(sluice)("state", "dump")


def test_an_act_that_ends_is_not_put_back(redis, start_machine):
    here, there = start_machine(), start_machine()
    Operator(here)("block", NETWORK, "--for", f"{round(3 * PATIENCE)}s")
    wait_answer(there, CLIENT, 550, "the act to be known")
    for sluice in (here, there):
        sluice.wait_record("act_ended", timeout=20)
    time.sleep(2.0)  # for some looks at Redis
    assert act_in(redis) == []
    for sluice in (here, there):
        assert answer_to_recipient(sluice, CLIENT) == 250
        assert Operator(sluice)("acts") == ""
