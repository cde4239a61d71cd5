"""When there is too much to do: suspects are turned away first, then strangers, and those who are known never."""

import contextlib
import time

import pytest

from harness.waiting import wait_until

KNOWN, STRANGER, SUSPECT = "127.0.135.1", "127.0.136.1", "127.0.137.1"
POLICY = {
    "networks": {"fast": [f"{KNOWN}/32"]},
    "default_lane": "fast",
    "overload": {"sessions_percent": 40},
}


@pytest.fixture
def small(start_sluice, postfix):
    """It has room for twenty sessions."""

    def start(**policy):
        networks = POLICY["networks"] | {"slow": [f"{SUSPECT}/32"]}
        config = {"limits": {"sessions_max": 20}, "policy": POLICY | {"networks": networks} | policy}
        return start_sluice(postfix.private_port, config=config)

    return start


@contextlib.contextmanager
def held(sluice, count):
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(sluice.connect(source=KNOWN)).expect(220)
        time.sleep(0.2)  # whoever comes now is judged by all of them: it looks again after a tenth of a second
        yield


def greeting(sluice, source):
    with sluice.connect(source=source) as client:
        return client.read_reply().code


@pytest.mark.parametrize("sessions, suspect, stranger", [(3, 220, 220), (9, 421, 220), (18, 421, 421)])
def test_who_is_let_in(small, sessions, suspect, stranger):
    sluice = small()
    with held(sluice, sessions):
        assert greeting(sluice, SUSPECT) == suspect
        assert greeting(sluice, STRANGER) == stranger
        assert greeting(sluice, KNOWN) == 220
    if suspect == 421:
        record = sluice.wait_record("session", client=SUSPECT)
        assert record["outcome"] == "refused"
        assert [s["signal"] for s in record["signals"] if s["signal"] == "overload"]
        assert sluice.wait_record("pressure")
    wait_until(lambda: greeting(sluice, SUSPECT) == 220, "it to be over")


def test_observing_turns_nobody_away(small):
    sluice = small(mode="observe")
    with held(sluice, 18):
        assert greeting(sluice, SUSPECT) == 220
