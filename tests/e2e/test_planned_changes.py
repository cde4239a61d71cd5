"""Planned changes are not faults: a reload and an upgrade log no trouble with the memory, count none, and lose nothing of it.

Whatever becomes of the store process: it stays, another takes over, it is new, or it is done away with.
"""

import contextlib
import os
import shutil
import signal

import pytest

from harness.client import answer_to_recipient
from harness.operator import REMEMBERS, Operator
from harness.redis import Redis
from harness.sluice import BINARY
from harness.visitors import Visitors
from harness.waiting import PATIENCE, wait_until

TROUBLE = ("store_down", "store_slow", "store_up", "store_died", "store_broke", "store_unavailable", "acts_not_read")
NETWORK = "127.0.170.0/24"
BLOCKED = "127.0.170.1"


def visitors_of(sluice):
    """Clients that ask the memory when they come, and tell it something when they go."""

    def visit(source):
        with sluice.connect(source=source) as client:
            client.greet()
            client.quit()

    return Visitors("127.0.171", visit, pause_s=0.005)


def counted(operator):
    """Returns what the counters know of trouble with the memory."""
    series = operator.metrics()
    assert series["sluice_store_questions_total"] > 0, "it is used"
    return {name: number for name, number in series.items() if number and name.startswith("sluice_store_") and "questions" not in name}


def no_trouble(sluice):
    return [record for event in TROUBLE for record in sluice.records_after_stop(event)]


def test_reloads_that_change_the_store_process(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config={**REMEMBERS, "workers": 2})
    operator = Operator(sluice)
    operator("block", NETWORK)
    with sluice.connect(source="127.0.172.1") as early, visitors_of(sluice) as visitors:
        early.greet()
        for number in range(6):
            visitors.wait_more()
            sluice.reload({"state": {"commit_ms": 90 + number}} if number % 2 else {"limits": {"sessions_max": 100 + number}})
            assert answer_to_recipient(sluice, BLOCKED) == 550, "nothing that was known is unknown for a moment"
        visitors.wait_more()
        sluice.wait_records("store_started", 4)
        early.expect(250, "NOOP")
        early.quit()
    assert visitors.faults == []
    assert counted(operator) == {}
    assert no_trouble(sluice) == []


def test_a_memory_that_comes_and_goes(start_sluice, postfix):
    """It is switched on, off and on again, with sessions that outlive each change."""
    sluice = start_sluice(postfix.private_port, config={**REMEMBERS, "store": "off"})
    with contextlib.ExitStack() as stack, visitors_of(sluice) as visitors:
        for where in ("local", "off", "local"):
            stack.enter_context(sluice.connect(source="127.0.172.2")).greet()
            sluice.reload({"store": where})
            visitors.wait_more()
        operator = Operator(sluice)
        operator("block", NETWORK)
        wait_until(lambda: answer_to_recipient(sluice, BLOCKED) == 550, "the act to be known")
    assert visitors.faults == []
    assert not [name for name in counted(operator) if "troubles" in name]
    assert no_trouble(sluice) == []


def test_a_memory_that_moves_into_redis(start_sluice, postfix):
    with Redis() as redis:
        sluice = start_sluice(postfix.private_port, config=REMEMBERS)
        with visitors_of(sluice) as visitors:
            for where in (redis.url(), "local", redis.url()):
                visitors.wait_more()
                sluice.reload({"store": where})
            Operator(sluice)("block", NETWORK)
            wait_until(lambda: answer_to_recipient(sluice, BLOCKED) == 550, "the act to be known")
        assert visitors.faults == []
        assert counted(Operator(sluice)) == {}
        assert no_trouble(sluice) == []


@pytest.mark.parametrize("before", ["local", "off"])
def test_upgrades(before, start_sluice, postfix, tmp_path):
    binary = tmp_path / "sluice"
    shutil.copy(BINARY, binary)
    sluice = start_sluice(postfix.private_port, command=[binary], config={**REMEMBERS, "store": before, "workers": 2})
    operator = Operator(sluice)
    if before == "local":
        operator("block", NETWORK)
    sluice.write_config({"store": "local"})
    successors = []
    try:
        with visitors_of(sluice) as visitors:
            for times in (1, 2):
                with sluice.connect(source="127.0.172.3") as early:
                    early.greet()
                    visitors.wait_more()
                    assert sluice.ask("upgrade").returncode == 0
                    successors.append(sluice.wait_records("upgraded", times)[times - 1]["pid"])
                    if before == "local":
                        assert answer_to_recipient(sluice, BLOCKED) == 550
                    visitors.wait_more()
                    early.expect(250, "NOOP")
                    early.quit()
        assert visitors.faults == []
        assert counted(operator) == {}
    finally:
        if successors:
            os.kill(successors[-1], signal.SIGTERM)
        assert sluice.process.wait(40 * PATIENCE) == 0
    wait_until(lambda: not os.path.exists(f"/proc/{successors[-1]}"), "the last of them to end")
    assert no_trouble(sluice) == []
